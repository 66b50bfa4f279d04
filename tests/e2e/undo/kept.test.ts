import { describe, expect, test } from 'bun:test'
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { BINARY } from '../../support/backend.ts'
import { tempDir } from '../../support/temp.ts'
import { openUndo, put, startUndo, treeOf } from '../../support/undoing.ts'

const keptBy = (state: string) => {
  const base = join(state, 'undo')
  return existsSync(base) ? readdirSync(base) : []
}

describe('an image that is gone or damaged is said, and nothing is touched', () => {
  test.each<[string, (file: string) => void]>([
    ['all files are gone', file => rmSync(file)],
    ['all files are empty', file => writeFileSync(file, '')],
    [
      'all bytes are other ones',
      file =>
        writeFileSync(
          file,
          readFileSync(file).map(byte => byte ^ 0x55),
        ),
    ],
    [
      'a byte in the middle is another one',
      file => {
        const bytes = readFileSync(file)
        bytes[Math.floor(bytes.length / 2)]! ^= 1
        writeFileSync(file, bytes)
      },
    ],
  ])('%s', async (_, damage) => {
    const place = await startUndo({ 'a.txt': 'one\n'.repeat(100) })
    await place.turn(['write_file', { path: 'a.txt', content: 'two\n' }])
    await place.backend.call(`DELETE /api/sessions/${place.id}`)
    const dir = join(place.home.state, 'undo', place.id)
    for (const name of readdirSync(dir)) damage(join(dir, name))
    await place.post('resume')
    const before = treeOf(place.root)
    expect(await place.post('undo')).toMatchObject({
      status: 200,
      body: { restored: [], refused: [{ path: 'a.txt', reason: expect.stringContaining('not kept any more') }] },
    })
    expect(treeOf(place.root)).toEqual(before)
    expect(await place.changes()).toMatchObject([{ path: 'a.txt', state: 'not_undoable' }])
  })
})

test('a project that moved: every file is refused, and nothing is made in its old place', async () => {
  const place = await startUndo({ 'a.txt': 'one\n' })
  await place.turn(['delete_file', { path: 'a.txt' }])
  renameSync(place.root, `${place.root}.moved`)
  expect(await place.post('undo')).toMatchObject({
    status: 200,
    body: { restored: [], refused: [{ path: 'a.txt', reason: expect.stringContaining('moved or deleted') }] },
  })
  expect(existsSync(place.root)).toBe(false)
  renameSync(`${place.root}.moved`, place.root)
  expect(await place.post('undo', { paths: ['a.txt'] })).toMatchObject({
    body: { restored: [{ path: 'a.txt' }], refused: [] },
  })
})

test('two undos at once, and an undo while a tool runs', async () => {
  const place = await startUndo({ 'a.txt': 'one\n' })
  await place.turn(['write_file', { path: 'a.txt', content: 'two\n' }])
  const both = await Promise.all([place.post('undo'), place.post('undo')])
  expect(both.map(({ status }) => status).sort()).toEqual([200, 409])
  expect(readFileSync(join(place.root, 'a.txt'), 'utf8')).toBe('one\n')

  const stream = await place.backend.events(`/api/sessions/${place.id}/events`)
  const running = place.turn(['shell_exec', { command: 'sleep 30' }]).catch(() => {})
  await stream.until(({ event, data }) => event === 'agent.state' && data.state === 'tool_execution')
  expect((await place.post('undo')).body.error.code).toBe('SESSION_BUSY')
  await place.post('interrupt')
  await running
  stream.close()
})

test('what is kept goes with the transcript, and with a session that is not saved', async () => {
  const place = await startUndo({ 'a.txt': 'one\n' })
  await place.turn(['write_file', { path: 'a.txt', content: 'two\n' }])
  const unsaved = await openUndo(place, place.root, { save_transcript: false })
  await unsaved.turn(['write_file', { path: 'a.txt', content: 'three\n' }])
  expect(keptBy(place.home.state).sort()).toEqual([place.id, unsaved.id].sort())
  expect(await unsaved.post('undo')).toMatchObject({ body: { restored: [{ path: 'a.txt' }] } })
  await place.backend.call(`DELETE /api/sessions/${unsaved.id}`)
  expect(keptBy(place.home.state)).toEqual([place.id])
  await place.backend.call(`DELETE /api/sessions/${place.id}`)
  expect(keptBy(place.home.state)).toEqual([place.id])
  await place.backend.call(`DELETE /api/transcripts/${place.id}`)
  expect(keptBy(place.home.state)).toEqual([])
})

test('over the limit the oldest sessions go first, live ones stay, and it is said', async () => {
  const place = await startUndo({}, { config: 'undo_limit_mb = 16\n' })
  const rewrite = async (some: typeof place, from: number) => {
    for (let n = from; n < from + 4; n++) {
      put(some.root, `${n}.bin`, randomBytes(3 << 20))
      await some.turn(['delete_file', { path: `${n}.bin` }])
    }
  }
  await rewrite(place, 0)
  await place.backend.call(`DELETE /api/sessions/${place.id}`)
  const other = await openUndo(place, tempDir())
  await rewrite(other, 4)
  expect(keptBy(place.home.state)).toEqual([other.id])
  const notice = (await other.events()).find(event => event.type === 'notice')
  expect(notice).toMatchObject({ code: 'UNDO_LIMIT', message: expect.stringContaining('undo_limit_mb = 16') })
  expect((await other.post('undo')).body).toMatchObject({ restored: [{ path: '7.bin' }] })
  await place.post('resume')
  expect((await place.post('undo')).body).toMatchObject({ restored: [], refused: [{ path: '3.bin' }] })
})

