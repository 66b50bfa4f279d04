import { describe, expect, test } from 'bun:test'
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { atEnd } from '../support/at-end.ts'
import { tempDir } from '../support/temp.ts'

const SCRIPT = join(import.meta.dirname, '../../scripts/install.sh')
const NAME = 'emacs-agent-backend'
const SYSTEMS = ['linux-x64', 'linux-x64-musl', 'linux-arm64', 'darwin-x64', 'darwin-arm64']
const closing: (() => void)[] = []
atEnd(() => {
  for (const close of closing.splice(0)) close()
})

/** What one release holds: a program that says its version, and files beside it. */
async function archive(version: string, more: Record<string, string> = {}, status = 0) {
  const folder = `${NAME}-${version}`
  const program = `#!/bin/sh\necho "${NAME} ${version}"\nexit ${status}\n`
  const root = tempDir(
    Object.fromEntries(
      Object.entries({ [`bin/${NAME}`]: program, ...more }).map(([path, text]) => [`${folder}/${path}`, text]),
    ),
  )
  Bun.spawnSync(['chmod', '+x', join(root, folder, 'bin', NAME)])
  const tar = Bun.spawnSync(['tar', '-czf', '-', '-C', root, folder])
  expect(tar.exitCode).toBe(0)
  return Buffer.from(tar.stdout)
}

