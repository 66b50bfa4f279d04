import { beforeAll, describe, expect, test } from 'bun:test'
import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { startTimeOf } from '../../../src/base/processes.ts'
import { BINARY } from '../../support/backend.ts'
import { call, pending, type Scripted, startScripted } from '../../support/scripted.ts'
import { tempDir } from '../../support/temp.ts'

const BIOME = join(import.meta.dir, '../../../node_modules/.bin/biome')
/** Counts how often it ran, beside the file; every run prints something else. */
const COUNTING = 'echo x >> runs; cat; wc -l < runs'

const config = `
[format]
"*.up" = ["tr", "a-z", "A-Z"]
"*.ts" = ["${BIOME}", "format", "--stdin-file-path=$FILE"]
"sub/*.where" = ["sh", "-c", "cat >/dev/null; pwd; echo $FILE"]
"*.where" = ["no-such-formatter"]
"*.count" = ["sh", "-c", "${COUNTING}"]
"*.empty" = ["sh", "-c", "cat >/dev/null"]
"*.bytes" = ["printf", "\\\\377\\\\376x"]
"*.huge" = ["yes"]
"*.fails" = ["sh", "-c", "echo broken; echo line 3: no such word >&2; exit 2"]
"*.hangs" = ["sh", "-c", "sleep 300 & echo $! > pid; wait"]
"*.inplace" = ["sh", "-c", "cat > \\"$FILE\\""]
"*.own" = ["./tools/format"]
"*.broken" = 7
`

