import { join } from 'node:path'
import { stringify } from 'smol-toml'
import type { Backend, EventStream } from './backend.ts'
import { PEER } from './mcp.ts'
import type { PeerOptions } from './mcp-peer.ts'
import { call, pending, type Scripted, startScripted } from './scripted.ts'
import { tempDir } from './temp.ts'

/** Entries of `[[mcp_servers]]` as people write them. */
export type Entry = Record<string, unknown> & { name: string }

/** The hand-written peer as an entry. */
export const peerEntry = (options: PeerOptions = {}, more: Partial<Entry> = {}): Entry => ({
  name: 'peer',
  command: process.execPath,
  args: [PEER, JSON.stringify(options)],
  ...more,
})

/** One of the servers beside this file, made with an SDK: `sdk1`, `sdk2`. */
export const madeEntry = (name: 'sdk1' | 'sdk2', more: Partial<Entry> = {}): Entry => ({
  name,
  command: process.execPath,
  args: [join(import.meta.dir, `mcp-${name}.ts`)],
  ...more,
})

/** The built backend with these servers, and a model that says its lines. */
export const startServed = (
  servers: Entry[],
  options: { config?: string; env?: Record<string, string>; argv?: string[] } = {},
): Promise<Scripted> =>
  startScripted({ ...options, config: `${options.config ?? ''}\n${stringify({ mcp_servers: servers })}` })

export type Talk = Awaited<ReturnType<typeof talk>>

/** A session followed from its first event, whose model calls one tool a turn. */
export async function talk({ backend, model, says }: Scripted, more: object = {}, project = tempDir()) {
  const id = await backend.session(project, more)
  const path = `/api/sessions/${id}`
  const stream = await backend.events(`${path}/events`, 0)
  await stream.next('agent.state')
  const post = (action: string, body?: object) => backend.call(`POST ${path}/${action}`, body)
  /** Prompts; the model calls the tool. Returns where the turn begins in the stream. */
  async function start(tool: string, args: object = {}): Promise<number> {
    const from = stream.frames.length
    says(call(tool, args), { text: 'done' })
    await post('prompt', { text: `call ${tool}` })
    return from
  }
  /** A whole turn with one call; what asks is approved, as `decision` says. The result, with its announcement. */
  async function run(tool: string, args: object = {}, decision: object | 'reject' = {}): Promise<Result> {
    const from = await start(tool, args)
    const announced = await stream.next('tool.call', from)
    if (announced.data.requires_approval) {
      const { tool_call_id } = announced.data
      if (decision === 'reject') await post('reject', { tool_call_id })
      else await post('approve', { tool_call_id, ...decision })
    }
    const { data } = await stream.next('tool.result', from)
    await stream.idle(from)
    return { ...data, call: announced.data, told: JSON.stringify(model.requests.at(-1)!.body.messages) }
  }
  const view = async () => (await backend.call(`GET ${path}`)).body
  return { id, project, stream, post, view, start, run }
}
/** An event, as it came. */
export type Result = any

export const rowOf = async (backend: Backend, name: string, project?: string): Promise<Result> => {
  const query = project === undefined ? '' : `?project=${encodeURIComponent(project)}`
  const { body } = await backend.call(`GET /api/mcp${query}`)
  return body.servers.find((row: { name: string }) => row.name === name)
}

export { type EventStream, pending }
