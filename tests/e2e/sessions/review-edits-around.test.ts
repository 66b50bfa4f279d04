import { expect, test } from 'bun:test'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { begun, isTask } from '../../support/delegating.ts'
import { fakeServer } from '../../support/languages.ts'
import { many } from '../../support/model-session.ts'
import { done, edit, reviewing } from '../../support/reviewing.ts'
import { call, pending, startScripted } from '../../support/scripted.ts'

const toml = (hooks: Record<string, string>[]) =>
  hooks
    .map(
      hook =>
        `[[hooks]]\n${Object.entries(hook)
          .map(([key, value]) => `${key} = ${JSON.stringify(value)}`)
          .join('\n')}\n`,
    )
    .join('\n')

test('formatters run before the preview', async () => {
  const scripted = await startScripted({ config: '[format]\n"*.up" = ["tr", "a-z", "A-Z"]\n' })
  const { asked, approve, stream, file } = await reviewing(scripted)
  const review = await asked(
    call('write_file', { path: 'x.up', content: 'one\n' }),
    call('edit_file', { path: 'x.up', old: 'ONE', new: 'one two' }),
    done,
  )
  expect(review.preview.files[0].diff).toContain('+ONE TWO')
  const [first] = stream.stored.filter(event => event.type === 'tool.result') as any[]
  expect(first.result.metadata).toMatchObject({ proposed: true, formatted: { command: 'tr', changed: true } })
  expect(first.result.content).toContain('Reformatted by tr')
  await approve(review)
  await stream.idle()
  expect(file('x.up')).toBe('ONE TWO\n')
})

test('hooks of each call run before it is proposed, at its approval, and once it is written', async () => {
  const scripted = await startScripted({
    config: toml([
      { on: 'tool.call', match: 'write_file(no/**)', command: 'echo not there >&2; exit 2' },
      { on: 'tool.result', match: 'edit_file', command: 'cat >> results.txt' },
      {
        on: 'file.changed',
        match: 'edit_file(a.txt)',
        command: 'cat a.txt > seen.txt; echo \'{"context":"Checked it."}\'',
      },
      { on: 'approval', match: 'edit_file(b.txt)', command: 'echo b.txt stays >&2; exit 2' },
    ]),
  })
  const { asked, approve, stream, file, post, told } = await reviewing(scripted)
  const review = await asked(
    many(
      ['write_file', { path: 'no/x.txt', content: 'x' }],
      ['edit_file', { path: 'a.txt', old: 'one', new: '1' }],
      ['edit_file', { path: 'a.txt', old: 'two', new: '2' }],
    ),
    done,
    { text: 'It is checked.' },
  )
  expect(review.preview.files.map((each: any) => each.path)).toEqual(['a.txt'])
  expect(file('results.txt')).toBeNull()
  await approve(review)
  await stream.idle()
  expect(file('seen.txt')).toBe('1\n2\nthree\n')
  const ran = (stream.stored as any[]).filter(event => event.type === 'hook' && event.outcome === 'ok')
  expect(ran.map(({ on }) => on)).toEqual(['tool.result', 'tool.result', 'file.changed'])
  expect(file('results.txt')).toContain('"tool":"edit_file"')
  // The context that a hook returns is sent to the model in the same turn.
  expect(told().at(-1).content).toContain('Checked it.')

  const from = stream.frames.length
  scripted.says(edit('b.txt', 'keep', 'lose'), done, done)
  await post('prompt', { text: 'go', wait: true })
  expect((await stream.next('approval', from)).data).toMatchObject({ decision: 'rejected', by: 'config' })
  expect(file('b.txt')).toBe('keep\n')
})

test('a delegated agent has a review of its own, and its edits are undone with the turn', async () => {
  const scripted = await startScripted({ config: 'review_edits = true\n' })
  const lines = [
    call('edit_file', { path: 'a.txt', old: 'one', new: '1' }),
    call('write_file', { path: 'c.txt', content: 'c\n' }),
    { text: 'Did it.' },
  ]
  const { id, stream, project } = await begun(
    scripted,
    {},
    (asked, text) =>
      isTask(asked)
        ? lines.shift()!
        : text === 'go'
          ? many(['write_file', { path: 'own.txt', content: 'own\n' }], ['delegate', { agent: 'build', task: 'do it' }])
          : done,
    5,
  )
  const decide = (data: any) =>
    scripted.backend.call(`POST /api/sessions/${id}/approve`, { tool_call_id: data.tool_call_id })
  const own = await pending(stream)
  expect(own.data).toMatchObject({ tool: 'review_edits', preview: { files: [{ path: 'own.txt' }] } })
  await decide(own.data)
  const child = await pending(stream, stream.frames.indexOf(own) + 1)
  expect(child.data).toMatchObject({ tool: 'review_edits', agent: 'build' })
  expect(child.data.parent_tool_call_id).toMatch(/^tc_/)
  expect(child.data.preview.files.map((each: any) => each.path)).toEqual(['a.txt', 'c.txt'])
  expect(existsSync(join(project, 'c.txt'))).toBe(false)
  await decide(child.data)
  await stream.idle()
  expect(readFileSync(join(project, 'a.txt'), 'utf8')).toBe('1\n')
  const { body } = await scripted.backend.call(`POST /api/sessions/${id}/undo`, {})
  expect(body.restored.map((each: any) => each.path).sort()).toEqual(['a.txt', 'c.txt', 'own.txt'])
})

test('an edit of text that a proposed edit already replaced fails', async () => {
  const scripted = await startScripted()
  const { asked, reject, stream } = await reviewing(scripted)
  const review = await asked(edit('a.txt', 'two', '2'), edit('a.txt', 'two', 'zwei'), done, done)
  const [, second] = stream.stored.filter(event => event.type === 'tool.result') as any[]
  expect(second).toMatchObject({ status: 'error', error: { code: 'TOOL_FAILED' } })
  expect(review.params.calls).toHaveLength(1)
  await reject(review)
  await stream.idle()
})

test('errors caused by the written edits are sent to the model, which proposes more; the turn ends after the second review', async () => {
  const fake = fakeServer('pull')
  const scripted = await startScripted({ config: fake.config })
  const { asked, askedAfter, approve, stream, file, told } = await reviewing(scripted, { 'a.fk': 'old\nfine\n' })
  const first = await asked(edit('a.fk', 'fine', 'added\nwrong: fresh'), done, edit('a.fk', 'wrong: fresh', 'right'), {
    text: 'Now it is right.',
  })
  await approve(first)
  const second = await askedAfter(first)
  expect(told().some(({ content }) => String(content).includes('fresh is wrong'))).toBe(true)
  await approve(second)
  await stream.idle()
  expect(file('a.fk')).toBe('old\nadded\nright\n')
  expect(stream.stored.at(-1)).toMatchObject({ type: 'turn.end', outcome: 'completed' })
})
