import { expect, test } from 'bun:test'
import { join } from 'node:path'
import { choose, modelHome, Peer } from '../../support/acp.ts'
import { fakeServer } from '../../support/languages.ts'
import { call, startScripted } from '../../support/scripted.ts'
import { withEditor } from '../../support/stub-editor.ts'
import { tempDir } from '../../support/temp.ts'

const EDITS = { config: { auto_approve_tools: ['edit_file', 'write_file'] } }
const edit = call('edit_file', { path: 'a.fk', old: 'fine', new: 'added\nwrong: fresh' })

test("an attached editor's checker is asked before a change and after it; its new errors go to the model", async () => {
  const fake = fakeServer('pull')
  const editor = await withEditor(
    await startScripted({ config: fake.config }),
    ['diagnostics'],
    { 'a.fk': 'old\nfine\n' },
    EDITS,
  )
  const path = join(editor.project, 'a.fk')
  const found = (line: number, message: string, severity = 'error') => ({ path, line, severity, message })
  const other = { ...found(1, 'elsewhere'), path: join(editor.project, 'b.fk') }
  const { result, told, frames } = await editor.make(edit, async (_, from) => {
    const before = await editor.request(from)
    expect(before).toMatchObject({ tool: 'diagnostics', params: { path } })
    await editor.reply(before.request_id, { result: { diagnostics: [found(1, 'old')] } })
    const after = (
      await editor.stream.next(
        'editor.request',
        editor.stream.frames.findIndex(({ data }) => data.request_id === before.request_id) + 1,
      )
    ).data
    const diagnostics = [found(1, 'old'), found(3, 'fresh'), found(2, 'odd', 'warning'), other]
    await editor.reply(after.request_id, { result: { diagnostics } })
  })
  expect(result.result.metadata.diagnostics).toEqual([found(3, 'fresh')])
  expect(told).toContain('[New errors since this change:\na.fk:3 error: fresh]')
  expect(frames.filter(({ event }) => event === 'editor.request')).toHaveLength(2)
  expect(fake.pids()).toEqual([])
})

test('an editor that does not have the file open, or does not answer: a server is asked', async () => {
  const fake = fakeServer('pull')
  const here = await startScripted({ config: fake.config })
  const editor = await withEditor(here, ['diagnostics'], { 'a.fk': 'wrong: old\nfine\n' }, EDITS)
  const refuse = async (from: number): Promise<number> => {
    const { data } = await editor.stream.next('editor.request', from)
    await editor.reply(data.request_id, { error: { message: 'not open here' } })
    return editor.stream.frames.findIndex(frame => frame.data.request_id === data.request_id) + 1
  }
  const asked = await editor.make(call('diagnostics', { path: 'a.fk' }), async (_, from) => void (await refuse(from)))
  expect(asked.told).toBe('a.fk:1:0 error: old is wrong (fake)')
  const { told } = await editor.make(edit, async (_, from) => void (await refuse(from)))
  expect(told).toContain('fresh is wrong')
  expect(told).not.toContain('old is wrong')
})

test('over ACP, too: the tools, and new errors', async () => {
  const fake = fakeServer('pull')
  const { home, says, model } = await modelHome(fake.config)
  const peer = await Peer.start(home)
  peer.answers.permission = async () => choose('allow_once')
  const id = await peer.session(tempDir({ 'a.fk': 'wrong: old\nfine\n' }))
  says(call('diagnostics', { path: 'a.fk' }), edit, { text: 'ok' })
  await peer.prompt(id, 'go')
  const told = model.requests.at(-1)!.body.messages.filter(({ role }: { role: string }) => role === 'tool')
  expect(told.map(({ content }: { content: string }) => content)).toEqual([
    'a.fk:1:0 error: old is wrong (fake)',
    expect.stringContaining('[New errors since this change:\na.fk:3:0 error: fresh is wrong (fake)]'),
  ])
})

test('a server also answers where the editor cannot find a definition; where neither can, the error is the editor’s', async () => {
  const fake = fakeServer('pull')
  const here = await startScripted({ config: fake.config })
  const editor = await withEditor(here, ['definition', 'references'], {
    'a.fk': 'def thing\nthing\n',
    'b.other': 'thing\n',
  })
  const refuse = async (from: number) => {
    const { request_id } = await editor.request(from)
    await editor.reply(request_id, { error: { message: 'not open here' } })
  }
  const at = (path: string) => call('definition', { path, line: path === 'a.fk' ? 2 : 1, symbol: 'thing' })
  expect((await editor.make(at('a.fk'), async (_, from) => refuse(from))).told).toStartWith('a.fk:1:4')
  const { result } = await editor.make(at('b.other'), async (_, from) => refuse(from))
  expect(result.error).toMatchObject({ code: 'TOOL_FAILED', message: 'The editor reports: not open here' })
})