test('what is too large is named before the call runs, and after', async () => {
  const place = await startUndo({ 'a.txt': 'one\n' })
  put(place.root, 'big.bin', Buffer.alloc(65 * 1024 * 1024))
  await place.turn(['delete_file', { path: 'big.bin' }], ['write_file', { path: 'b.txt', content: 'b' }])
  put(place.root, 'big.bin', Buffer.alloc(65 * 1024 * 1024))
  await place.turn(['shell_exec', { command: 'rm big.bin a.txt' }])
  const events = await place.events()
  const calls = events.filter(event => event.type === 'tool.call')
  expect(calls.map(({ undo }) => undo)).toEqual(['none', undefined, 'partial'])
  expect(calls[0].reason).toContain('big.bin')
  expect(events.filter(event => event.type === 'tool.result').at(-1).result.metadata).toMatchObject({
    undo: 'partial',
    not_undoable: ['big.bin'],
  })
  expect((await place.post('undo')).body).toMatchObject({
    restored: [{ path: 'a.txt' }],
    refused: [{ path: 'big.bin', reason: expect.stringContaining('64 MiB') }],
  })
  expect(statSync(join(place.root, 'a.txt')).size).toBe(4)
})

test('a full disk: the call fails before it changes anything', async () => {
  const place = await startUndo({ 'a.txt': 'one\n' })
  // A file where the directory of the session would be: nothing can be kept.
  mkdirSync(place.home.state, { recursive: true })
  writeFileSync(join(place.home.state, 'undo'), '')
  await place.turn(['write_file', { path: 'a.txt', content: 'two\n' }], ['shell_exec', { command: 'rm a.txt' }])
  const results = (await place.events()).filter(event => event.type === 'tool.result')
  expect(results).toMatchObject([
    { status: 'error', error: { code: 'TOOL_FAILED', message: expect.stringContaining('not started') } },
    { status: 'error', error: { code: 'TOOL_FAILED', message: expect.stringContaining('not started') } },
  ])
  expect(treeOf(place.root)['a.txt']).toContain('one')
})

test('what a tool of an MCP server changes is noticed, and undone', async () => {
  const root = tempDir({ 'a.txt': 'one\n' })
  const config = `[[mcp_servers]]\nname = "own"\ncommand = "${BINARY}"\nargs = ["mcp", "--project", "${root}", "--allow", "write"]\n`
  const place = await startUndo({}, { config, root })
  const before = treeOf(root)
  await place.turn(['own__write_file', { path: 'a.txt', content: 'two\n' }])
  const changed = (await place.events()).find(event => event.type === 'file.changed')
  expect(changed).toMatchObject({
    path: 'a.txt',
    operation: 'shell',
    change: 'modified',
    diff: expect.stringContaining('+two'),
  })
  expect((await place.post('undo')).body).toMatchObject({ restored: [{ path: 'a.txt' }], refused: [] })
  expect(treeOf(root)).toEqual(before)
})

test('a command that says it writes outside is known before it runs; what is ignored is restored, too', async () => {
  const root = tempDir({ '.gitignore': '*.log\n', 'x.log': 'one\n' })
  execFileSync('git', ['init', '-q'], { cwd: root })
  const place = await startUndo({}, { root })
  const before = treeOf(root)
  const outside = join(tempDir(), 'o.txt')
  await place.turn(['shell_exec', { command: `echo two > x.log; touch ${outside}` }])
  const [call] = (await place.events()).filter(event => event.type === 'tool.call')
  expect(call).toMatchObject({ undo: 'partial', reason: expect.stringContaining(outside) })
  expect(await place.changes()).toMatchObject([{ path: 'x.log', change: 'modified', state: 'current' }])
  expect((await place.post('undo')).body).toMatchObject({ restored: [{ path: 'x.log' }], refused: [] })
  expect(treeOf(root)).toEqual(before)
})

test('a secret beside a change is masked in what is shown, and the hunk is undone all the same', async () => {
  const far = Array.from({ length: 20 }, (_, i) => `line ${i}\n`).join('')
  const text = `key test-key-0123456789\none\n${far}three\n`
  const place = await startUndo({ 'a.txt': text })
  await place.turn(['shell_exec', { command: "sed -i 's/one/two/; s/three/four/' a.txt" }])
  const [{ diff }] = await place.changes()
  expect(diff).toContain(' key [redacted]\n-one\n+two\n')
  const [first] = diff.split(/(?=^@@ )/m).slice(1)
  const undone = await place.post('undo', { hunks: [{ path: 'a.txt', diff: first }] })
  expect(undone.body).toMatchObject({ restored: [{ path: 'a.txt' }], refused: [] })
  expect(treeOf(place.root)['a.txt']).toEndWith(text.replace('three', 'four'))
})
