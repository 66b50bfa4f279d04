import { beforeAll, describe, expect, test } from 'bun:test'
import { existsSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { stringify } from 'smol-toml'
import { Backend, makeHome } from '../../support/backend.ts'
import { isAlive, journalOf, until } from '../../support/mcp.ts'
import type { PeerOptions } from '../../support/mcp-peer.ts'
import { type Entry, peerEntry, rowOf, startServed, talk } from '../../support/mcp-servers.ts'
import { tempDir } from '../../support/temp.ts'

const FREE = { config: { auto_approve_tools: ['peer/*', 'all/*', 'own/*'] } }
const restart = (backend: Backend, name: string) => backend.call(`POST /api/mcp/${name}/restart`)
const pidOf = (result: { result: { content: string } }): number => JSON.parse(result.result.content).pid

describe('GET /api/mcp', () => {
  test('tells how each server is, from its configuration on', async () => {
    const servers = [
      peerEntry({ stderr: 300 }, { category: 'voice' }),
      peerEntry({}, { name: 'broken', command: '/no/such/program' }),
      peerEntry({ on: { initialize: 'ignore' } }, { name: 'silent' }),
      peerEntry({}, { name: 'off', enabled: false }),
      peerEntry({}, { name: 'unset', env: { A: '${' + 'NOT_SET}' } }),
    ]
    const served = await startServed(servers)
    const { backend } = served
    const { body } = await backend.call('GET /api/mcp')
    expect(body.servers[0]).toEqual({
      name: 'peer',
      category: 'voice',
      status: 'idle',
      transport: 'stdio',
      tool_count: null,
      last_error: null,
      stderr: [],
    })
    expect(body.servers.map((row: Entry) => [row.name, row.status])).toEqual([
      ['peer', 'idle'],
      ['broken', 'idle'],
      ['silent', 'idle'],
      ['off', 'disabled'],
      ['unset', 'idle'],
    ])
    const { run, project, stream, post } = await talk(served, FREE)
    served.says({ text: 'hello' })
    await post('prompt', { text: 'hello' })
    await stream.idle()
    const rows = async () => (await backend.call(`GET /api/mcp?project=${encodeURIComponent(project)}`)).body.servers
    await until(async () => (await rows()).every((row: Entry) => row.status !== 'idle'), 'all were started')
    const of = Object.fromEntries((await rows()).map((row: Entry) => [row.name, row]))
    expect({ ...of.peer }).toMatchObject({
      status: 'ready',
      project_path: project,
      protocol: '2025-11-25',
      tool_count: 17,
      pid: expect.any(Number),
    })
    expect(of.peer.stderr.join('\n')).toContain('eee')
    expect(of.broken).toMatchObject({ status: 'failed', tool_count: null })
    expect(of.broken.last_error).toContain('its program was not found. Install it, or correct the entry')
    expect(of.silent.status).toBe('starting')
    expect(of.unset.last_error).toContain('names variables that are not set (NOT_SET)')
    expect(of.off.status).toBe('disabled')
    expect(pidOf(await run('call_tool', { tool: 'peer/pid' }))).toBe(of.peer.pid)
  }, 180_000)

  test('remembers what a server offers, without starting it', async () => {
    const served = await startServed([peerEntry()])
    await restart(served.backend, 'peer')
    expect(await rowOf(served.backend, 'peer')).toMatchObject({ status: 'ready', tool_count: 17 })
  })
})

describe('POST /api/mcp/:name/restart', () => {
  test('starts a server afresh', async () => {
    const served = await startServed([peerEntry()])
    const { run } = await talk(served, FREE)
    const before = pidOf(await run('peer__pid'))
    expect(await restart(served.backend, 'peer')).toMatchObject({ status: 200, body: { status: 'restarted' } })
    expect(isAlive(before)).toBe(false)
    expect(pidOf(await run('peer__pid'))).not.toBe(before)
  })

  test('of one that does not come up says why: to the caller, and in a line of the log', async () => {
    const { backend } = await startServed([
      peerEntry({ on: { initialize: 'die' } }, { name: 'dying' }),
      peerEntry({}, { name: 'off', enabled: false }),
    ])
    const failed = await restart(backend, 'dying')
    expect(failed).toMatchObject({ status: 502, body: { error: { code: 'MCP_SERVER_ERROR' } } })
    expect(failed.body.error.message).toContain('MCP server dying did not start: it ended with exit code 7')
    expect(backend.stderr).toContain('exit code 7')
    expect(backend.stderr).not.toMatch(/^\s+at /m)
    expect(await restart(backend, 'nobody')).toMatchObject({ status: 404, body: { error: { code: 'NOT_FOUND' } } })
    expect((await restart(backend, 'off')).status).toBe(404)
  })
})

test('one process for all sessions of a project, however it is written; one for all projects; one for each session', async () => {
  const shared = ['project', 'all', 'session'] as const
  const served = await startServed(
    shared.map((shared, i) => peerEntry({}, { name: ['peer', 'all', 'own'][i]!, shared })),
  )
  const [one, two] = [tempDir(), tempDir()]
  const link = join(two, 'link')
  symlinkSync(one, link)
  const sessions = [await talk(served, FREE, one), await talk(served, FREE, link), await talk(served, FREE, two)]
  const pids = async (server: string) => {
    const found: number[] = []
    for (const { run } of sessions) found.push(pidOf(await run(`${server}__pid`)))
    return found
  }
  const [peer, all, own] = [await pids('peer'), await pids('all'), await pids('own')]
  expect(peer[0]).toBe(peer[1]!)
  expect(peer[2]).not.toBe(peer[0])
  expect(new Set(all).size).toBe(1)
  expect(new Set(own).size).toBe(3)
  await served.backend.call(`DELETE /api/sessions/${sessions[0]!.id}`)
  await until(() => !isAlive(own[0]!), "the session's own server is gone")
  expect([peer[0]!, all[0]!, own[1]!].map(isAlive)).toEqual([true, true, true])
}, 180_000)

const lack = process.platform === 'linux' ? '' : ' (needs /proc and setsid, of Linux)'

describe.skipIf(lack !== '')(`nothing survives${lack}`, () => {
  let dir: string
  beforeAll(() => {
    dir = tempDir()
  })

  /** A stubborn server behind a shell, with a daemon that left its group. */
  const family = (journal: string): Entry => {
    const options: PeerOptions = { journal, stubborn: true, daemon: true }
    const args = ['-c', 'trap "" TERM; "$0" "$@"; :', process.execPath, ...(peerEntry(options).args as string[])]
    return { name: 'peer', command: '/bin/sh', args }
  }
  const pidsIn = (journal: string) => journalOf(journal).map(line => Number(line.split(' ')[1]))

  test.each(['SIGTERM', 'end of stdin', 'SIGKILL'])(
    '%s',
    async how => {
      const journal = join(dir, how.replaceAll(' ', '-'))
      const home = makeHome(stringify({ mcp_servers: [family(journal)] }))
      const backend = await Backend.start(home)
      expect((await restart(backend, 'peer')).status).toBe(200)
      expect(pidsIn(journal).map(isAlive)).toEqual([true, true])
      if (how === 'end of stdin') backend.process.stdin.end()
      else backend.process.kill(how as NodeJS.Signals)
      expect(await backend.exited).toBe(how === 'SIGKILL' ? null : 0)
      if (how === 'SIGKILL') {
        expect(pidsIn(journal).map(isAlive)).toEqual([true, true])
        await Backend.start(home) // is asked for nothing
        await until(() => !pidsIn(journal).some(isAlive), 'the next start has ended them')
        await until(() => readdirSync(join(home.state, 'mcp')).every(name => !name.startsWith('children')), 'forgotten')
      }
      expect(pidsIn(journal).map(isAlive)).toEqual([false, false])
    },
    180_000,
  )
})

describe("a project's own servers", () => {
  const marker = (project: string) => join(project, 'started')
  const file = (project: string) =>
    stringify({ mcp_servers: [peerEntry({ journal: marker(project) }), peerEntry({}, { name: 'other' })] })

  test('start only once its owner trusts the file, and not after it has changed', async () => {
    const project = tempDir()
    writeFileSync(join(project, 'emacs-agent.toml'), file(project))
    const served = await startServed([])
    const { backend } = served
    const offered = () => served.model.requests.at(-1)!.body.tools.map((tool: any) => tool.function.name)
    const session = async () => {
      const { id } = await talk(served, {}, project)
      served.says({ text: 'hi' })
      await backend.call(`POST /api/sessions/${id}/prompt`, { text: 'hi', wait: true })
    }
    await session()
    expect(offered()).not.toContain('peer__echo')
    expect(await rowOf(backend, 'peer', project)).toBeUndefined()
    expect(existsSync(marker(project))).toBe(false)

    await trust(served.home.env, project)
    await session()
    expect(offered()).toContain('peer__echo')
    expect(await rowOf(backend, 'peer', project)).toMatchObject({ status: 'ready', project_path: project })
    expect(await rowOf(backend, 'peer', tempDir())).toBeUndefined()

    writeFileSync(join(project, 'emacs-agent.toml'), `${file(project)}\n# changed`)
    await session()
    expect(offered()).not.toContain('peer__echo')
  }, 180_000)

  async function trust(env: Record<string, string>, project: string) {
    const child = new Backend(['trust', project, '--yes'], env, project)
    expect(await child.exited).toBe(0)
  }
})

test('doctor starts each server, and has a remedy for those that fail', async () => {
  const servers = [
    peerEntry(),
    peerEntry({}, { name: 'broken', command: 'no-such-program' }),
    peerEntry({ on: { 'tools/list': 'die' }, stderr: 500 }, { name: 'dying' }),
    peerEntry({}, { name: 'off', enabled: false }),
  ]
  const home = makeHome(stringify({ mcp_servers: servers }))
  const doctor = new Backend(['doctor'], home.env, home.root)
  expect(await doctor.exited).toBe(1)
  const section = /MCP servers\n([\s\S]*?)\n\n/.exec(doctor.stdout)![1]!
  expect(section).toContain('✓ peer: ready, 17 tools')
  expect(section).toMatch(/✗ broken: failed\n\s+MCP server broken.*was not found\. Install it/)
  expect(section).toMatch(/✗ dying: failed\n\s+MCP server dying did not start: it ended with exit code 7/)
  expect(section).toMatch(/stderr: e{100}/)
  expect(section).toContain('· off: disabled')
})
