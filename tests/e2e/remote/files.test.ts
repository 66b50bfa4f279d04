import { beforeAll, expect, test } from 'bun:test'
import fs from 'node:fs'
import { Machine, PREFIX, withRemote } from '../../support/remote-editor.ts'
import { call, type Scripted, startScripted } from '../../support/scripted.ts'

let scripted: Scripted
beforeAll(async () => {
  scripted = await startScripted()
})

const FILES = { 'a.txt': 'one\ntwo\n', 'src/b.ts': 'export const b = 1\n', '.env': 'KEY=far\n' }
/** What lies on this machine under the same names. */
const DECOYS = { 'a.txt': 'local\n', 'src/b.ts': 'local\n', 'AGENTS.md': 'local instructions\n', '.env': 'KEY=near\n' }
const open = (files: Record<string, string> = FILES) => withRemote(scripted, files, { decoys: DECOYS })

const contents = (root: string): Record<string, string> =>
  Object.fromEntries(
    fs.readdirSync(root, { recursive: true, withFileTypes: true }).flatMap(entry => {
      const path = `${entry.parentPath}/${entry.name}`
      return entry.isFile() ? [[path.slice(root.length + 1), fs.readFileSync(path, 'utf8')]] : []
    }),
  )
const isUntouched = (machine: Machine) => expect(contents(machine.path)).toEqual(DECOYS)

test('read_file reads there, in pages', async () => {
  const { make, machine } = await open()
  const { called, told, result } = await make(call('read_file', { path: 'a.txt', limit: 1 }))
  expect(called).toMatchObject({ requires_approval: false, reason: 'Read a.txt', locations: [{ path: 'a.txt' }] })
  expect(told).toBe('1\tone\n[Lines 1-1 of 2. Go on with offset 2.]')
  expect(result.result.metadata).toMatchObject({ path: 'a.txt', total_lines: 2, next_offset: 2 })
  isUntouched(machine)
})

test.each([
  ['elsewhere.c', 'TOOL_FAILED', 'elsewhere.c does not exist.'],
  ['a.tx', 'TOOL_FAILED', 'a.tx does not exist (did you mean "a.txt"?).'],
  ['none/x', 'TOOL_FAILED', 'none/x does not exist, nor does its directory.'],
  ['src', 'TOOL_FAILED', 'src is a directory: use list_directory.'],
  [
    '../x',
    'PERMISSION_DENIED',
    'That path is not open to tools. Use paths relative to the project: nothing else of its machine is open.',
  ],
  [
    '/etc/passwd',
    'PERMISSION_DENIED',
    'That path is not open to tools. Use paths relative to the project: nothing else of its machine is open.',
  ],
])('read_file of %s: %s', async (path, code, message) => {
  const { make } = await open()
  expect((await make(call('read_file', { path }))).result.error).toMatchObject({ code, message })
})

test('a link that leads out of the project is refused, one within is followed', async () => {
  const { make, machine } = await open()
  fs.symlinkSync('/etc', machine.at('out'))
  fs.symlinkSync('src', machine.at('in'))
  expect((await make(call('read_file', { path: 'out/passwd' }))).result.error.code).toBe('PERMISSION_DENIED')
  expect((await make(call('write_file', { path: 'out/x', content: 'x' }))).result.error.code).toBe('PERMISSION_DENIED')
  expect((await make(call('read_file', { path: 'in/b.ts' }))).called.locations).toEqual([{ path: 'src/b.ts' }])
})

test('a project named by a link is at the target of the link', async () => {
  const machine = new Machine({ 'real/a.txt': 'one\n', 'b.txt': 'outside\n' })
  fs.symlinkSync('real', machine.at('link'))
  const { make, backend, path } = await withRemote(scripted, {}, { machine, below: '/link' })
  expect((await make(call('read_file', { path: 'a.txt' }))).told).toBe('1\tone')
  expect((await make(call('read_file', { path: `${machine.path}/link/a.txt` }))).called.locations).toEqual([
    { path: 'a.txt' },
  ])
  expect((await make(call('read_file', { path: '../b.txt' }))).result.error.code).toBe('PERMISSION_DENIED')
  expect((await backend.call(`GET ${path}`)).body).toMatchObject({
    project_path: `${PREFIX}${machine.path}/link`,
    remote: { path: `${machine.path}/real` },
  })
})

