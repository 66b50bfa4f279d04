import { beforeAll, describe, expect, test } from 'bun:test'
import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expectValid, many } from '../../support/model-session.ts'
import { done, edit, reviewing, write } from '../../support/reviewing.ts'
import { type Scripted, startScripted } from '../../support/scripted.ts'

let scripted: Scripted
beforeAll(async () => {
  scripted = await startScripted({ config: '[permissions]\ndeny = ["edit_file(locked/**)"]\n' })
})

describe('one review of all edits of a turn', () => {
  test('nothing is written before it, and one approval writes all of it', async () => {
    const { stream, asked, approve, file, get, post, told } = await reviewing(scripted)
    const review = await asked(
      many(
        ['edit_file', { path: 'a.txt', old: 'two', new: '2' }],
        ['write_file', { path: 'lib/c.txt', content: 'c\n' }],
      ),
      edit('a.txt', '2\nthree', '2\n3'),
      done,
    )
    expect(review).toMatchObject({
      tool: 'review_edits',
      category: 'filesystem',
      reason: 'Write what was proposed: 2 files',
      locations: [{ path: 'a.txt' }, { path: 'lib/c.txt' }],
    })
    expect(review.remember).toBeUndefined()
    expect(review.danger).toBeUndefined()
    expect(review.preview.files.map(({ path, diff }: any) => [path, diff.match(/^[+-][^+-].*/gm)])).toEqual([
      ['a.txt', ['-two', '-three', '+2', '+3']],
      ['lib/c.txt', ['+c']],
    ])
    const calls = stream.stored.filter(event => event.type === 'tool.call') as any[]
    expect(review.params).toEqual({ calls: calls.slice(0, 3).map(each => each.tool_call_id) })
    expect([file('a.txt'), file('lib/c.txt')]).toEqual(['one\ntwo\nthree\n', null])
    expect((await get()).pending_approvals).toEqual([review])

    expect((await approve(review, { preview_hash: review.preview.hash })).status).toBe(200)
    await stream.idle()
    expect([file('a.txt'), file('lib/c.txt')]).toEqual(['one\n2\n3\n', 'c\n'])
    const proposed = 'tool.call tool_execution tool.result'
    expect(stream.types().replace(/^.*?prompt/, 'prompt')).toBe(
      [
        'prompt thinking tool.draft message',
        proposed,
        proposed,
        'thinking tool.draft message',
        proposed,
        'thinking message.delta message',
        'tool.call waiting_approval approval tool_execution tool.result file.changed file.changed turn.end idle',
      ].join(' '),
    )
    const results = stream.stored.filter(event => event.type === 'tool.result') as any[]
    expect(results.map(({ status, result }) => [status, result.metadata.proposed ?? null])).toEqual([
      ['success', true],
      ['success', true],
      ['success', true],
      ['success', null],
    ])
    expect(results[3].result.content).toBe('Written: a.txt, lib/c.txt.')
    const changed = stream.stored.filter(event => event.type === 'file.changed') as any[]
    expect(changed.map(({ tool_call_id, path, operation, change }) => [tool_call_id, path, operation, change])).toEqual(
      [
        [review.tool_call_id, 'a.txt', 'edit', 'modified'],
        [review.tool_call_id, 'lib/c.txt', 'write', 'created'],
      ],
    )

    // The next request reports the outcome, and undo reverts it as one step.
    scripted.says(done)
    await post('prompt', { text: 'and now?', wait: true })
    expectValid(told())
    expect(told().at(-1).content).toContain('The review of the edits that you proposed: Written: a.txt, lib/c.txt.')
    expect((await post('undo', { tool_call_id: review.tool_call_id })).body.restored).toEqual([
      { path: 'a.txt', change: 'modified' },
      { path: 'lib/c.txt', change: 'deleted' },
    ])
    expect([file('a.txt'), file('lib/c.txt')]).toEqual(['one\ntwo\nthree\n', null])
  })

  test('reads, searches and further edits of the turn see what is proposed', async () => {
    const { stream, asked, reject, resultOf } = await reviewing(scripted)
    const review = await asked(
      many(
        ['edit_file', { path: 'a.txt', old: 'two', new: 'zwei' }],
        ['write_file', { path: 'sub/new.txt', content: 'zwei\n' }],
        ['read_file', { path: 'a.txt' }],
        ['read_file', { path: 'sub/new.txt' }],
        ['grep', { pattern: 'two|zwei' }],
        ['grep', { pattern: 'zwei', path: 'sub' }],
        ['search_files', { pattern: '**/new.txt' }],
        ['list_directory', {}],
        ['list_directory', { path: 'sub' }],
        ['write_file', { path: 'sub/new.txt', content: 'drei\n' }],
        ['edit_file', { path: 'sub/new.txt', old: 'drei', new: 'vier' }],
      ),
      done,
      done,
    )
    const { tool_calls } = stream.stored.find(event => event.type === 'message') as any
    const said = await Promise.all(tool_calls.map(async (each: any) => (await resultOf(each)).result.content))
    expect(said.slice(2, 4)).toEqual(['1\tone\n2\tzwei\n3\tthree', '1\tzwei'])
    expect(said[4]).toContain('a.txt\n2:zwei')
    expect(said[4]).toContain('sub/new.txt\n1:zwei')
    expect(said[4]).not.toContain('two')
    expect(said[5]).toContain('sub/new.txt')
    expect(said[6]).toContain('sub/new.txt')
    expect(said[7]).toMatch(/sub.*directory/)
    expect(said[8]).toMatch(/new\.txt.*file.*5/)
    expect(review.preview.files[1].diff).toContain('+vier')
    await reject(review)
    await stream.idle()
  })

  test('a rejection writes nothing; its reason is sent to the model, and the turn continues', async () => {
    const { stream, asked, reject, file, told } = await reviewing(scripted)
    const review = await asked(edit('a.txt', 'two', '2'), write('c.txt', 'c\n'), done, { text: 'Sorry.' })
    await reject(review, { reason: 'keep it as it is' })
    await stream.idle()
    expect([file('a.txt'), file('c.txt')]).toEqual(['one\ntwo\nthree\n', null])
    expectValid(told())
    expect(told().at(-1).content).toContain('keep it as it is')
    expect(told().at(-1).content).toContain('None of them was written.')
    expect(stream.stored.filter(event => event.type === 'file.changed')).toEqual([])
    expect((stream.stored.findLast(event => event.type === 'message') as any).content).toBe('Sorry.')
    expect(stream.stored.at(-1)).toMatchObject({ type: 'turn.end', outcome: 'completed' })
  })

  test('a call that needs the disk waits for the review; edits after it have a review of their own', async () => {
    const { stream, asked, askedAfter, approve, file, resultOf } = await reviewing(scripted, undefined, {
      auto_approve_tools: ['shell_exec'],
    })
    const first = await asked(
      many(
        ['edit_file', { path: 'a.txt', old: 'two', new: '2' }],
        ['shell_exec', { command: 'cat a.txt' }],
        ['write_file', { path: 'c.txt', content: 'c\n' }],
      ),
      done,
    )
    expect(first.preview.files.map((each: any) => each.path)).toEqual(['a.txt'])
    await approve(first)
    const second = await askedAfter(first)
    expect(second.preview.files.map((each: any) => each.path)).toEqual(['c.txt'])
    const shell = stream.stored.find(event => event.type === 'tool.call' && event.tool === 'shell_exec')
    expect((await resultOf(shell)).result.content).toContain('one\n2\nthree')
    expectValid(scripted.model.requests.at(-1)!.body.messages)
    await approve(second)
    await stream.idle()
    expect(file('c.txt')).toBe('c\n')
  })

  test('new directories wait for the review as well, and are listed', async () => {
    const { stream, project, asked, approve, resultOf, post } = await reviewing(scripted)
    const review = await asked(
      many(
        ['create_directory', { path: 'lib/deep' }],
        ['write_file', { path: 'lib/x.txt', content: 'x\n' }],
        ['create_directory', { path: 'empty' }],
        ['list_directory', { depth: 2 }],
        ['write_file', { path: 'empty', content: 'a file\n' }],
      ),
      done,
    )
    expect(review.reason).toBe('Write what was proposed: 1 file, 2 directories')
    expect(review.preview.files.map(({ path, diff }: any) => [path, diff.includes('New directory')])).toEqual([
      ['lib/deep', true],
      ['lib/x.txt', false],
      ['empty', true],
    ])
    const { tool_calls } = stream.stored.find(event => event.type === 'message') as any
    const listed = (await resultOf(tool_calls[3])).result.content
    for (const name of ['lib', 'lib/deep', 'empty']) expect(listed).toContain(`${name},directory`)
    expect((await resultOf(tool_calls[4])).error.message).toContain('empty is a directory')
    expect(existsSync(join(project, 'empty'))).toBe(false)
    await approve(review, { files: [{ path: 'empty' }] })
    await stream.idle()
    expect([existsSync(join(project, 'lib/deep')), existsSync(join(project, 'empty'))]).toEqual([true, false])
    const changed = stream.stored.filter(event => event.type === 'file.changed') as any[]
    expect(changed.map(({ path }) => path)).toEqual(['lib/x.txt'])
    await post('undo')
    expect(existsSync(join(project, 'lib'))).toBe(false)
  })

  test('a file and a directory of one name are not both proposed', async () => {
    const { stream, asked, approve, file } = await reviewing(scripted)
    const review = await asked(
      many(
        ['write_file', { path: 'lib', content: 'a file\n' }],
        ['write_file', { path: 'lib/x.txt', content: 'x\n' }],
        ['write_file', { path: 'deep/y.txt', content: 'y\n' }],
        ['write_file', { path: 'deep', content: 'a file\n' }],
      ),
      done,
    )
    const results = stream.stored.filter(event => event.type === 'tool.result') as any[]
    expect(results.map(({ message }) => message.split('.')[0])).toEqual([
      'Proposed: lib (1 line)',
      'lib is a file by what was proposed',
      expect.stringContaining('Proposed: deep/y'),
      'deep is a directory by what was proposed',
    ])
    await approve(review)
    await stream.idle()
    expect([file('lib'), file('deep/y.txt')]).toEqual(['a file\n', 'y\n'])
  })

  test('edits that cancel each other out need no approval', async () => {
    const { stream, file, post } = await reviewing(scripted)
    scripted.says(edit('a.txt', 'two', '2'), edit('a.txt', '2', 'two'), done)
    expect((await post('prompt', { text: 'go', wait: true })).body.status).toBe('success')
    const [review] = (stream.stored.filter(event => event.type === 'tool.call') as any[]).slice(-1)
    expect(review).toMatchObject({ tool: 'review_edits', requires_approval: false })
    expect(file('a.txt')).toBe('one\ntwo\nthree\n')
  })
})

