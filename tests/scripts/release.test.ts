import { describe, expect, test } from 'bun:test'
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { version } from '../../package.json'
import { HOST, TARGETS } from '../../scripts/build/targets.ts'
import { formatsOf, pack } from '../../scripts/release/archive.ts'
import { compareVersions, faultsOf, formatOf, leastGlibc, placesHere } from '../../scripts/release/checks.ts'
import { bash, fish, zsh } from '../../scripts/release/completions.ts'
import { manPage } from '../../scripts/release/man.ts'
import { byPart, releaseNotes } from '../../scripts/release/notes.ts'
import { notices } from '../../scripts/release/notices.ts'
import { recipes } from '../../scripts/release/packaging.ts'
import { sbom } from '../../scripts/release/sbom.ts'
import { sumsOf } from '../../scripts/release/sums.ts'
import { COMMAND_NAMES } from '../../src/cli/commands.ts'
import { BINARY } from '../support/backend.ts'
import { tempDir } from '../support/temp.ts'

const ROOT = join(import.meta.dirname, '../..')
const DATE = new Date('2026-11-27T12:00:00Z')
const lacks = (program: string) => spawnSync('sh', ['-c', `command -v ${program}`]).status !== 0

describe('what is checked of an executable', () => {
  const executable = readFileSync(BINARY)
  const faults = (change: (file: Buffer) => void, target: string = HOST) => {
    const file = Buffer.from(executable)
    change(file)
    return faultsOf(file, target, version, placesHere(ROOT))
  }
  const hold = (text: string) => (file: Buffer) => void file.write(text, file.length - 200)

  test('the built one has no fault', () => expect(faults(() => {})).toEqual([]))
  test.each<[string, (file: Buffer) => void, string | undefined, RegExp]>([
    ['another system', () => {}, 'darwin-x64', /no Mach-O file/],
    ['another processor', file => file.writeUInt16LE(0xb7, 18), 'linux-x64', /is for arm64/],
    ['a path of this machine', hold(join(ROOT, 'src')), undefined, /holds the path/],
    ['a key', hold(`sk-ant-api03-${'x'.repeat(60)}`), undefined, /looks like a key/],
    ['a newer glibc', file => void file.write('\0GLIBC_2.40\0', 0x1000, 'latin1'), undefined, /needs glibc 2\.40/],
    ['musl', () => {}, 'linux-x64-musl', /loader/],
  ])('%s is a fault', (_, change, target, fault) => expect(faults(change, target).join()).toMatch(fault))
  test('versions', () => {
    expect(formatOf(executable)?.processor).toBe(process.arch)
    expect(compareVersions(leastGlibc(executable), '2.17')).toBeGreaterThanOrEqual(0)
    expect(compareVersions('2.9', '2.28')).toBeLessThan(0)
  })
})

describe('completions', () => {
  const complete = (line: string) => {
    const words = line.split(' ')
    const script = `${bash()}
COMP_WORDS=(${words.map(word => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}
_emacs_agent_backend; printf '%s\\n' "\${COMPREPLY[@]}"`
    const { status, stdout, stderr } = spawnSync('bash', ['-c', script], { encoding: 'utf8' })
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    return stdout.trim().split('\n')
  }
  test.each([
    ['emacs-agent-backend tra', ['transcripts']],
    ['emacs-agent-backend transcripts s', ['search', 'show']],
    ['emacs-agent-backend serve --no', ['--no-auth']],
    ['emacs-agent-backend help conf', ['config']],
    ['emacs-agent-backend --log-level debug run --js', ['--json']],
  ])('bash: %s', (line, words) => expect(complete(line)).toEqual(words))
  test.each(['zsh', 'fish'] as const)('%s has every command and takes the script', shell => {
    const script = { zsh, fish }[shell]()
    for (const name of COMMAND_NAMES) expect(script).toContain(name.split(' ')[0]!)
    if (!lacks(shell)) expect(spawnSync(shell, ['-n'], { input: script }).status).toBe(0)
  })
})

