import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { ESCAPES } from '../../support/escapes.ts'
import { hasBubblewrap, hasLandlock, pathWithout } from '../../support/sandboxes.ts'
import { call, type Scripted, startScripted } from '../../support/scripted.ts'
import { tempDir } from '../../support/temp.ts'
import { working } from '../../support/working-session.ts'

const hasPython = spawnSync('python3', ['-c', '']).status === 0

/** Outside of the temporary directory, which the sandbox has a private one of: what is there has to be closed by itself. */
function outsideOfTemporary(): string {
  mkdirSync('/var/lib/emacs-agent-tests', { recursive: true })
  return mkdtempSync('/var/lib/emacs-agent-tests/')
}

describe.each([
  ['bubblewrap', hasBubblewrap, () => process.env.PATH ?? ''],
  ['landlock', hasLandlock, () => pathWithout('bwrap')],
] as const)('escapes from %s', (by, isHere, path) => {
  describe.skipIf(!isHere || !hasPython)(`(needs ${by} and python3)`, () => {
    let scripted: Scripted
    let session: Awaited<ReturnType<typeof working>>
    let victim: ChildProcess
    let outside: string
    let connections = 0
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
        env: { PATH: path() },
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
      session = await working(
        scripted,
        { '.env': 'canary\n', 'a.txt': 'a\n' },
        {
          env: {
            ...vars,
            HOMESOCK: homesock,
            STATE: home.state,
            CONFIG: home.config,
            BACKEND: String(backend.handshake.pid),
            OURS: String(backend.handshake.port),
          },
        },
      )
    })
    afterAll(() => {
      victim?.kill('SIGKILL')
      for (const server of servers) server.close()
      if (outside?.startsWith('/var/lib')) rmSync(outside, { recursive: true, force: true })
    })

    const attempts = Object.entries(ESCAPES).flatMap(([kind, list]) =>
      Object.entries(list).map(([name, script]) => [`${kind}: ${name}`, script] as const),
    )
    test.each(attempts)('%s', async (_, script) => {
      const before = kept()
      const seen = connections
      writeFileSync(join(session.project, 'attempt.sh'), script)
      writeFileSync(join(session.project, '.env'), 'canary\n')
      const { how, told } = await session.make(call('shell_exec', { command: 'bash attempt.sh', timeout_seconds: 20 }))
      expect(how).toBe('auto')
      expect(told).not.toContain('ESCAPED')
      expect(told).not.toContain('canary')
      expect(kept()).toEqual(before)
      expect(connections).toBe(seen)
      expect(alive()).toEqual([null, null, true])
    })
  })
})
