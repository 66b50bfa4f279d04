import { beforeAll, describe, expect, test } from 'bun:test'
import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import { withRemote } from '../../support/remote-editor.ts'
import { call, type Scripted, startScripted } from '../../support/scripted.ts'

let scripted: Scripted
beforeAll(async () => {
  scripted = await startScripted()
})

/** Above so many files the other machine searches first, and only matching files are read. */
const OTHERS = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`more/${i}.md`, 'something\n']))
const FILES = {
  ...OTHERS,
  'a.txt': 'one\nTwo\n',
  'src/b.ts': 'export const two = 2\n',
  'src/c.ts': 'nothing\n',
  'ignored/d.ts': 'two\n',
  '.gitignore': 'ignored/\n',
  '.env': 'two=1\n',
  'with space/é\n.txt': 'two [x] ^ - $\n',
}

/** As a directory, and as a work tree of git's with a tracked file that its rules name. */
describe.each(['plain', 'git'])('in a %s directory', how => {
  const isGit = how === 'git'
  const open = async (answer?: Parameters<typeof withRemote>[2]) => {
    const remote = await withRemote(scripted, FILES, answer)
    if (!isGit) return remote
    const git = (...args: string[]) => execFileSync('git', args, { cwd: remote.machine.real })
    git('init', '-q')
    fs.writeFileSync(remote.machine.at('gone.ts'), 'two\n')
    git('add', 'a.txt', 'gone.ts', '.gitignore')
    fs.unlinkSync(remote.machine.at('gone.ts'))
    return remote
  }

  test('search_files leaves out what is ignored, hidden or gone', async () => {
    const { make } = await open()
    const { told } = await make(call('search_files', { pattern: '**/*.ts' }))
    expect(told).toBe(
      `${isGit ? '' : 'ignored/d.ts\n'}src/b.ts\nsrc/c.ts\n[1 name left out: hidden by a rule, or likely to hold secrets.]`,
    )
    const one = await make(call('search_files', { pattern: 'b.ts', path: 'src' }))
    expect(one.told).toBe('src/b.ts')
  })

  test('ignored files are named when nothing else is found', async () => {
    const { make } = await open()
    const { told } = await make(call('search_files', { pattern: 'd.ts' }))
    expect(told).toContain(isGit ? 'No file but what git ignores: ignored/d.ts' : 'ignored/d.ts')
    expect((await make(call('search_files', { pattern: '*.ts', path: 'ignored' }))).told).toBe('ignored/d.ts')
  })

  test.each([
    [{ pattern: 'two', glob: '*.ts' }, 'src/b.ts\n1:export const two = 2'],
    [{ pattern: 'TWO', case_sensitive: false, glob: '*.{txt,ts}' }, 'a.txt\n2:Two'],
    [{ pattern: '^t\\w+$', path: 'a.txt', case_sensitive: false }, '2:Two'],
    [{ pattern: '\\[x\\] \\^ - \\$', glob: '*.txt' }, 'with space/é\n.txt\n1:two [x] ^ - $'],
    [{ pattern: 'const (one|two)\\b', context: 1 }, 'src/b.ts\n1:export const two = 2'],
    [{ pattern: 'absent' }, '[No line matches.'],
  ])('grep %j', async (args, expected) => {
    for (const withoutRipgrep of [false, true]) {
      const { make } = await open({
        answer: ({ params }) => {
          if (withoutRipgrep && params.command)
            params.command = params.command.map((word: string) => word.replace('command -v rg', 'false'))
          return undefined
        },
      })
      const { told } = await make(call('grep', args))
      expect(told).toContain(expected)
      expect(told).not.toContain('two=1')
      if (isGit) expect(told).not.toContain('ignored/d.ts')
    }
  })
})

test('links are neither followed nor read', async () => {
  const { make, machine } = await withRemote(scripted, { 'a.txt': 'x\n' })
  fs.symlinkSync('/etc/passwd', machine.at('link'))
  expect((await make(call('grep', { pattern: 'root' }))).told).toContain('No line matches')
})

test('files that exceed one answer in all are read in several', async () => {
  const many = Object.fromEntries(
    Array.from({ length: 30 }, (_, i) => [`f${i}.txt`, `${'x'.repeat(500_000)}\nneedle\n`]),
  )
  const { make } = await withRemote(scripted, { ...many, 'large.log': `${'x'.repeat(2_000_000)}\nneedle\n` })
  const { result, told } = await make(call('grep', { pattern: 'needle' }))
  expect(result.result.metadata).toMatchObject({ matches: 30, files: 30, truncated: false })
  expect(told).toContain('[1 file over 1 MiB not searched.]')
})
