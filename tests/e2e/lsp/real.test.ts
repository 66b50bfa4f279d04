import { describe, expect, test } from 'bun:test'
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { BINARY } from '../../support/backend.ts'
import { LANGUAGE_TOOLS, open } from '../../support/languages.ts'
import { call, startScripted } from '../../support/scripted.ts'
import { tempDir } from '../../support/temp.ts'

const BIN = join(import.meta.dir, '../../../node_modules/.bin')

/** A language: a file with an old error, an edit that brings a new one, and where its function is defined and used. */
const CASES = [
  {
    server: 'tsc',
    path: 'src/a.ts',
    text: 'export function twice(n: number) {\n  return n * 2\n}\nconst old: number = "x"\ntwice(1)\n',
    edit: { old: 'twice(1)', new: 'const added = 1\ntwice("b")' },
    error: { line: 6, message: expect.stringContaining("'string' is not assignable") },
    use: 6,
  },
  {
    server: 'pyright-langserver',
    path: 'src/a.py',
    text: 'def twice(n: int) -> int:\n    return n * 2\n\nold: int = "x"\ntwice(1)\n',
    edit: { old: 'twice(1)', new: 'added = 1\ntwice("b")' },
    error: { line: 6, message: expect.stringContaining('cannot be assigned') },
    use: 6,
  },
  {
    server: 'clangd',
    path: 'src/a.c',
    text: 'int twice(int n) {\n  return n * 2;\n}\nint old = missing;\nint used(void) { return twice(1); }\n',
    edit: { old: 'int used', new: 'int added;\nint *wrong = 1.5;\nint used' },
    error: { line: 6, message: expect.stringContaining('nitializing') },
    use: 7,
  },
  {
    server: 'bash-language-server',
    path: 'src/a.sh',
    text: 'twice() {\n  echo "$1$1"\n}\ntwice 1\n',
    edit: { old: 'twice 1', new: 'added=1\ntwice 2' },
    error: null, // it leaves errors to shellcheck
    use: 5,
  },
]

describe.each(CASES)('$server', ({ server, path, text, edit, error, use }) => {
  const there = server === 'clangd' ? Bun.which('clangd') : join(BIN, server)
  test.skipIf(!there)(
    `answers about code, and reports new errors${there ? '' : ': no clangd here'}`,
    async () => {
      const here = await startScripted({ env: { PATH: `${BIN}:${process.env.PATH}` } })
      const { make, project } = await open(here, { [path]: text })
      const { tools, told } = await make('diagnostics', { path })
      expect(tools).toEqual(expect.arrayContaining(LANGUAGE_TOOLS))
      if (error) expect(told).toContain('error')

      let { diagnostics } = await make('edit_file', { path, ...edit })
      // On a busy machine a checker may take longer than the two seconds that it is given.
      for (let again = 0; error && !diagnostics && again < 5; again++) {
        await make('edit_file', { path, old: edit.new, new: edit.old })
        diagnostics = (await make('edit_file', { path, ...edit })).diagnostics
      }
      if (error)
        expect(diagnostics).toEqual([
          expect.objectContaining({ path: join(project, path), severity: 'error', ...error }),
        ])
      else expect(diagnostics).toBeUndefined()

      const twice = { path, line: use, symbol: 'twice' }
      expect((await make('definition', twice)).told).toStartWith(`${path}:1:`)
      const { told: uses } = await make('references', twice)
      expect(uses).toContain(`${path}:1:`)
      expect(uses).toContain(`${path}:${use}:`)
      expect((await make('hover', twice)).told).toContain('twice')
      expect((await make('symbols', { path })).told).toContain('twice')
      expect((await make('symbols', { query: 'twice' })).told).toContain(`${path}:1:`)
    },
    60_000,
  )
})

test("the project's own server runs only once it is trusted", async () => {
  const here = await startScripted()
  const project = tempDir({ 'a.ts': 'const a: number = "x"\n', 'emacs-agent.toml': '' })
  mkdirSync(join(project, 'node_modules/.bin'), { recursive: true })
  symlinkSync(join(BIN, 'tsc'), join(project, 'node_modules/.bin/tsc'))
  const before = await open(here, project)
  expect((await before.make('read_file', { path: 'a.ts' })).tools).not.toContain('diagnostics')
  execFileSync(BINARY, ['trust', '--yes', project], { env: here.home.env })
  const after = await open(here, project)
  expect((await after.make('diagnostics', { path: 'a.ts' })).told).toContain('not assignable')
})

test('in `run`, and shown by `doctor`', async () => {
  const here = await startScripted()
  const project = tempDir({ 'a.ts': 'const a: number = 1\n' })
  const env = { ...here.home.env, PATH: `${BIN}:${process.env.PATH}` }
  const write = call('write_file', { path: 'a.ts', content: 'const a: number = "x"\n' })
  here.says(call('diagnostics', { path: 'a.ts' }), write, { text: 'done' })
  const run = Bun.spawn([BINARY, 'run', '--yes', '--json', '--project', project, 'go'], { env, stdout: 'pipe' })
  const events = (await new Response(run.stdout).text())
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))
  expect(events.findLast(({ type }) => type === 'tool.result').result.metadata.diagnostics).toHaveLength(1)
  expect(readFileSync(join(project, 'a.ts'), 'utf8')).toContain('"x"')

  const doctor = Bun.spawn([BINARY, 'doctor'], { env, cwd: project, stdout: 'pipe' })
  expect(await new Response(doctor.stdout).text()).toContain('tsc: for *.ts')
})
