import { beforeAll, describe, expect, test } from 'bun:test'
import { join } from 'node:path'
import { Backend } from '../../support/backend.ts'
import { chat } from '../../support/model-replies.ts'
import { gate } from '../../support/model-server.ts'
import { expectValid, many } from '../../support/model-session.ts'
import { done, edit, following, reviewing, write } from '../../support/reviewing.ts'
import { type Scripted, startScripted } from '../../support/scripted.ts'
import { tempDir } from '../../support/temp.ts'

const callsOf = (stream: { stored: any[] }) =>
  stream.stored
    .filter(event => event.type === 'tool.call')
    .map(({ tool, requires_approval }) => `${tool}${requires_approval ? ' asks' : ''}`)

describe('what the rules and the mode say', () => {
  let scripted: Scripted
  beforeAll(async () => {
    scripted = await startScripted({
      config: `review_edits = true
[permissions]
deny = ["edit_file(locked/**)"]
ask = ["write_file(asked/**)"]
allow = ["write_file(.env)", "write_file(free/**)"]
`,
    })
  })
  const files = { 'a.txt': 'one\n', 'locked/b.txt': 'keep\n', '.env': 'A=1\n' }

  test('the configuration sets it, the session shows it and may have another value', async () => {
    const { backend } = scripted
    const id = await backend.session(tempDir())
    expect((await backend.call(`GET /api/sessions/${id}`)).body.config.review_edits).toBe(true)
    const other = await backend.call('POST /api/sessions', { project_path: tempDir(), config: { review_edits: false } })
    expect(other.body.config.review_edits).toBe(false)
    const patched = await backend.call(`PATCH /api/sessions/${id}`, { config: { review_edits: false } })
    expect(patched.body.config.review_edits).toBe(false)
    expect((await backend.call(`PATCH /api/sessions/${id}`, { config: { review_edits: 'yes' } })).status).toBe(400)
  })

  test('denied edits are refused at once, allowed ones are reviewed too, a sensitive file needs an approval of its own', async () => {
    const { stream, asked, askedAfter, approve, file } = await reviewing(scripted, files)
    const own = await asked(
      many(
        ['edit_file', { path: 'locked/b.txt', old: 'keep', new: 'lose' }],
        ['write_file', { path: 'free/c.txt', content: 'c\n' }],
        ['write_file', { path: '.env', content: 'A=2\n' }],
        ['write_file', { path: 'asked/d.txt', content: 'd\n' }],
      ),
      done,
    )
    expect(own.tool).toBe('write_file')
    expect(own.reason).toBe('Overwrite .env (1 line). Edits are reviewed before they are written')
    expect(own.preview.files[0].path).toBe('.env')
    await approve(own)
    const review = await askedAfter(own)
    expect(review.preview.files.map((each: any) => each.path)).toEqual(['free/c.txt', 'asked/d.txt'])
    expect(review.reason).toContain('The rule ask write_file(asked/**)')
    expect(file('free/c.txt')).toBeNull()
    await approve(review)
    await stream.idle()
    const [first] = stream.stored.filter(event => event.type === 'tool.result') as any[]
    expect(first.error.code).toBe('PERMISSION_DENIED')
    expect(file('asked/d.txt')).toBe('d\n')
  })

  test('accept-edits: there is no review', async () => {
    const { stream, post, file } = await reviewing(scripted, files, { mode: 'accept-edits' })
    scripted.says(edit('a.txt', 'one', '1'), done)
    expect((await post('prompt', { text: 'go', wait: true })).body.status).toBe('success')
    expect(file('a.txt')).toBe('1\n')
    expect(callsOf(stream)).toEqual(['edit_file'])
  })

  test('plan: refused', async () => {
    const { stream, post, file } = await reviewing(scripted, files, { mode: 'plan' })
    scripted.says(edit('a.txt', 'one', '1'), done)
    await post('prompt', { text: 'go', wait: true })
    expect(file('a.txt')).toBe('one\n')
    expect(callsOf(stream)).toEqual(['edit_file'])
  })

  test('while it waits, accept-edits approves it, and plan rejects it', async () => {
    const { backend } = scripted
    for (const [mode, text] of [
      ['accept-edits', '1\n'],
      ['plan', 'one\n'],
    ]) {
      const { id, stream, asked, file } = await reviewing(scripted, files)
      await asked(edit('a.txt', 'one', '1'), done, ...(mode === 'plan' ? [done] : []))
      await backend.call(`PATCH /api/sessions/${id}`, { config: { mode } })
      await stream.idle()
      expect(file('a.txt')).toBe(text!)
    }
  })

  test('an edit of a file with an unsaved buffer is reviewed on its own, after what was proposed before it', async () => {
    const { id, project, stream, asked, askedAfter, approve, file } = await reviewing(scripted, files)
    const held = gate()
    const saying = asked(
      edit('a.txt', 'one', '1'),
      async () => {
        await held.wait
        return chat(edit('a.txt', '1', '11'))
      },
      done,
    )
    await stream.next('tool.result')
    const unsaved = [{ path: join(project, 'a.txt'), text: 'one, unsaved\n' }]
    await scripted.backend.call(`PUT /api/sessions/${id}/buffers`, { unsaved })
    held.open()
    const review = await saying
    expect(review).toMatchObject({ tool: 'review_edits', danger: 'unsaved_buffer' })
    await scripted.backend.call(`PUT /api/sessions/${id}/buffers`, { unsaved: [] })
    await approve(review)
    const next = await askedAfter(review)
    expect(next.tool).toBe('review_edits')
    await approve(next)
    await stream.idle()
    expect(file('a.txt')).toBe('11\n')
  })
})

