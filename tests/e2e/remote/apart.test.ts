import { beforeAll, expect, test } from 'bun:test'
import fs from 'node:fs'
import { run } from '../../support/program.ts'
import { PREFIX, withRemote } from '../../support/remote-editor.ts'
import { call, type Scripted, startScripted } from '../../support/scripted.ts'
import { tempDir } from '../../support/temp.ts'

const marks = tempDir()
const CONFIG = `
[permissions]
allow = ["shell_exec(true)"]
[format]
"*.txt" = ["touch", "${marks}/formatted"]
[[hooks]]
on = "tool.call"
command = "cat >${marks}/hook; pwd >>${marks}/hook"
[[mcp_servers]]
name = "local"
command = "touch"
args = ["${marks}/server"]
[agents.copier]
isolation = "worktree"
[lsp.x]
command = ["touch", "${marks}/language"]
files = ["*.txt"]
`
/** What a project on this machine would have an effect by. */
const DECOYS = {
  'a.txt': 'local\n',
  'emacs-agent.toml': '[permissions]\nallow = ["write_file(**)"]\n',
  '.mcp.json': '{"mcpServers":{"theirs":{"command":"touch","args":["x"]}}}',
  'AGENTS.md': 'of here',
  '.agents/skills/s/SKILL.md': '---\nname: s\ndescription: of here\n---\nx\n',
  '.agents/commands/c.md': 'of here',
}
const FILES = { 'a.txt': 'one\n', 'sub/AGENTS.md': 'below' }

let scripted: Scripted
beforeAll(async () => {
  scripted = await startScripted({ config: CONFIG })
})
const open = (more: Parameters<typeof withRemote>[2] = {}) => withRemote(scripted, FILES, { decoys: DECOYS, ...more })

test('the directory of the same name on this machine is not used', async () => {
  const { make, machine, model, backend } = await open()
  const { called, frames } = await make(call('write_file', { path: 'a.txt', content: 'two\n' }))
  expect(called.requires_approval).toBe(true)
  expect(called.reason).not.toContain('formatted')
  expect(frames.find(({ event }) => event === 'notice')!.data.message).toBe(
    'The project is on u@far; its files and commands are reached through Emacs. Without effect there: undo, the MCP servers that are programs (local), formatters, the configuration and hooks of the project.',
  )
  const { messages, tools } = model.requests.at(-1)!.body
  expect(messages[0].content).not.toContain('of here')
  expect(JSON.stringify(tools)).not.toContain('local/')
  const project = encodeURIComponent(PREFIX + machine.path)
  const { body: commands } = await backend.call(`GET /api/commands?project=${project}`)
  expect(commands.commands.filter((row: any) => row.origin === 'project')).toEqual([])
  expect((await backend.call(`GET /api/skills?project=${project}`)).body.skills).toEqual([])
  expect((await backend.call(`GET /api/mcp?project=${project}`)).body.servers).toEqual([])
  const { body: rules } = await backend.call(`GET /api/rules?project=${project}`)
  expect(rules.rules.map(({ rule }: any) => rule)).toEqual(['shell_exec(true)'])
  expect((await backend.call(`GET /api/tools?project=${project}`)).status).toBe(200)
  expect((await backend.call(`GET /api/agents?project=${project}`)).status).toBe(200)
  expect(fs.readdirSync(marks)).not.toContain('server')
  expect(fs.readdirSync(marks)).not.toContain('formatted')
  expect(fs.readdirSync(marks)).not.toContain('language')
  expect(fs.readFileSync(`${machine.path}/a.txt`, 'utf8')).toBe('local\n')
})

test("the user's hooks run on this machine, in the home directory, with the name of the project", async () => {
  const { make, machine } = await open()
  await make(call('read_file', { path: 'a.txt' }))
  const [payload, directory] = fs.readFileSync(`${marks}/hook`, 'utf8').trim().split('\n')
  expect(JSON.parse(payload!)).toMatchObject({ tool: 'read_file', project_path: PREFIX + machine.path })
  expect(directory).toBe(fs.realpathSync(scripted.home.root))
})