describe('in part', () => {
  const proposing = async () => {
    const session = await reviewing(scripted, { 'a.txt': 'one\ntwo\n', 'b.txt': 'keep\n' })
    const review = await session.asked(
      many(
        ['edit_file', { path: 'a.txt', old: 'one', new: '1' }],
        ['edit_file', { path: 'b.txt', old: 'keep', new: 'lose' }],
        ['write_file', { path: 'c.txt', content: 'c\n' }],
      ),
      done,
    )
    return { ...session, review }
  }

  test('refused files and hunks stay as they are, and the next request lists them', async () => {
    const { review, approve, stream, file, post, told } = await proposing()
    const files = [{ path: 'b.txt' }, { path: 'c.txt', content: 'C\n' }]
    expect((await approve(review, { preview_hash: review.preview.hash, files })).status).toBe(200)
    await stream.idle()
    expect([file('a.txt'), file('b.txt'), file('c.txt')]).toEqual(['1\ntwo\n', 'keep\n', 'C\n'])
    expect((await stream.next('approval')).data).toMatchObject({ decision: 'approved', by: 'user', edited: true })
    scripted.says(done)
    await post('prompt', { text: 'and now?', wait: true })
    expect(told().at(-1).content).toContain('Refused, and left as it is: b.txt.')
    expect(told().at(-1).content).toContain('+C')
    expect(told().at(-1).content).toContain('Written: a.txt, c.txt.')
  })

  test.each([
    ['a file that is none of it', { files: [{ path: 'x.txt', content: 'x' }] }],
    ['nothing left', { files: ['a.txt', 'b.txt', 'c.txt'].map(path => ({ path })) }],
    ['content for several files', { content: 'x' }],
    ['content and files', { content: 'x', files: [] }],
    ['other params', { params: { calls: [] } }],
    ['remember', { remember: 'session' }],
    ['files of the wrong type', { files: 'a.txt' }],
  ])('%s: 400, and it still waits', async (_, body) => {
    const { review, approve, reject, stream, get } = await proposing()
    expect(await approve(review, body)).toMatchObject({ status: 400, body: { error: { code: 'INVALID_REQUEST' } } })
    expect((await get()).pending_approvals).toEqual([review])
    scripted.says(done)
    await reject(review)
    await stream.idle()
  })

  test('`files` is refused for a call that is not a review', async () => {
    const { asked, approve, reject, stream, post } = await reviewing(scripted, undefined, { review_edits: false })
    const waiting = await asked(write('c.txt', 'c'), done)
    expect(waiting.tool).toBe('write_file')
    const body = { files: [{ path: 'c.txt', content: 'd' }] }
    expect((await approve(waiting, body)).body.error.code).toBe('INVALID_REQUEST')
    await reject(waiting)
    await stream.idle()
    expect((await post('undo')).status).toBe(409)
  })
})