describe('a turn that does not come to its end', () => {
  let scripted: Scripted
  beforeAll(async () => {
    scripted = await startScripted({ config: 'max_rounds = 3\n' })
  })

  test('an interrupt while it waits: nothing is written, and the next request to the model says so', async () => {
    const { stream, asked, file, post, told } = await reviewing(scripted)
    await asked(edit('a.txt', 'two', '2'), done)
    expect((await post('interrupt')).body.status).toBe('interrupted')
    await stream.idle()
    expect(stream.types()).toEndWith('waiting_approval approval tool.result turn.end idle')
    expect(file('a.txt')).toBe('one\ntwo\nthree\n')
    scripted.says(done)
    await post('prompt', { text: 'and now?', wait: true })
    expectValid(told())
    expect(JSON.stringify(told().at(-1))).toContain('The review of the edits that you proposed: Interrupted')
  })

  test('an interrupt before it: the log says that they were dropped', async () => {
    const { stream, file, post, told } = await reviewing(scripted)
    scripted.says(edit('a.txt', 'two', '2'), { body: [], hang: true } as any)
    const asked = scripted.model.asked(scripted.model.requests.length + 2)
    await post('prompt', { text: 'go' })
    await asked
    await post('interrupt')
    await stream.idle()
    expect(stream.types()).toEndWith('tool.call tool.result turn.end idle')
    expect(stream.stored.at(-2)).toMatchObject({
      tool: 'review_edits',
      status: 'error',
      error: { code: 'INTERRUPTED' },
    })
    expect(file('a.txt')).toBe('one\ntwo\nthree\n')
    scripted.says(done)
    await post('prompt', { text: 'and now?', wait: true })
    expect(JSON.stringify(told().at(-1))).toContain('none of them was written')
  })

  test('what is proposed is reviewed even when the turn reaches a limit or fails', async () => {
    const limited = await reviewing(scripted)
    const rounds = ['1', '2', '3'].map(n => write(`${n}.txt`, n))
    const review = await limited.asked(...rounds)
    expect(review.reason).toBe('The turn reached its limit. Write what was proposed: 3 files')
    await limited.approve(review)
    await limited.stream.idle()
    expect(limited.stream.stored.at(-1)).toMatchObject({ type: 'turn.end', outcome: 'limit' })
    expect(limited.file('3.txt')).toBe('3')

    const failed = await reviewing(scripted)
    const last = await failed.asked(edit('a.txt', 'two', '2'), { status: 401, body: '{"error":{"message":"no"}}' })
    expect(last.reason).toStartWith('The turn failed: ')
    await failed.approve(last)
    await failed.stream.idle()
    expect(failed.file('a.txt')).toBe('one\n2\nthree\n')
    expect(failed.stream.types()).toEndWith('tool.result file.changed error error turn.end idle')
  })

  test.each([
    ['before the review', false],
    ['while it waits', true],
  ])('a kill %s: nothing is written, and the session can be continued', async (_, waits) => {
    const own = await startScripted()
    const before = await reviewing(own)
    if (waits) await before.asked(edit('a.txt', 'two', '2'), write('c.txt', 'c'), done)
    else {
      own.says(edit('a.txt', 'two', '2'), write('c.txt', 'c'), { body: [], hang: true } as any)
      const asked = own.model.asked(3)
      await before.post('prompt', { text: 'go' })
      await asked
    }
    own.backend.process.kill('SIGKILL')
    await own.backend.exited
    const second = await Backend.start(own.home)
    expect((await second.call(`POST /api/sessions/${before.id}/resume`)).status).toBe(200)
    const after = await following(own, second, before.project, before.id)
    await after.stream.next('turn.end')
    await after.stream.next('session.resumed')
    expect([after.file('a.txt'), after.file('c.txt')]).toEqual(['one\ntwo\nthree\n', null])
    const [result] = (after.stream.stored as any[]).filter(
      event => event.type === 'tool.result' && event.tool === 'review_edits',
    )
    expect(result).toMatchObject({ status: 'error', error: { code: 'INTERRUPTED' } })
    expect(result.message).toMatch(/none of (the edits|them) was written/)
    own.says(done)
    await after.post('prompt', { text: 'and now?', wait: true })
    expectValid(after.told())
    expect(JSON.stringify(after.told().at(-1))).toMatch(/none of (the edits|them) was written/)
  })
})