test('sensitive files stay closed there, by their names and by links', async () => {
  const { make, machine } = await open()
  fs.symlinkSync('.env', machine.at('plain'))
  for (const path of ['.env', 'plain'])
    expect((await make(call('read_file', { path }))).result.error.code).toBe('PERMISSION_DENIED')
})

test('write_file writes what the preview shows, and creates parent directories', async () => {
  const { make, machine } = await open()
  const { called, told, frames } = await make(call('write_file', { path: 'new/c.txt', content: 'x\n' }))
  expect(called).toMatchObject({
    requires_approval: true,
    undo: 'none',
    reason: 'Create new/c.txt (1 line)',
    preview: { files: [{ path: 'new/c.txt', before_hash: null }] },
  })
  expect(told).toBe('Wrote new/c.txt (1 line, 2 bytes).')
  expect(machine.read('new/c.txt')).toBe('x\n')
  expect(frames.find(({ event }) => event === 'file.changed')!.data).toMatchObject({
    path: 'new/c.txt',
    operation: 'write',
    change: 'created',
  })
  isUntouched(machine)
})

test('edit_file keeps the mode; when old is not found, the error shows the nearest lines', async () => {
  const { make, machine } = await open()
  fs.chmodSync(machine.at('src/b.ts'), 0o755)
  const { called, told } = await make(call('edit_file', { path: 'src/b.ts', old: 'b = 1', new: 'b = 2' }))
  expect(called.preview.files[0].diff).toContain('-export const b = 1\n+export const b = 2')
  expect(told).toBe('Edited src/b.ts (1 line, 19 bytes).')
  expect(machine.read('src/b.ts')).toBe('export const b = 2\n')
  expect(fs.statSync(machine.at('src/b.ts')).mode & 0o777).toBe(0o755)
  const { result } = await make(call('edit_file', { path: 'src/b.ts', old: 'export  const b = 2', new: 'other' }))
  expect(result.error.message).toContain('differ from it only in whitespace:\n1\texport const b = 2')
  isUntouched(machine)
})

test('a large file is written as a whole, and a larger one is refused', async () => {
  const text = 'line of text\n'.repeat(250_000)
  const { make, machine } = await open({ 'large.txt': `first\n${text}`, 'larger.txt': `first\n${text}${text}` })
  const edit = (path: string) => make(call('edit_file', { path, old: 'first', new: 'other' }))
  await edit('large.txt')
  expect(machine.read('large.txt') === `other\n${text}`).toBe(true)
  expect((await edit('larger.txt')).result.error.message).toContain('The new text is larger than 4 MiB')
})

test('what changed between the preview and the approval is not overwritten', async () => {
  const { make, machine, backend, path, stream } = await open()
  const { told } = await make(call('write_file', { path: 'a.txt', content: 'mine\n' }), async ({ tool_call_id }) => {
    fs.writeFileSync(machine.at('a.txt'), 'theirs\n')
    const from = stream.frames.length
    const { status, body } = await backend.call(`POST ${path}/approve`, { tool_call_id })
    expect([status, body.error.code]).toEqual([409, 'STALE_PREVIEW'])
    const again = (await stream.next('tool.call', from)).data
    expect(again.preview.files[0].diff).toContain('-theirs\n+mine')
    await backend.call(`POST ${path}/approve`, { tool_call_id })
  })
  expect(told).toBe('Wrote a.txt (1 line, 5 bytes).')
})

test('what changed since the model read it is not overwritten', async () => {
  const { make, machine } = await open()
  await make(call('read_file', { path: 'a.txt' }))
  fs.writeFileSync(machine.at('a.txt'), 'theirs\n')
  const { result } = await make(call('write_file', { path: 'a.txt', content: 'mine\n' }))
  expect(result.error).toMatchObject({ code: 'STALE_FILE' })
  expect(machine.read('a.txt')).toBe('theirs\n')
})