const PAGE = manPage(version, '2026-11-27')
test('the man page names every command', () => {
  for (const name of COMMAND_NAMES) expect(PAGE).toContain(`.SS "${name.replaceAll('-', '\\-')}`)
})
test.skipIf(lacks('groff'))('groff has no complaint about the man page (needs groff)', () => {
  const { status, stderr } = spawnSync('groff', ['-man', '-Tutf8', '-ww', '-z'], { input: PAGE, encoding: 'utf8' })
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
})

describe('notices', () => {
  const paths = ['hono', 'openai', 'smol-toml'].map(name => join(ROOT, 'node_modules', name, 'dist', 'x.js'))
  test('name each package under its licence, with its text', () => {
    const text = notices(paths)
    expect(text).toMatch(/^Apache-2\.0: openai [\d.]+$/m)
    expect(text).toMatch(/^BSD-3-Clause: smol-toml [\d.]+$/m)
    expect(text).toContain('JavaScriptCore')
    expect(text.match(/^-{78}$/gm)).toHaveLength(3)
  })
  test('a licence that asks for more is refused', () => {
    const root = tempDir({ 'node_modules/bad/package.json': '{"name":"bad","version":"1.0.0","license":"GPL-3.0"}' })
    expect(() => notices([join(root, 'node_modules/bad/index.js')])).toThrow('bad 1.0.0 is under GPL-3.0')
  })
})

test('the SBOM is CycloneDX, names the runtime, and is the same twice', () => {
  const text = sbom(ROOT, DATE)
  const { bomFormat, metadata, components, serialNumber } = JSON.parse(text)
  expect(bomFormat).toBe('CycloneDX')
  expect(metadata).toMatchObject({ timestamp: DATE.toISOString(), component: { name: 'emacs-agent-backend' } })
  expect(components.map(({ name }: { name: string }) => name)).toEqual(
    expect.arrayContaining(['bun', 'hono', 'valibot']),
  )
  expect(serialNumber).toMatch(/^urn:uuid:[0-9a-f-]{36}$/)
  expect(sbom(ROOT, DATE)).toBe(text)
})

test('notes hold the part of the changelog, and every change by its part', () => {
  expect(byPart(['Undo: b', 'no part', 'Undo: a'])).toBe('- Undo\n  - b\n  - a\n- Other\n  - no part')
  const changelog = '# Changelog\n\n## [Unreleased]\n\nnew\n\n## [1.0.0] - 2026-01-01\n\nold\n'
  expect(releaseNotes('1.1.0', changelog, ROOT)).toStartWith('# 1.1.0\n\nnew\n\n## Every change\n')
  expect(releaseNotes('1.0.0', changelog, ROOT)).toStartWith('# 1.0.0\n\nold\n\n## Every change\n')
})

for (const [format, program] of [
  ['tar.xz', 'xz'],
  ['tar.gz', 'gzip'],
  ['zip', 'zip'],
] as const)
  test.skipIf(lacks(program))(`the same files give the same ${format} (needs ${program})`, async () => {
    const hashes = []
    for (const names of [
      ['a', 'b'],
      ['b', 'a'],
    ]) {
      const root = tempDir()
      mkdirSync(join(root, 'folder/bin'), { recursive: true })
      for (const name of names) writeFileSync(join(root, 'folder/bin', name), name)
      await pack(root, 'folder', join(root, 'out', `x.${format}`), DATE)
      hashes.push(
        createHash('sha256')
          .update(readFileSync(join(root, 'out', `x.${format}`)))
          .digest('hex'),
      )
    }
    expect(hashes[0]).toBe(hashes[1]!)
  })