/** Serves releases as GitHub does: by version, and the last as the latest. */
async function serve(releases: Record<string, Buffer>, damage: { hash?: boolean; systems?: string[] } = {}) {
  const files = new Map<string, Buffer>()
  for (const [version, bytes] of Object.entries(releases)) {
    const names = (damage.systems ?? SYSTEMS).map(system => `${NAME}-${version}-${system}.tar.gz`)
    const hash = createHash('sha256').update(bytes).digest('hex')
    const sums = names.map(name => `${damage.hash ? '0'.repeat(64) : hash}  ${name}\n`).join('')
    for (const base of [`/download/v${version}`, '/latest/download']) {
      for (const name of names) files.set(`${base}/${name}`, bytes)
      files.set(`${base}/SHA256SUMS`, Buffer.from(sums))
    }
  }
  const server = createServer(({ url = '' }, reply) => {
    const found = files.get(url)
    reply.writeHead(found ? 200 : 404).end(found)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  closing.push(() => server.close().closeAllConnections())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function install(home: string, args: string[], env: Record<string, string> = {}) {
  const temp = tempDir()
  const child = spawn('sh', [SCRIPT, ...args], {
    cwd: home,
    env: { HOME: home, PATH: process.env.PATH, TMPDIR: temp, ...env },
  })
  let [stdout, stderr] = ['', '']
  child.stdout.on('data', chunk => (stdout += chunk))
  child.stderr.on('data', chunk => (stderr += chunk))
  return new Promise<{ code: number | null; stdout: string; stderr: string }>(resolve =>
    child.on('close', code => {
      expect(readdirSync(temp)).toEqual([])
      resolve({ code, stdout, stderr })
    }),
  )
}

const filesOf = (root: string) =>
  (existsSync(root) ? readdirSync(root, { recursive: true, withFileTypes: true }) : [])
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name).slice(root.length + 1))
    .sort()

describe('install.sh', () => {
  test('installs the latest below ~/.local, upgrades what is there, and removes it', async () => {
    const home = tempDir({ '.local/bin/other': 'stays', '.local/share/man/man1/other.1': 'stays' })
    const before = filesOf(home)
    const old = await serve({ '1.0.0': await archive('1.0.0', { 'share/old/only.txt': 'old' }) })
    const first = await install(home, [], { EMACS_AGENT_URL: old })
    expect(first).toMatchObject({ code: 0, stderr: '' })
    expect(first.stdout).toBe(`${NAME} 1.0.0 is in ${home}/.local/bin.\nPut ${home}/.local/bin on your PATH.\n`)
    expect(filesOf(home)).toContain('.local/share/old/only.txt')

    const url = await serve({ '1.1.0': await archive('1.1.0', { [`share/man/man1/${NAME}.1`]: 'page' }) })
    expect(await install(home, ['--url', `${url}/`], { PATH: `${home}/.local/bin:${process.env.PATH}` })).toEqual({
      code: 0,
      stdout: `${NAME} 1.1.0 is in ${home}/.local/bin.\n`,
      stderr: '',
    })
    const ours = [`.local/bin/${NAME}`, `.local/share/${NAME}/installed`, `.local/share/man/man1/${NAME}.1`]
    expect(filesOf(home)).toEqual([...before, ...ours].sort())
    expect(existsSync(join(home, '.local/share/old'))).toBe(false)

    expect(await install(home, ['--uninstall'])).toMatchObject({ code: 0, stderr: '' })
    expect(filesOf(home)).toEqual(before)
    const again = await install(home, ['--uninstall'])
    expect(again).toMatchObject({ code: 1, stdout: '' })
    expect(again.stderr).toContain(`${home}/.local`)
  })

  test('takes a prefix with spaces and an older version', async () => {
    const home = tempDir()
    const url = await serve({ '1.0.0': await archive('1.0.0'), '2.0.0': await archive('2.0.0') })
    const { code } = await install(home, ['--prefix=a place', '--version', 'v1.0.0', `--url=${url}`])
    expect(code).toBe(0)
    expect(readFileSync(join(home, 'a place/bin', NAME), 'utf8')).toContain('1.0.0')
  })

  test.skipIf(process.platform !== 'linux').each([
    ['musl libc (x86_64)', '-musl'],
    ['ldd (GNU libc) 2.36', ''],
  ])('the system is what its ldd says (needs Linux): %s', async (said, libc) => {
    const home = tempDir({ 'bin/ldd': `#!/bin/sh\necho '${said}' >&2\nexit 1\n` })
    Bun.spawnSync(['chmod', '+x', join(home, 'bin/ldd')])
    const url = await serve({ '1.0.0': await archive('1.0.0') }, { systems: ['plan9-vax'] })
    const PATH = `${join(home, 'bin')}:${process.env.PATH}`
    const { stderr } = await install(home, ['--url', url], { PATH })
    expect(stderr).toContain(`names no archive for linux-${process.arch}${libc}\n`)
  })

  const refused: [string, () => Promise<string>, RegExp][] = [
    ['its hash is another', async () => serve({ '1.1.0': await archive('1.1.0') }, { hash: true }), /SHA-256/],
    [
      'there is none for this system',
      async () => serve({ '1.1.0': await archive('1.1.0') }, { systems: ['plan9-vax'] }),
      /names no archive/,
    ],
    ['it does not run', async () => serve({ '1.1.0': await archive('1.1.0', {}, 1) }), /does not run here/],
    ['it is cut off', async () => serve({ '1.1.0': (await archive('1.1.0')).subarray(0, 60) }), /cannot be unpacked/],
    ['there is no release', async () => serve({}), /SHA256SUMS cannot be had/],
  ]
  for (const [why, start, message] of refused)
    test(`what is installed stays where the new one is refused: ${why}`, async () => {
      const home = tempDir()
      expect((await install(home, ['--url', await serve({ '1.0.0': await archive('1.0.0') })])).code).toBe(0)
      const before = filesOf(home)
      const { code, stdout, stderr } = await install(home, ['--url', await start()])
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
      expect(stderr).toMatch(message)
      expect(filesOf(home)).toEqual(before)
      expect(readFileSync(join(home, '.local/bin', NAME), 'utf8')).toContain('1.0.0')
    })

  test('wrong use is refused', async () => {
    const home = tempDir()
    for (const args of [['--prefx', 'x'], ['--prefix'], ['--version', '../1']])
      expect(await install(home, args)).toMatchObject({ code: 2, stdout: '' })
  })
})