test('delegation to an agent with a worktree fails, with the reason', async () => {
  const { make } = await open()
  const { result } = await make(call('delegate', { agent: 'copier', task: 'x' }))
  expect(JSON.stringify(result)).toContain('works on this machine only, and the project is on u@far')
})

test('a delegated agent and a fork work on the same machine', async () => {
  const { says, backend, path, stream, model, machine } = await open()
  says(
    call('delegate', { agent: 'plan', task: 'Read it' }),
    call('read_file', { path: 'a.txt' }),
    { text: 'It says one.' },
    { text: 'ok' },
  )
  await backend.call(`POST ${path}/prompt`, { text: 'go', wait: true })
  await stream.idle()
  const read = stream.frames.find(({ event, data }) => event === 'tool.result' && data.tool === 'read_file')!.data
  expect(read).toMatchObject({ agent: 'plan', status: 'success', result: { content: '1\tone' } })
  expect(model.requests.at(-1)!.body.messages.at(-1).content).toContain('It says one.')
  const { status, body } = await backend.call(`POST ${path}/fork`, {})
  expect([status, body.remote]).toEqual([201, { machine: 'u@far', path: machine.path }])
})

test('changes are listed by the log, and cannot be undone', async () => {
  const { make, backend, path } = await open()
  await make(call('write_file', { path: 'a.txt', content: 'two\n' }))
  const { called } = await make(call('write_file', { path: 'n.txt', content: 'n\n' }))
  await make(call('delete_file', { path: 'n.txt' }))
  const { body } = await backend.call(`GET ${path}/changes`)
  expect(body.files).toMatchObject([{ path: 'a.txt', change: 'modified', added: 1, removed: 1, state: 'not_undoable' }])
  const since = await backend.call(`GET ${path}/changes?since=${called.turn_id}`)
  expect(since.body.files).toEqual([])
  for (const how of ['undo', 'redo']) {
    const { status, body } = await backend.call(`POST ${path}/${how}`, {})
    expect([status, body.error.code]).toEqual([409, 'NOTHING_TO_UNDO'])
    expect(body.error.message).toContain('u@far')
  }
  const { turn_id } = called
  const rewound = await backend.call(`POST ${path}/rewind`, { turn_id, files: true })
  expect(rewound.body).toMatchObject({ text: 'go', restored: [] })
})

test('attached files and the context are named as Emacs names them', async () => {
  const { backend, path, model, says, machine } = await open()
  const name = (file: string) => `${PREFIX}${machine.path}/${file}`
  says({ text: 'ok' })
  const { status } = await backend.call(`POST ${path}/prompt`, {
    text: 'look',
    wait: true,
    attachments: [{ path: name('a.txt') }, { path: 'sub/AGENTS.md' }],
    context: {
      current_file: name('a.txt'),
      files: ['/home/me/notes.org', '/ssh:u@other:/x'],
      region: { path: name('a.txt'), start: 1, end: 1, text: 'one' },
    },
  })
  expect(status).toBe(200)
  const said = JSON.stringify(model.requests.at(-1)!.body.messages.at(-1).content)
  expect(said).toContain('<file path=\\"a.txt\\">\\none')
  expect(said).toContain(`current_file: ${machine.path}/a.txt`)
  expect(said).toContain('files: emacs:/home/me/notes.org, emacs:/ssh:u@other:/x')
  expect(said).not.toContain('local')
  const refused = await backend.call(`POST ${path}/prompt`, {
    text: 'x',
    attachments: [{ path: `${machine.path}/a.txt` }],
  })
  expect([refused.status, refused.body.error.code]).toEqual([400, 'INVALID_REQUEST'])
  expect(refused.body.error.message).toContain('Send its bytes as `data`')
})

