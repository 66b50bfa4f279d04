import { afterAll, describe, expect, test } from 'bun:test'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { createChildren } from '../../../src/base/children.ts'
import { defaultSandbox, type SandboxConfig } from '../../../src/config/sandbox.ts'
import { hides } from '../../../src/tools/permission/hidden.ts'
import { createConfinement } from '../../../src/tools/sandbox/confinement.ts'
import { sandboxOf } from '../../../src/tools/sandbox/sandbox.ts'
import { run } from '../../../src/tools/shell/process.ts'
import { hasBubblewrap } from '../../support/sandboxes.ts'
import { tempDir } from '../../support/temp.ts'

const root = tempDir()
const children = createChildren(join(root, 'children'))
afterAll(() => children.close())
const env = { PATH: process.env.PATH ?? '' }
const { platform } = process

/** What a line prints, for a project and a home below a fresh directory with these files. */
async function printed(
  files: Record<string, string>,
  [project, home]: [string, string],
  line: string,
  { forbidden = [] as string[], ...more }: Partial<SandboxConfig> & { forbidden?: string[] } = {},
) {
  const place = tempDir(files)
  for (const path of [project, home]) mkdirSync(join(place, path), { recursive: true })
  const roots = { project: join(place, project), allowed: [], forbidden: forbidden.map(path => join(place, path)) }
  const config: SandboxConfig = { ...defaultSandbox, mode: 'required', ...more }
  const machine = { platform, children, env, self: [], directory: join(root, 'sandbox'), project: roots.project }
  const confinement = createConfinement({ home: join(place, home), available: config => sandboxOf(config, machine) })
  const hidden = hides({ rules: [], roots, project: roots.project, home })
  const given = { config, roots, cwd: roots.project, env: { ...env, HOME: join(place, home) }, hidden }
  const { command, env: own } = await confinement.confine(['/bin/sh', '-c', line], given)
  const { signal } = new AbortController()
  const { stdout } = await run(command, { cwd: roots.project, env: own, signal, children, merge: true })
  await confinement.close()
  return stdout
}

const SECRET = 'canary'
const WRITES = 'echo new > made; cat made'

describe.skipIf(!hasBubblewrap)('where projects lie (needs bubblewrap)', () => {
  test.each([
    ['the project is the home directory', ['p', 'p'], { 'p/.ssh/k': SECRET, 'p/.env': SECRET }, 'cat .ssh/k .env', []],
    ['the home directory is in the project', ['p', 'p/h'], { 'p/h/.ssh/k': SECRET }, 'cat h/.ssh/k', []],
    ['the project is in a closed directory', ['h/.docker/p', 'h'], { 'h/.docker/k': SECRET }, 'cat ../k', []],
    ['the project is in one of ours', ['h/state/p', 'h'], { 'h/state/k': SECRET }, 'cat ../k', ['h/state']],
    ['names are odd', ['-a b\n"c\'', 'h'], { '-a b\n"c\'/d\n/.env': SECRET }, 'cat d*/.env', []],
  ] as [string, [string, string], Record<string, string>, string, string[]][])(
    '%s',
    async (_, places, files, line, forbidden) => {
      const output = await printed(files, places, `${WRITES}; ${line}`, { forbidden })
      expect(output).toStartWith('new\n')
      expect(output).toMatch(/Permission denied|No such file/)
      expect(output).not.toContain(SECRET)
    },
  )

  test('nothing is writable', async () => {
    const output = await printed({}, ['p', 'h'], 'echo x > made; echo x > "$TMPDIR/made"', { write: [] })
    expect(output.match(/Read-only/g)).toHaveLength(2)
  })

  test('a project whose name has the patterns of String.replace', async () => {
    const files = { "p$&$'$$/private/x": SECRET }
    const line = `${WRITES}; cat private/x`
    const output = await printed(files, ["p$&$'$$", 'h'], line, { read_deny: ['$PROJECT/private'] })
    expect(output).toStartWith('new\n')
    expect(output).toContain('Permission denied')
    expect(output).not.toContain(SECRET)
  })

  test('three hundred secrets', async () => {
    const files = Object.fromEntries(Array.from({ length: 300 }, (_, n) => [`p/${n}/.env`, SECRET]))
    expect(await printed(files, ['p', 'h'], 'cat */.env 2>/dev/null | wc -c')).toBe('0\n')
  })
})
