import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createChildren } from '../../src/base/children.ts'
import type { McpServerConfig } from '../../src/config/config.ts'
import { defaultServer } from '../../src/config/settings.ts'
import { createPool, type Pool, type PoolOptions } from '../../src/mcp/pool.ts'
import type { Tool, ToolContext } from '../../src/tools/tool.ts'
import type { PeerOptions } from './mcp-peer.ts'
import { tempDir } from './temp.ts'

export const PEER = join(import.meta.dir, 'mcp-peer.ts')

/** An entry for the hand-written peer. */
export const peer = (options: PeerOptions = {}, entry: Partial<McpServerConfig> = {}): McpServerConfig => ({
  ...defaultServer('peer'),
  limits: {},
  command: process.execPath,
  args: [PEER, JSON.stringify(options)],
  origin: 'a test',
  ...entry,
})

export type Bench = {
  pool: Pool
  state: string
  project: string
  logs: string[]
  /** All MCP tools of a session; `call` finds one by name and runs it as the loop would. */
  call(tool: string, args?: unknown, more?: Partial<ToolContext>): Promise<Called>
  tools(session_id?: string): Promise<Tool[]>
}
type Called = { content: string; tool: string } & Record<string, unknown>

/** A pool in a directory of its own; closed and removed when `work` is done. */
export async function withPool(
  servers: McpServerConfig[],
  work: (bench: Bench) => Promise<void>,
  options: Partial<PoolOptions> = {},
): Promise<void> {
  const dir = tempDir()
  const logs: string[] = []
  const children = createChildren(join(dir, 'children'))
  const pool = createPool({
    children,
    servers: () => servers,
    dirs: { state: dir, home: dir },
    env: () => ({ PATH: process.env.PATH ?? '', HOME: dir }),
    version: '0.0.0',
    log: message => logs.push(message),
    grace_ms: 200,
    native_budget: 1_000_000,
    list_wait_ms: 20_000,
    ...options,
  })
  const tools = (session_id = 'session') => pool.tools(dir, session_id)
  try {
    await work({
      pool,
      state: dir,
      project: dir,
      logs,
      tools,
      async call(name, args = {}, more = {}) {
        const context = contextFor({ roots: { project: dir, allowed: [], forbidden: [] }, ...more })
        const offered = await tools(context.session_id)
        const tool = offered.find(tool => tool.name === name)
        if (!tool) throw new Error(`no tool ${name} among ${offered.map(tool => tool.name).join(' ')}`)
        return { tool: name, ...(await perform(tool, args, context)) }
      },
    })
  } finally {
    await pool.close()
    await children.close()
  }
}

/** As the loop does it: resolve, parse, look, run. */
export async function perform(tool: Tool, args: unknown, context: ToolContext) {
  const inner = await tool.resolve?.(args, context)
  const target = inner?.tool ?? tool
  const params = target.parse(inner?.params ?? args)
  return target.run(params, context, await target.effect(params, context))
}

export const contextFor = (more: Partial<ToolContext> = {}): ToolContext => ({
  session_id: 'session',
  tool_call_id: 'tc_1',
  roots: { project: '/', allowed: [], forbidden: [] },
  unsaved: new Map(),
  seen: new Map(),
  children: createChildren(join(tempDir(), 'children')),
  env: {},
  signal: new AbortController().signal,
  progress: () => {},
  spillPath: () => null,
  jobs: new Map(),
  toon: true,
  ...more,
})

/** What the peers wrote into their journal: `start 123`. */
export const journalOf = (path: string): string[] => {
  try {
    return readFileSync(path, 'utf8').trim().split('\n')
  } catch {
    return [] // nothing was started
  }
}

/** Living, and no zombie. */
export const isAlive = (pid: number): boolean => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return !['Z', 'X'].includes(stat.slice(stat.lastIndexOf(')') + 2)[0]!)
  } catch {
    return false // no such process
  }
}

/** Resolves when `holds` does; looks often, and gives up with an error after half a minute. */
export async function until(holds: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadline = Date.now() + 30_000
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`still not so: ${what}`)
    await new Promise(resolve => setTimeout(resolve, 10))
  }
}
