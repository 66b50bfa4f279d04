import { describe, expect, test } from 'bun:test'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
import { startTimeOf } from '../../../src/base/processes.ts'
import { Backend, BINARY, makeHome } from '../../support/backend.ts'
import type { Said } from '../../support/model-replies.ts'
import { call, pending, startScripted } from '../../support/scripted.ts'
import { tempDir } from '../../support/temp.ts'

/** Each process writes its pid into `pids` of the project, and none leaves in the same way. */
const stray = (pids: string, by = '') => `${by} sh -c 'echo $$ >> ${pids}; exec sleep 1000' >/dev/null 2>&1`
const strays = (pids: string) =>
  [
    `${stray(pids)} &`,
    `${stray(pids, 'setsid')} &`,
    `(${stray(pids, 'setsid')} &)`,
    `(${stray(pids, 'env -i setsid')} &)`,
    `(${stray(pids, "trap '' TERM; env -i setsid -f")})`,
    `set -m; ${stray(pids, 'nohup')} &`,
  ].join('\n')
const COUNT = 6
/** Until all of them run. */
const gate = (pids: string) => `\nuntil [ "$(wc -l < ${pids})" -ge ${COUNT} ]; do sleep 0.02; done`

const pidsIn = (path: string) =>
  existsSync(path) ? readFileSync(path, 'utf8').split('\n').filter(Boolean).map(Number) : []
const alive = (path: string) => pidsIn(path).filter(pid => startTimeOf(pid) !== null)
/** Looks again and again; a test that never gets there fails by its time-out. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await Bun.sleep(20)
}

const lack = process.platform === 'linux' && Bun.which('setsid') ? '' : ' (needs /proc and setsid, of Linux)'

describe.skipIf(lack !== '')(`what leaves its process group${lack}`, () => {
  async function start() {
    const scripted = await startScripted()
    const project = tempDir()
    const id = await scripted.backend.session(project)
    const stream = await scripted.backend.events(`/api/sessions/${id}/events`, 0)
    /** Has these calls made, and approves them; resolves when the last one was approved. */
    const make = async (...calls: Said[]) => {
      scripted.says(...calls, { text: 'fin' })
      await scripted.backend.call(`POST /api/sessions/${id}/prompt`, { text: 'go' })
      let from = 0
      for (const _ of calls) {
        const frame = await pending(stream, from)
        from = stream.frames.indexOf(frame) + 1
        const { tool_call_id } = frame.data
        await scripted.backend.call(`POST /api/sessions/${id}/approve`, { tool_call_id })
      }
    }
    return { ...scripted, project, id, stream, make, shell: join(project, 'shell'), job: join(project, 'job') }
  }

  /** A session with a background job and a call that runs, each with all its strays. */
  async function inTheMidst() {
    const session = await start()
    const { make, shell, job } = session
    await make(
      call('shell_background', { command: `${strays(job)}${gate(job)}` }),
      call('shell_exec', { command: `${strays(shell)}\nsleep 1000` }),
    )
    await until(() => alive(shell).length === COUNT && alive(job).length === COUNT)
    return session
  }

  test('ends with its call, which says so', async () => {
    const { make, shell, stream } = await start()
    await make(call('shell_exec', { command: `${strays(shell)}${gate(shell)}; echo done` }))
    const { data } = await stream.next('tool.result')
    expect(pidsIn(shell)).toHaveLength(COUNT)
    expect(alive(shell)).toEqual([])
    expect(data.result.content).toContain('done\n[processes left in the background were ended')
  })

  test('of a job lives on, and ends with the session', async () => {
    const { backend, make, id, job } = await start()
    await make(call('shell_background', { command: `${strays(job)}${gate(job)}` }))
    await until(() => alive(job).length === COUNT)
    expect((await backend.call(`DELETE /api/sessions/${id}`)).status).toBe(200)
    expect(alive(job)).toEqual([])
  })

  test('ends with the server', async () => {
    const { backend, home, shell, job } = await inTheMidst()
    await backend.stop()
    expect([...alive(shell), ...alive(job)]).toEqual([])
    expect(readdirSync(join(home.state, 'children'))).toEqual([])
  })

  test('ends when the backend is killed, without a next start', async () => {
    const { backend, home, shell, job } = await inTheMidst()
    backend.process.kill('SIGKILL')
    await until(() => [...alive(shell), ...alive(job)].length === 0)
    await until(() => readdirSync(join(home.state, 'children')).length === 0)
  })

  test('ends at the next start, when the watcher was killed as well', async () => {
    const { backend, home, shell, job } = await inTheMidst()
    for (const pid of watchersOf(backend.handshake.pid)) process.kill(pid, 'SIGKILL')
    backend.process.kill('SIGKILL')
    await backend.exited
    expect([...alive(shell), ...alive(job)]).toHaveLength(2 * COUNT)
    const next = await Backend.start(home)
    await until(() => [...alive(shell), ...alive(job)].length === 0)
    await until(() => next.stderr.includes('that an earlier backend had left'))
    expect(await next.stop()).toBe(0)
  })

  test('ends with `mcp`, whose client only closes the pipe', async () => {
    const project = tempDir()
    const pids = join(project, 'pids')
    const client = new Client({ name: 'a test', version: '1.0.0' })
    const args = ['mcp', '--project', project, '--allow', 'shell']
    await client.connect(new StdioClientTransport({ command: BINARY, args, env: makeHome().env }))
    await client.callTool({ name: 'shell_background', arguments: { command: strays(pids) } })
    await until(() => alive(pids).length === COUNT)
    await client.close()
    await until(() => alive(pids).length === 0)
  })
})

/** The shells that wait for the end of a backend. */
const watchersOf = (backend: number): number[] =>
  readdirSync('/proc').flatMap(name => {
    if (!/^\d+$/.test(name)) return []
    const words = commandOf(name)
    return words.includes('sweep-children') && words.includes(String(backend)) ? [Number(name)] : []
  })

function commandOf(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
  } catch {
    return [] // it ended meanwhile
  }
}