test.skipIf(lacks('xz') || lacks('busybox'))('BusyBox unpacks what is for musl (needs xz, busybox)', async () => {
  for (const target of TARGETS.filter(it => it.endsWith('musl'))) {
    const root = tempDir({ [`x-${target}/bin/a`]: 'machine code' })
    await pack(root, `x-${target}`, join(root, 'x.tar.xz'), DATE)
    const { status, stdout } = spawnSync('busybox', ['tar', '-xJOf', 'x.tar.xz', `x-${target}/bin/a`], { cwd: root })
    expect({ status, stdout: String(stdout) }).toEqual({ status: 0, stdout: 'machine code' })
  }
})

test('every system has an archive that it opens as it comes: Windows 10 opens .zip alone', () => {
  for (const target of TARGETS)
    expect(formatsOf(target)).toContain(
      target.startsWith('windows') ? '.zip' : target.endsWith('musl') ? '.tar.xz' : '.tar.gz',
    )
})

test('sums are checked by sha256sum, and signed with a key', async () => {
  const root = tempDir({ a: 'a', b: 'b' })
  const key = join(tempDir(), 'key')
  spawnSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key])
  await sumsOf(root, existsSync(key) ? key : undefined)
  expect(spawnSync('sha256sum', ['-c', 'SHA256SUMS'], { cwd: root }).status).toBe(0)
  if (existsSync(key))
    expect(readFileSync(join(root, 'SHA256SUMS.sig'), 'utf8')).toStartWith('-----BEGIN SSH SIGNATURE')
})

describe('recipes', () => {
  const hashes = new Map(TARGETS.map((target, i) => [target as string, String(i).repeat(64)]))
  const filled = recipes(join(ROOT, 'scripts/packaging'), '1.2.3', hashes)
  test('are filled in, each', () => {
    expect(Object.keys(filled).map(path => path.split('/')[0]!)).toEqual([
      'acp',
      'aur',
      'guix',
      'homebrew',
      'nix',
      'scoop',
    ])
    for (const text of Object.values(filled)) {
      expect(text).not.toMatch(/@[A-Z0-9:]+@/)
      expect(text).toContain('1.2.3')
    }
  })
  test('name what there is', () => {
    expect(JSON.parse(filled['scoop/emacs-agent-backend.json']!)).toMatchObject({
      architecture: { '64bit': { hash: hashes.get('windows-x64') } },
    })
    expect(spawnSync('bash', ['-n'], { input: filled['aur/PKGBUILD'] }).status).toBe(0)
    for (const { url } of Object.values<any>(JSON.parse(filled['scoop/emacs-agent-backend.json']!).architecture))
      expect(formatsOf('windows-x64')[0]).toBe(/-(?:x|arm)64(\.\S+)$/.exec(url)?.[1])
    if (!lacks('ruby'))
      expect(spawnSync('ruby', ['-c'], { input: filled['homebrew/emacs-agent-backend.rb'] }).status).toBe(0)
  })
  test('the recipe for the registry of ACP agents names archives that exist, in formats that it accepts', () => {
    const { id, version, distribution } = JSON.parse(filled['acp/agent.json']!)
    expect({ id, version }).toEqual({ id: 'emacs-agent', version: '1.2.3' })
    const archives = TARGETS.flatMap(target =>
      formatsOf(target).map(format => `emacs-agent-backend-1.2.3-${target}${format}`),
    )
    for (const { archive, cmd, args } of Object.values<any>(distribution.binary)) {
      const name = archive.split('/').at(-1)
      expect(archives).toContain(name)
      expect(name).toMatch(/\.(zip|tar\.gz)$/)
      expect(cmd).toStartWith(`./${name.replace(/\.(zip|tar\.gz)$/, '')}/bin/`)
      expect(args).toEqual(['acp'])
    }
    expect(Object.keys(distribution.binary)).toHaveLength(6)
  })
  test('MELPA takes every file of the client', () => {
    const recipe = readFileSync(join(ROOT, 'scripts/packaging/melpa/emacs-agent'), 'utf8')
    expect(recipe).toContain('"src/emacs/*.el"')
    expect(existsSync(join(ROOT, 'src/emacs/emacs-agent.el'))).toBe(true)
  })
})
