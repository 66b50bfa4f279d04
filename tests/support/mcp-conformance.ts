/**
 * The client that the official conformance suite drives: the built binary, in a home of its own, with the server whose URL
 * is the last argument, and a model that calls every tool of it. We are the person, over HTTP: one who approves what asks,
 * fills in forms, and signs in as a browser would.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { stringify } from 'smol-toml'
import { PRODUCT, start } from '../../scripts/bench/running.ts'
import { browse } from './mcp-http.ts'
import { chat, type Said } from './model-replies.ts'
import { type Asked, startModelServer } from './model-server.ts'
import { tempDir } from './temp.ts'

const url = process.argv.at(-1)!
type Given = {
  client_id?: string
  client_secret?: string
  /** What to call tools with, where the scenario is about that. */
  toolCalls?: { name: string; arguments: Record<string, unknown> }[]
}
const given: Given = JSON.parse(process.env.MCP_CONFORMANCE_CONTEXT ?? '{}')
const oauth = given.client_id
  ? { client_id: given.client_id, ...(given.client_secret && { client_secret: given.client_secret }) }
  : { client_metadata_url: 'https://conformance-test.local/client-metadata.json' }

type Schema = { type?: string; enum?: unknown[]; default?: unknown } & {
  properties?: Record<string, Schema>
  required?: string[]
}
const VALUES: Record<string, unknown> = { integer: 2, number: 5, boolean: true, array: [], object: {}, string: 'test' }
const valueFor = (schema: Schema | undefined) => schema?.enum?.[0] ?? VALUES[schema?.type ?? 'string']
const filled = (schema: Schema, names: string[]) =>
  Object.fromEntries(names.map(name => [name, valueFor(schema.properties?.[name])]))

/** Something of the right kind for each parameter, unless there are many. */
function argumentsFor(tool: string, schema: Schema): Record<string, unknown> {
  const names = Object.keys(schema.properties ?? {})
  const wanted = given.toolCalls?.find(call => call.name === tool)?.arguments
  return wanted ?? filled(schema, names.length <= 12 ? names : (schema.required ?? []))
}

/** What has no default of its own must be said. */
const formFor = ({ properties = {}, ...schema }: Schema) =>
  filled(
    { properties },
    (schema.required ?? []).filter(name => properties[name]?.default === undefined),
  )

type Definition = { function: { name: string; parameters: Schema } }
type Call = { name: string; args: object }
let calls: Call[] | undefined

/** Calls each tool once, by its native name where it has one, else through the three that lead to it. */
async function speak({ body }: Asked): Promise<string[]> {
  const native = (body.tools as Definition[]).filter(tool => tool.function.name.startsWith('conformance__'))
  calls ??= native.map(({ function: { name, parameters } }) => ({
    name,
    args: argumentsFor(name.replace('conformance__', ''), parameters),
  }))
  if (native.length === 0 && calls.length === 0) {
    const told = body.messages.at(-1)
    const known = told.role === 'tool' && told.content.matchAll(/^ *conformance\/([\w.-]+),?(.*)/gm)
    if (!known) return say({ calls: [{ name: 'find_tools', args: (await isUp()) ? { server: 'conformance' } : {} }] })
    for (const [, name, signature] of known)
      calls.push({
        name: 'call_tool',
        args: { tool: `conformance/${name}`, args: argumentsFor(name, read(signature)) },
      })
    if (calls.length === 0) return say({ text: 'There are none.' })
    calls.push({ name: 'find_tools', args: {} })
  }
  const next = calls.shift()
  return say(next ? { calls: [next] } : { text: 'done' })
}
const say = (said: Said) => chat(said)

/** A signature as a schema: `a b?:int` */
const read = (signature: string): Schema => {
  const params = [...signature.split(',')[0]!.matchAll(/(\w+)(\??)(?::(\w+))?/g)]
  const kinds: Record<string, string> = { int: 'integer', num: 'number', bool: 'boolean', obj: 'object' }
  return {
    properties: Object.fromEntries(params.map(([, name, , type]) => [name, { type: kinds[type ?? ''] ?? 'string' }])),
  }
}

const home = tempDir()
const model = await startModelServer(...Array.from({ length: 60 }, () => speak))
const config = {
  model: 'test/model',
  providers: { test: { kind: 'openai-compatible', base_url: `${model.url}/v1`, api_key: 'test-key-0123456789' } },
  mcp_servers: [{ name: 'conformance', url, oauth, timeout_seconds: 20 }],
}
mkdirSync(join(home, '.config/emacs-agent'), { recursive: true })
writeFileSync(join(home, '.config/emacs-agent/emacs-agent.toml'), stringify(config))
const backend = await start(PRODUCT, home)

const row = async () =>
  (await backend.call(`GET /api/mcp?project=${encodeURIComponent(home)}`)).servers.find(
    (row: { name: string }) => row.name === 'conformance',
  )

/** Once it is decided. */
async function isUp(): Promise<boolean> {
  for (;;) {
    const { status } = await row()
    if (status !== 'starting') return status === 'ready'
    await new Promise(resolve => setTimeout(resolve, 50))
  }
}

const { session_id } = await backend.call('POST /api/sessions', { project_path: home })
const session = `/api/sessions/${session_id}`
const events = await fetch(`${backend.url}${session}/events`, { headers: { ...backend.headers, 'last-event-id': '0' } })
await backend.call(`POST ${session}/prompt`, { text: 'Use every tool.' })

let failed = 0
async function react(event: any): Promise<void> {
  if (event.type === 'tool.call' && event.requires_approval)
    await backend.call(`POST ${session}/approve`, { tool_call_id: event.tool_call_id })
  if (event.type === 'question') {
    if (event.url) await browse(event.url)
    const content = event.url ? {} : { content: formFor(event.schema) }
    const answer = { question_id: event.question_id, action: 'accept', ...content }
    // A browser that came back has answered already.
    await backend.call(`POST ${session}/answer`, answer).catch(error => event.url || Promise.reject(error))
  }
  if (event.type === 'tool.result') {
    if (event.status !== 'success') failed++
    console.error(`${event.tool}: ${event.status} ${event.message}`)
  }
  if (event.type === 'error') console.error(`${event.code}: ${event.message}`)
}

let text = ''
const decoder = new TextDecoder()
for await (const chunk of events.body as unknown as AsyncIterable<Uint8Array>) {
  text += decoder.decode(chunk, { stream: true })
  const frames = text.split('\n\n')
  text = frames.pop()!
  const data = frames.flatMap(frame => /^data: (.*)$/m.exec(frame)?.[1] ?? []).map(line => JSON.parse(line))
  for (const event of data) void react(event)
  if (data.some(event => event.type === 'turn.end')) break
}
const last = await row()
console.error(JSON.stringify(last))
await backend.stop()
await model.close()
process.exit(last?.status === 'failed' || failed > 0 ? 1 : 0)