test('a change just before the write is detected by the editor', async () => {
  const { make, machine, serving } = await open()
  serving.answer = ({ params }) => {
    if (params.op === 'write') fs.writeFileSync(machine.at('a.txt'), 'late\n')
    return undefined
  }
  const { result } = await make(call('write_file', { path: 'a.txt', content: 'mine\n' }))
  expect(result.error).toMatchObject({ code: 'STALE_FILE' })
  expect(machine.read('a.txt')).toBe('late\n')
})

test('list_directory, at one level and deeper', async () => {
  const { make, machine } = await open({ ...FILES, 'src/deep/c.ts': 'c\n' })
  fs.symlinkSync('a.txt', machine.at('l'))
  const { told, result } = await make(call('list_directory', {}))
  for (const row of [/a\.txt.*file.*8/, /l.*link/, /src.*directory/]) expect(told).toMatch(row)
  expect(told).toContain('[1 name left out: hidden by a rule, or likely to hold secrets.]')
  expect(result.result.metadata).toEqual({ path: '.', count: 3 })
  const deep = await make(call('list_directory', { depth: 3 }))
  expect(deep.told).toMatch(/src\/deep\/c\.ts.*file.*2/)
  isUntouched(machine)
})

test('create_directory, copy_file, move_file, delete_file', async () => {
  const { make, machine } = await open()
  expect((await make(call('create_directory', { path: 'd/e' }))).told).toBe('Created d/e/.')
  expect((await make(call('create_directory', { path: 'd/e' }))).told).toBe('d/e exists already.')
  expect((await make(call('copy_file', { source: 'a.txt', dest: 'd/' }))).told).toBe('Copied a.txt to d/a.txt.')
  expect((await make(call('move_file', { source: 'd/a.txt', dest: 'f/g.txt' }))).told).toBe('Moved d/a.txt to f/g.txt.')
  expect((await make(call('copy_file', { source: 'a.txt', dest: 'f/g.txt' }))).result.error.message).toBe(
    'f/g.txt exists: set overwrite to replace it.',
  )
  const over = await make(call('move_file', { source: 'f/g.txt', dest: 'src/b.ts', overwrite: true }))
  expect(over.called.reason).toBe('Move f/g.txt to src/b.ts, replacing what is there')
  expect(over.told).toBe('Moved f/g.txt to src/b.ts.')
  expect((await make(call('copy_file', { source: 'src/b.ts', dest: 'f/g.txt' }))).told).toBe(
    'Copied src/b.ts to f/g.txt.',
  )
  expect((await make(call('move_file', { source: 'src', dest: 'lib' }))).told).toBe('Moved src to lib.')
  expect((await make(call('delete_file', { path: 'a.txt' }))).told).toBe('Deleted a.txt.')
  expect((await make(call('delete_file', { path: 'lib' }))).result.error.message).toContain('set recursive')
  const { called, told } = await make(call('delete_file', { path: 'lib', recursive: true }))
  expect(called.reason).toContain('Delete the directory lib with 1 file (8 bytes)')
  expect(told).toBe('Deleted lib.')
  expect(Object.keys(contents(machine.real)).sort()).toEqual(['.env', 'f/g.txt'])
  isUntouched(machine)
})

test('read_file returns the text of an unsaved buffer, found by its name in Emacs', async () => {
  const { make, machine, backend, path } = await open()
  const unsaved = [
    { path: `${PREFIX}${machine.path}/a.txt`, text: 'unsaved\n' },
    { path: `${machine.path}/src/b.ts`, text: 'of here\n' },
  ]
  await backend.call(`PUT ${path}/buffers`, { unsaved })
  expect((await make(call('read_file', { path: 'a.txt' }))).told).toBe('1\tunsaved')
  expect((await make(call('read_file', { path: 'src/b.ts' }))).told).toBe('1\texport const b = 1')
  const { called } = await make(call('write_file', { path: 'a.txt', content: 'x\n' }))
  expect(called.danger).toBe('unsaved_buffer')
})

test('a secret that the backend knows is kept in the file, and redacted for the model', async () => {
  const { make, machine } = await open({ 'k.txt': 'key = test-key-0123456789\nold\n' })
  await make(call('edit_file', { path: 'k.txt', old: 'old', new: 'new' }))
  expect(machine.read('k.txt')).toBe('key = test-key-0123456789\nnew\n')
  expect((await make(call('read_file', { path: 'k.txt' }))).told).not.toContain('test-key')
})
