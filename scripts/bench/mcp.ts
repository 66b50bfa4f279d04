/**
 * What MCP connections cost on our side: times to connect, list and call, over the raw pipe, and memory of idle ones. Runs by
 * itself: `bun scripts/bench/mcp.ts`. The server is the hand-written peer of the tests.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { createChildren } from '../../src/base/children.ts'
import type { McpServerConfig } from '../../src/config/config.ts'
import { createPool } from '../../src/mcp/pool.ts'
import type { Tool } from '../../src/tools/tool.ts'
import { contextFor, PEER, peer, perform } from '../../tests/support/mcp.ts'
import { atMost, median, mib, ms, type Row, table, timed } from './measure.ts'

const CALLS = 2000
const IDLE = 20

async function withPool<T>(
  servers: McpServerConfig[],
  work: (dir: string, pool: ReturnType<typeof createPool>) => Promise<T>,
): Promise<T> {
  const dir = mkdtempSync(join(tmpdir(), 'mcp-bench-'))
  const children = createChildren(join(dir, 'children'))
  const pool = createPool({
    children,
    servers: () => servers,
    dirs: { state: dir, home: dir },
    env: () => ({ PATH: process.env.PATH ?? '' }),
    version: '0.0.0',
    log: () => {},
    list_wait_ms: 30_000,
    native_budget: 1_000_000,
  })
  try {
    return await work(dir, pool)
  } finally {
    await pool.close()
    rmSync(dir, { recursive: true, force: true })
  }
}

async function echoTimes(call: (text: string) => Promise<unknown>): Promise<number[]> {
  for (let i = 0; i < 200; i++) await call('warm')
  const samples: number[] = []
  for (let i = 0; i < CALLS; i++) samples.push(await timed(() => call(`hello ${i}`)))
  return samples
}

/** The same calls, written to and read from the pipe by hand. */
async function rawEcho(): Promise<{ connect: number; samples: number[] }> {
  const start = performance.now()
  const child = spawn(process.execPath, [PEER, '{}'], { stdio: ['pipe', 'pipe', 'ignore'] })
  const waiting = new Map<number, () => void>()
  createInterface(child.stdout).on('line', line => waiting.get(JSON.parse(line).id)?.())
  let id = 0
  const request = (method: string, params: object) =>
    new Promise<void>(resolve => {
      waiting.set(++id, resolve)
      child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`)
    })
  await request('initialize', {
    protocolVersion: '2025-11-25',
    capabilities: {},
    clientInfo: { name: 'raw', version: '1' },
  })
  const connect = performance.now() - start
  const samples = await echoTimes(text => request('tools/call', { name: 'echo', arguments: { text } }))
  child.kill()
  return { connect, samples }
}

const toolNamed = (tools: Tool[], name: string) => tools.find(tool => tool.name === name)!

export async function measureCalls(): Promise<Row[]> {
  await withPool([peer()], (dir, pool) => pool.tools(dir, 'warm')) // loads the SDK
  const raw = await rawEcho()
  return withPool([peer()], async (dir, pool) => {
    const first = await timed(() => pool.tools(dir, 's'))
    const listed = await timed(() => pool.listed(dir))
    const echo = toolNamed(await pool.tools(dir, 's'), 'peer/echo')
    const context = contextFor()
    const ours = await echoTimes(text => perform(echo, { text }, context))
    const big = toolNamed(await pool.tools(dir, 's'), 'peer/big')
    const tenMegabytes = await timed(() => perform(big, { bytes: 10_000_000 }, context))
    return [
      { what: 'start, handshake and list of 17 tools', value: ms(first), bare: ms(raw.connect) },
      { what: 'list from memory', value: ms(listed) },
      { what: 'echo, p50', value: ms(median(ours)), bare: ms(median(raw.samples)) },
      atMost('our overhead a call, p50', median(ours) - median(raw.samples), 0.1, ms),
      { what: 'an answer of 10 MB', value: ms(tenMegabytes) },
    ]
  })
}

/** Anonymous memory of this process, in MiB; Linux only. */
const anonymous = (): number => {
  Bun.gc(true)
  return Number(/RssAnon:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? Number.NaN) / 1024
}

export async function measureMemory(): Promise<Row[]> {
  if (process.platform !== 'linux') return []
  const servers = Array.from({ length: IDLE }, (_, i) => peer({}, { name: `peer-${i}` }))
  await withPool([peer()], (dir, pool) => pool.tools(dir, 'warm'))
  const before = anonymous()
  return withPool(servers, async (dir, pool) => {
    await pool.tools(dir, 's')
    await new Promise(resolve => setTimeout(resolve, 1000)) // what the start left behind is collected
    const each = (anonymous() - before) / IDLE
    return [{ what: `an idle connection, on our side (of ${IDLE})`, value: mib(each) }]
  })
}

/** All of it; whether every target was met. */
export async function benchMcp(): Promise<boolean> {
  // Memory first: what the calls leave behind would hide it.
  const memory = table('MCP, memory', await measureMemory())
  const calls = table('MCP over stdio (bare: by hand over the pipe)', await measureCalls())
  return memory && calls
}

if (import.meta.main) process.exit((await benchMcp()) ? 0 : 1)
