/**
 * The client that the official conformance suite drives: our pool, told to use every tool of the server whose URL is the
 * last argument. Signing in is done by following the address as a browser would.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defaultServer } from '../../src/config/settings.ts'
import { createPool } from '../../src/mcp/pool.ts'
import type { Tool, ToolContext } from '../../src/tools/tool.ts'
import { contextFor, perform } from './mcp.ts'

const url = process.argv.at(-1)!
type Given = {
  client_id?: string
  client_secret?: string
  /** What to call tools with, where the scenario is about that. */
  toolCalls?: { name: string; arguments: Record<string, unknown> }[]
}
const context = JSON.parse(process.env.MCP_CONFORMANCE_CONTEXT ?? '{}') as Given
const state = mkdtempSync(join(tmpdir(), 'mcp-conformance-'))
const oauth = context.client_id
  ? { client_id: context.client_id, client_secret: context.client_secret }
  : { client_metadata_url: 'https://conformance-test.local/client-metadata.json' }

const pool = createPool({
  servers: () => [{ ...defaultServer('conformance'), url, oauth, timeout_seconds: 20, origin: 'conformance' }],
  dirs: { state, home: state },
  env: {},
  version: '1.0.0',
  log: message => console.error(message),
  list_wait_ms: 20_000,
  native_budget: 1_000_000,
})

/** A person who says yes, and a browser that follows redirects to the end. */
const ask: ToolContext['ask'] = async question => {
  if (!question.url) return { action: 'accept', content: {} }
  for (let at: string | null = question.url, hops = 0; at && hops < 5; hops++) {
    const response: Response = await fetch(at, { redirect: 'manual' })
    await response.text()
    at = response.headers.get('location')
  }
  return { action: 'accept' }
}

/** Something of the right kind for each required parameter. */
function sample(tool: Tool): Record<string, unknown> {
  const { properties = {}, required = [] } = tool.parameters as {
    properties?: Record<string, { type?: string; enum?: unknown[] }>
    required?: string[]
  }
  const values: Record<string, unknown> = {
    integer: 2,
    number: 5,
    boolean: true,
    array: [],
    object: {},
    string: 'test',
  }
  const all = Object.keys(properties).length <= 12 ? Object.keys(properties) : required
  return Object.fromEntries(
    all.map(name => [name, properties[name]?.enum?.[0] ?? values[properties[name]?.type ?? 'string']]),
  )
}

const argumentsFor = (tool: Tool) =>
  context.toolCalls?.find(call => tool.name.endsWith(`/${call.name}`))?.arguments ?? sample(tool)

let failed = 0
for (const tool of await pool.tools(state, 'session', ask))
  try {
    const { content } = await perform(tool, argumentsFor(tool), contextFor({ ask }))
    console.error(`${tool.name}: ${content.slice(0, 200)}`)
  } catch (error) {
    failed++
    console.error(`${tool.name}: ${error}`)
  }
const [row] = await pool.status()
console.error(JSON.stringify(row))
await pool.close()
rmSync(state, { recursive: true })
process.exit(row?.status === 'failed' || failed > 0 ? 1 : 0)