test("the editor's other tools name the same files", async () => {
  const params: any[] = []
  const remote = await open({
    tools: ['remote_files', 'remote_process', 'definition', 'buffers', 'diagnostics', 'compile'],
    answer: request => {
      if (request.tool.startsWith('remote_')) return undefined
      params.push([request.tool, request.params])
      const name = (file: string) => `${PREFIX}${remote.machine.path}/${file}`
      if (request.tool === 'definition')
        return {
          result: [
            { path: name('a.txt'), line: 1, text: 'one' },
            { path: name('.env'), line: 1, text: 'secret' },
            { path: '/usr/include/x.h', line: 2, text: 'x' },
          ],
        }
      if (request.tool === 'diagnostics')
        return {
          result: {
            diagnostics:
              remote.machine.read('a.txt') === 'one\n'
                ? []
                : [{ path: name('a.txt'), line: 1, severity: 'error', message: 'Wrong' }],
          },
        }
      if (request.tool === 'compile') return { result: 'done' }
      if ('name' in request.params)
        return {
          result: { path: request.params.name === 'a' ? name('a.txt') : '/home/me/x', modified: false, text: 'text' },
        }
      return {
        result: {
          buffers: [
            { name: 'a', path: name('a.txt'), modified: true },
            { name: 'x', path: `${remote.machine.path}/x`, modified: false },
          ],
        },
      }
    },
  })
  const { make, machine } = remote
  expect((await make(call('definition', { path: 'a.txt', line: 1, symbol: 'one' }))).told).toBe(
    'a.txt:1 one\nemacs:/usr/include/x.h:2 x',
  )
  expect(params.at(-1)).toEqual([
    'definition',
    { path: `${PREFIX}${machine.path}/a.txt`, line: 1, column: 0, symbol: 'one' },
  ])
  expect((await make(call('buffers', {}))).told).toBe(`a [modified] a.txt\nx emacs:${machine.path}/x`)
  expect((await make(call('buffers', { name: 'a' }))).called.requires_approval).toBe(false)
  expect((await make(call('buffers', { name: 'x' }))).called.requires_approval).toBe(true)
  await make(call('compile', {}))
  expect(params.at(-1)).toEqual(['compile', { directory: PREFIX + machine.path }])
  const { told } = await make(call('write_file', { path: 'a.txt', content: 'two\n' }))
  expect(told).toContain('[New errors since this change:\na.txt:1 error: Wrong]')
})

test.each([
  '/ssh:host',
  '/ssh:host:',
  '/ssh:host:relative',
  '/ssh:host:~/p',
  '/ssh::/p',
  '/sudo::/etc',
  '/ssh:h|:/p',
  '/ssh:a b:/p',
  '/ssh:h:/p\0q',
  '/ssh:h#port:/p',
  '/ssh:[::1:/p',
])('a session on %j is refused', async project_path => {
  const { status, body } = await scripted.backend.call('POST /api/sessions', { project_path })
  expect([status, body.error.code]).toEqual([400, 'INVALID_REQUEST'])
  expect(body.error.message).toStartWith('project_path: ')
})

test.each(['/ssh:host:/p', '/ssh:u@h|sudo:root@h:/p', '/ssh:u@[::1]#22:/', '/docker:box:/p/../q/'])(
  'a session on %j is opened, with the path made plain',
  async project_path => {
    const { status, body } = await scripted.backend.call('POST /api/sessions', { project_path })
    expect(status).toBe(201)
    expect(body.project_path).toBe(project_path.replace('/p/../q/', '/q'))
    const { body: closed } = await scripted.backend.call(`DELETE /api/sessions/${body.session_id}`)
    expect(closed.status).toBe('closed')
  },
)

test('a sandbox that is required refuses commands, and the mode sandboxed the session', async () => {
  const strict = await startScripted({ config: '[sandbox]\nmode = "required"' })
  const { make, machine } = await withRemote(strict, FILES)
  expect((await make(call('shell_exec', { command: 'true' }))).result.error).toMatchObject({
    code: 'PERMISSION_DENIED',
    message:
      'Commands run in a sandbox only, and there is none. Commands of this project run on u@far, and are not isolated there.',
  })
  const { status } = await strict.backend.call('POST /api/sessions', {
    project_path: PREFIX + machine.path,
    config: { mode: 'sandboxed' },
  })
  expect(status).toBe(400)
})

test('`run` on such a project fails, with the remedy', async () => {
  const { code, stderr } = await run(['run', '--project', '/ssh:u@far:/p', 'x'], { home: scripted.home })
  expect(code).toBe(2)
  expect(stderr).toContain('is reached through Emacs')
})