describe('a file that changed while the review waits', () => {
  test('in other lines: the preview is renewed, and both changes are kept', async () => {
    const { project, asked, askedAfter, approve, stream, file, post, told } = await reviewing(scripted)
    const review = await asked(edit('a.txt', 'three', '3'), write('c.txt', 'c\n'), done)
    writeFileSync(join(project, 'a.txt'), 'zero\none\ntwo\nthree\n')
    const stale = await approve(review, { preview_hash: review.preview.hash })
    expect(stale).toMatchObject({ status: 409, body: { error: { code: 'STALE_PREVIEW' } } })
    expect([file('a.txt'), file('c.txt')]).toEqual(['zero\none\ntwo\nthree\n', null])
    const fresh = await askedAfter(review)
    expect(fresh.tool_call_id).toBe(review.tool_call_id)
    expect((await approve(fresh, { preview_hash: fresh.preview.hash })).status).toBe(200)
    await stream.idle()
    expect([file('a.txt'), file('c.txt')]).toEqual(['zero\none\ntwo\n3\n', 'c\n'])
    scripted.says(done)
    await post('prompt', { text: 'and now?', wait: true })
    expect(told().at(-1).content).toContain('read them again: a.txt')
  })

  test('in the same lines, or deleted: it is left out, and the reason names it', async () => {
    const { project, asked, askedAfter, approve, stream, file, resultOf } = await reviewing(scripted)
    const review = await asked(
      many(
        ['edit_file', { path: 'a.txt', old: 'two', new: '2' }],
        ['edit_file', { path: 'b.txt', old: 'keep', new: 'lose' }],
        ['write_file', { path: 'c.txt', content: 'c\n' }],
      ),
      done,
    )
    writeFileSync(join(project, 'a.txt'), 'one\nTWO\nthree\n')
    rmSync(join(project, 'b.txt'))
    expect((await approve(review)).status).toBe(409)
    const fresh = await askedAfter(review)
    expect(fresh.preview.files.map((each: any) => each.path)).toEqual(['c.txt'])
    expect(fresh.reason).toContain('a.txt (somebody else changed the same lines meanwhile)')
    expect(fresh.reason).toContain('b.txt (it was deleted meanwhile)')
    await approve(fresh)
    await stream.idle()
    expect([file('a.txt'), file('b.txt'), file('c.txt')]).toEqual(['one\nTWO\nthree\n', null, 'c\n'])
    expect((await resultOf(review)).result.content).toContain('Not written: a.txt')
  })

  test('no edit applies any more: the review can only be rejected', async () => {
    const { project, asked, approve, reject, stream, file } = await reviewing(scripted)
    const review = await asked(edit('a.txt', 'two', '2'), done, done)
    writeFileSync(join(project, 'a.txt'), 'other\n')
    expect(await approve(review)).toMatchObject({ status: 409, body: { error: { code: 'STALE_PREVIEW' } } })
    await reject(review)
    await stream.idle()
    expect(file('a.txt')).toBe('other\n')
  })
})
