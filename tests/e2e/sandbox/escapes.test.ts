import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { ESCAPES } from '../../support/escapes.ts'
import { SANDBOXES } from '../../support/sandboxes.ts'
import { call, type Scripted, startScripted } from '../../support/scripted.ts'
import { tempDir } from '../../support/temp.ts'
import { working } from '../../support/working-session.ts'

const hasPython = spawnSync('python3', ['-c', '']).status === 0

/** Outside of the temporary directory, which the sandbox has a private one of: what is there has to be closed by itself. */
function outsideOfTemporary(): string {
  mkdirSync('/var/lib/emacs-agent-tests', { recursive: true })
  return mkdtempSync('/var/lib/emacs-agent-tests/')
}

describe.each(SANDBOXES)('escapes from %s', (by, isHere, pathOf) => {
  describe.skipIf(!isHere || !hasPython)(`(needs ${by} and python3)`, () => {
    let scripted: Scripted
    let session: Awaited<ReturnType<typeof working>>
    let victim: ChildProcess
    let outside: string
    let connections = 0
    let env: Record<string, string>
    const servers: Server[] = []
    const listen = (address: object | string) =>
      new Promise<Server>(resolve => {
        const server = createServer(socket => {
          connections += 1
          socket.on('error', () => {}).destroy()
        })
        servers.push(server)
        server.listen(address as never, () => resolve(server))
      })
    const alive = () => [victim.exitCode, victim.signalCode, scripted.backend.isAlive]
    const kept = () => [statSync(join(outside, 'kept')).mode, readFileSync(join(outside, 'kept'), 'utf8')]

    beforeAll(async () => {
      outside = process.getuid?.() === 0 ? outsideOfTemporary() : tempDir()
      writeFileSync(join(outside, 'kept'), 'kept\n', { mode: 0o640 })
      const [sock, abstract] = [join(outside, 's.sock'), `escape-${process.pid}-${by}`]
      const server = await listen({ port: 0, host: '127.0.0.1' })
      await listen(sock)
      await listen(`\0${abstract}`)
      victim = spawn('sleep', ['1000'], { cwd: outside, env: { PATH: process.env.PATH, KEEP: 'canary' } })
      const vars = {
        OUT: outside,
        PORT: String((server.address() as { port: number }).port),
        SOCK: sock,
        ABSTRACT: abstract,
        VICTIM: String(victim.pid),
        NAME: abstract,
      }
      scripted = await startScripted({
        config: '# canary\n[sandbox]\nmode = "required"\nauto_approve_sandboxed = true\n',
        env: pathOf(),
      })
      const { home, backend } = scripted
      const secret = (name: string) => {
        mkdirSync(join(home.root, name, '..'), { recursive: true })
        writeFileSync(join(home.root, name), 'canary\n')
      }
      for (const name of ['.ssh/id_ed25519', '.aws/credentials', '.emacs-agent/transcripts/canary']) secret(name)
      secret('.local/state/emacs-agent/canary')
      const homesock = join(home.root, 'agent.sock')
      await listen(homesock)
      env = {
        ...vars,
        HOMESOCK: homesock,
        STATE: home.state,
        CONFIG: home.config,
        BACKEND: String(backend.handshake.pid),
        OURS: String(backend.handshake.port),
      }
      session = await working(
        scripted,
        { '.env': 'canary\n', 'a.txt': 'a\n' },
        {
          env,
        },
      )
    })
    afterAll(() => {
      victim?.kill('SIGKILL')
      for (const server of servers) server.close()
      if (outside?.startsWith('/var/lib')) rmSync(outside, { recursive: true, force: true })
    })

    test.each(Object.keys(ESCAPES))('%s: none gets out', async kind => {
      const [before, seen] = [kept(), connections]
      const names = Object.keys(ESCAPES[kind]!)
      writeFileSync(join(session.project, '.env'), 'canary\n')
      writeScripts(session.project, kind)
      const { how, told } = await session.make(call('shell_exec', { command: 'bash all.sh', timeout_seconds: 120 }))
      expect(how).toBe('auto')
      expect(reported(told).map(([name]) => name)).toEqual(names)
      const out = reported(told).flatMap(([name, text]) => (/ESCAPED|canary/.test(text) ? [name] : []))
      const hardly = HELD_NOT[by]?.[kind] ?? []
      expect(out.filter(name => !hardly.includes(name))).toEqual([])
      if (!hardly.length) expect(kept()).toEqual(before)
      expect(connections).toBe(seen)
      expect(alive()).toEqual([null, null, true])
    })

    const controls = by === 'bubblewrap' ? ['reads secrets', 'network'] : []
    test.each(controls)('%s: without it most of them do', kind => {
      const directory = tempDir({ '.env': 'canary\n' })
      writeScripts(directory, kind)
      const home = { HOME: scripted.home.root, PATH: process.env.PATH ?? '' }
      const { stdout } = spawnSync('bash', ['all.sh'], { cwd: directory, env: { ...home, ...env }, encoding: 'utf8' })
      const out = reported(stdout).filter(([, text]) => text.includes('ESCAPED'))
      expect(out.length / Object.keys(ESCAPES[kind]!).length).toBeGreaterThan(0.4)
    })
  })
})

/** What Landlock has no right for: it knows who may read and write, not who may describe. */
const HELD_NOT: Record<string, Record<string, string[]>> = {
  landlock: { 'writes outside': ['other permissions', 'another time'] },
}

/** Each attempt by itself, with its name before what it prints. */
function writeScripts(directory: string, kind: string) {
  const scripts = Object.entries(ESCAPES[kind]!)
  for (const [at, [, script]] of scripts.entries()) writeFileSync(join(directory, `attempt-${at}.sh`), script)
  const lines = scripts.map(
    ([name], at) => `echo '## ${name}'; timeout 10 bash attempt-${at}.sh 2>&1 | head -c 300; echo`,
  )
  writeFileSync(join(directory, 'all.sh'), lines.join('\n'))
}

const reported = (told: string): [name: string, text: string][] =>
  told
    .split(/^## /m)
    .slice(1)
    .map(part => [part.split('\n', 1)[0]!, part])

test('there are at least sixty attempts', () => {
  expect(Object.values(ESCAPES).flatMap(kind => Object.keys(kind)).length).toBeGreaterThanOrEqual(60)
})