describe('what a tool wrote is formatted before it is shown', () => {
  let here: Scripted
  beforeAll(async () => {
    here = await startScripted({ config })
  })

  /** Has the model make one call, decides on it, and returns all that came of it. */
  async function make(project: string, name: string, args: object, decision: object | null = {}) {
    const { backend, says, model } = here
    const id = await backend.session(project)
    const stream = await backend.events(`/api/sessions/${id}/events`)
    says(call(name, args), { text: 'ok' })
    await backend.call(`POST /api/sessions/${id}/prompt`, { text: 'go' })
    const { data: asked } = await pending(stream)
    const { status } = await backend.call(`POST /api/sessions/${id}/${decision ? 'approve' : 'reject'}`, {
      tool_call_id: asked.tool_call_id,
      ...(decision && { preview_hash: asked.preview.hash }),
      ...decision,
    })
    expect(status).toBe(200)
    const { data: result } = await stream.next('tool.result')
    await stream.next('turn.end')
    const told: string = model.requests.at(-1)!.body.messages.at(-1).content
    const changed = stream.frames.filter(({ event }) => event === 'file.changed').map(({ data }) => data)
    return { asked, result, told, changed }
  }
  const write = (project: string, path: string, content: string, decision?: object) =>
    make(project, 'write_file', { path, content }, decision)

  test('the diff shown is the diff made, and the model receives it', async () => {
    const project = tempDir({ 'deep/er/a.up': 'ONE\n' })
    const { asked, result, told, changed } = await write(project, 'deep/er/a.up', 'one\ntwo\n')
    expect(asked.preview.files[0].diff).toContain('+TWO')
    expect(asked.preview.files[0].diff).not.toContain('one')
    expect(changed[0].diff).toBe(asked.preview.files[0].diff)
    expect(readFileSync(join(project, 'deep/er/a.up'), 'utf8')).toBe('ONE\nTWO\n')
    expect(result.metadata ?? result.result.metadata).toMatchObject({ formatted: { command: 'tr', changed: true } })
    expect(told).toContain('Reformatted by tr')
    expect(told).toContain('-two\n+ONE')
  })

  test('by a real formatter, an edit', async () => {
    const project = tempDir({ 'a.ts': 'const a = 1\n' })
    const { asked, told } = await make(project, 'edit_file', { path: 'a.ts', old: 'a = 1', new: 'a = {b:"c"}' })
    const text = readFileSync(join(project, 'a.ts'), 'utf8')
    expect(text).toBe(
      execFileSync(BIOME, ['format', '--stdin-file-path=a.ts'], {
        cwd: project,
        input: 'const a = {b:"c"}\n',
      }).toString(),
    )
    expect(asked.preview.files[0].diff).toContain(`+${text.trim()}`)
    expect(told).toContain('Reformatted by biome')
  })

  test('the directory is the project, the name absolute and no part of a shell line; the first pattern counts', async () => {
    const project = tempDir({ 'sub/x': '' })
    const name = 'sub/$(touch ran).where'
    await write(project, name, 'text\n')
    expect(readFileSync(join(project, name), 'utf8')).toBe(`${project}\n${join(project, name)}\n`)
    expect(existsSync(join(project, 'ran'))).toBe(false)
  })

  test('it runs once for a call: the preview stands', async () => {
    const project = tempDir({})
    await write(project, 'a.count', 'text\n')
    expect(readFileSync(join(project, 'a.count'), 'utf8')).toBe('text\n1\n')
    expect(readFileSync(join(project, 'runs'), 'utf8')).toBe('x\n')
  })

  test('what a person wrote instead is not formatted', async () => {
    const project = tempDir({})
    const { told } = await write(project, 'a.up', 'one\n', { content: 'mine\n' })
    expect(readFileSync(join(project, 'a.up'), 'utf8')).toBe('mine\n')
    expect(told).not.toContain('Reformatted')
  })

  test.each([
    ['empty', 'printed nothing'],
    ['bytes', 'printed no UTF-8 text'],
    ['huge', 'printed more than'],
    ['fails', 'exit status 2: line 3: no such word'],
    ['where', 'no such program'],
    ['inplace', 'wrote to the file itself'],
    ['own', 'not trusted'],
  ])('a text stays as it was given: .%s', async (kind, problem) => {
    const project = tempDir({ 'tools/format': '#!/bin/sh\ntr a-z A-Z\n' })
    chmodSync(join(project, 'tools/format'), 0o755)
    const { asked, result, told } = await write(project, `a.${kind}`, 'text\n')
    expect(result.status).toBe('success')
    expect(asked.preview.files[0].diff).toContain(kind === 'inplace' ? '' : '+text')
    expect(readFileSync(join(project, `a.${kind}`), 'utf8')).toBe('text\n')
    expect(result.result.metadata.formatted).toMatchObject({
      changed: false,
      problem: expect.stringContaining(problem),
    })
    expect(told).toContain('Not formatted')
    expect(told).toContain(problem)
  })

  test('one that hangs is ended with all it started', async () => {
    const project = tempDir({})
    const { told } = await write(project, 'a.hangs', 'text\n')
    expect(told).toContain('took more than 5 s')
    expect(startTimeOf(Number(readFileSync(join(project, 'pid'), 'utf8')))).toBeNull()
  })

  test('line ends, a byte order mark and UTF-16 stay', async () => {
    const project = tempDir({ 'a.up': '\uFEFFONE\r\n' })
    await write(project, 'a.up', 'one\ntwo\n')
    expect(readFileSync(join(project, 'a.up'), 'utf8')).toBe('\uFEFFONE\r\nTWO\r\n')
    writeFileSync(join(project, 'b.up'), Buffer.from('\uFEFFONE\n', 'utf16le'))
    await make(project, 'edit_file', { path: 'b.up', old: 'ONE', new: 'twö' })
    expect(readFileSync(join(project, 'b.up')).toString('utf16le')).toBe('\uFEFFTWö\n')
  })

  test('a broken entry is left out and reported', async () => {
    const { body } = await here.backend.call('GET /health')
    expect(body.problems).toEqual([
      expect.objectContaining({
        key: 'format."*.broken"',
        line: expect.any(Number),
        message: expect.stringContaining('list'),
      }),
    ])
  })

  test("a project's own formatters count once it is trusted", async () => {
    const file = '[format]\n"*.down" = ["downcase"]\n'
    const project = tempDir({ 'emacs-agent.toml': file })
    mkdirSync(join(project, 'node_modules/.bin'), { recursive: true })
    writeFileSync(join(project, 'node_modules/.bin/downcase'), '#!/bin/sh\ntr A-Z a-z\n', { mode: 0o755 })
    const before = await write(project, 'a.down', 'TEXT\n')
    expect(before.result.result.metadata.formatted).toBeUndefined()
    const shown = execFileSync(BINARY, ['trust', '--yes', project], { env: here.home.env }).toString()
    expect(shown).toContain('formats *.down by running downcase')
    await write(project, 'b.down', 'TEXT\n')
    expect(readFileSync(join(project, 'b.down'), 'utf8')).toBe('text\n')
  })
})
