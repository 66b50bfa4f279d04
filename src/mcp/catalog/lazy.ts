import { createHash } from 'node:crypto'
import { printable } from '../../base/controls.ts'
import { AppError } from '../../base/errors.ts'
import { head } from '../../base/text.ts'
import { encodeToon } from '../../base/toon.ts'
import { nearest } from '../../config/nearest.ts'
import type { Params } from '../../event.ts'
import type { Tool, ToolContext } from '../../tools/tool.ts'
import { type Absent, ownersOf } from './absent.ts'
import { innerCall, namesIn, textIn } from './asked.ts'
import type { McpTool } from './catalog.ts'
import { cleanSchema } from './clean.ts'
import { createIndex, type Index } from './find.ts'
import { isObject, propertiesOf } from './schema.ts'
import { signatureOf, summaryOf } from './signature.ts'

/** A tool of a server that a session may use. */
export type Entry = { server: string; category: string; name: string; listed: McpTool; tool: Tool }

/** The three constant tools through which a model reaches all others; `entries` and `absent` are asked anew at each call. */
export const lazyTools = (entries: () => Entry[], absent: () => Absent[] = () => []): Tool[] => [
  findTools(entries, absent),
  describeTools(entries, absent),
  callTool(entries, absent),
]

/** How long a search over all servers waits for those that are still starting. */
const PATIENCE_MS = 10_000

/** Waits for `servers`; why those that do not come do not come. */
async function reasons(servers: Absent[], context: ToolContext, patience_ms?: number): Promise<string[]> {
  const outcomes = await Promise.all(servers.map(server => server.arrive(context, patience_ms)))
  return outcomes.filter(reason => reason !== null)
}

const MOST_FOUND = 5
const MOST_LISTED = 60
const SHORT_ABOUT = 90
const LONG_ABOUT = 1500

const findTools = (entries: () => Entry[], absent: () => Absent[]): Tool => ({
  ...reading('find_tools', 'Search MCP tools'),
  proposals: 'sees',
  parameters: { type: 'object', properties: { query: { type: 'string' }, server: { type: 'string' } } },
  async run(params: Params, context) {
    const query = textIn(params, 'query')
    const server = textIn(params, 'server')
    const wanted = absent().filter(one => !server || one.server === server || one.category === server)
    const missing = await reasons(wanted, context, server ? undefined : PATIENCE_MS)
    if (server && missing.length > 0 && !entries().some(entry => isOf(entry, server)))
      throw new AppError('MCP_SERVER_ERROR', missing.join('\n'))
    const within = server ? ofServer(entries(), server) : entries()
    if (query)
      return found(
        indexOf(within)
          .search(query, MOST_FOUND)
          .map(hit => hit.entry),
        query,
        context,
        missing,
      )
    if (server) return found(within.slice(0, MOST_LISTED), server, context, missing)
    const servers = Map.groupBy(within, entry => entry.server)
    const lines = Array.from(servers, ([name, of]) => ({
      server: name,
      category: of[0]!.category,
      tools: of.map(entry => printable(entry.listed.name)),
    }))
    return said([overviewOf(lines) || 'There are no MCP tools.', ...missing].join('\n'))
  },
})

const describeTools = (entries: () => Entry[], absent: () => Absent[]): Tool => ({
  ...reading('describe_tools', 'MCP tool signatures: bare = required string, ? = optional'),
  proposals: 'sees',
  parameters: { type: 'object', properties: { names: { type: 'array', items: { type: 'string' } } } },
  async run(params: Params, context) {
    const names = namesIn(params)
    if (names.length === 0)
      throw new AppError('INVALID_PARAMS', 'names: a list of tool names as server/tool is needed.')
    const strangers = names.filter(name => !lookUp(entries(), name))
    const wanted = absent().filter(one => strangers.some(name => ownersOf([one], name).length > 0))
    const missing = await reasons(wanted, context)
    const all = entries()
    const looked = names.map(name => ({ name, entry: lookUp(all, name) }))
    const known = looked.flatMap(({ entry }) => entry ?? [])
    const unknown = looked.filter(({ entry }) => !entry).map(({ name }) => unknownTool(all, name))
    if (known.length === 0)
      throw new AppError(missing.length > 0 ? 'MCP_SERVER_ERROR' : 'UNKNOWN_TOOL', [...missing, ...unknown].join('\n'))
    const details = known.length <= 2 ? known.flatMap(detailsOf) : []
    return said([await table(known, context), ...details, ...missing, ...unknown].join('\n'))
  },
})

const callTool = (entries: () => Entry[], absent: () => Absent[]): Tool => ({
  ...reading('call_tool', 'Call server/tool'),
  level_by_call: true,
  parameters: {
    type: 'object',
    properties: { tool: { type: 'string' }, args: { type: 'object' } },
    required: ['tool'],
  },
  async resolve(params, context) {
    const { name, args } = innerCall(params)
    const missing = lookUp(entries(), name) ? [] : await reasons(ownersOf(absent(), name), context)
    const entry = lookUp(entries(), name)
    if (!entry && missing.length > 0) throw new AppError('MCP_SERVER_ERROR', missing.join('\n'))
    if (!entry) throw new AppError('UNKNOWN_TOOL', unknownTool(entries(), name))
    return { tool: entry.tool, params: args }
  },
  async run() {
    // Only the inner call is judged by policy: running this one would go around it.
    throw new AppError('TOOL_FAILED', 'call_tool runs nothing by itself.')
  },
})

type Reading = Omit<Tool, 'run' | 'parameters'>

function reading(name: string, description: string): Reading {
  return {
    name,
    category: 'mcp',
    description,
    level: 'read',
    leads: true,
    parse: params => (isObject(params) ? params : {}),
    effect: async () => ({ level: 'read', reason: description, reads: [], writes: [], leads_on: true }),
  }
}

const said = (content: string) => ({ content, metadata: {} })
/** By full name, by the name a provider knows it by, or by the bare name where only one server has it. */
function lookUp(entries: Entry[], name: string): Entry | undefined {
  const plain = name.trim().replace(/^mcp__/, '')
  const exact = entries.find(
    entry => entry.name === plain || wireName(entry.name) === plain || printable(entry.name) === plain,
  )
  if (exact) return exact
  const same = plain.replace(/__|[:.]/, '/')
  const bare = entries.filter(entry => entry.name === same || entry.listed.name === plain)
  return bare.length === 1 ? bare[0] : undefined
}

const isOf = (entry: Entry, server: string) => entry.server === server || entry.category === server

function ofServer(entries: Entry[], server: string): Entry[] {
  const within = entries.filter(entry => isOf(entry, server))
  const servers = new Set(entries.map(entry => entry.server))
  if (within.length > 0) return within
  throw new AppError(
    'INVALID_PARAMS',
    `There is no MCP server ${server} with tools. Servers: ${[...servers].join(', ') || 'none'}.`,
  )
}

function unknownTool(entries: Entry[], name: string): string {
  const close =
    nearest(
      name,
      entries.map(entry => entry.name),
    ) ??
    nearest(
      name,
      entries.map(entry => entry.listed.name),
    )
  const similar = entries.filter(entry => entry.name === close || entry.listed.name === close)
  const alike = [
    ...new Set([
      ...similar,
      ...indexOf(entries)
        .search(name, 3)
        .map(hit => hit.entry),
    ]),
  ].slice(0, 3)
  const signatures = alike.map(entry =>
    `${printable(entry.name)} ${signatureOf(cleanSchema(entry.listed.schema))}`.trim(),
  )
  return `There is no MCP tool ${name}. ${signatures.length > 0 ? `Nearest: ${signatures.join('; ')}` : 'find_tools lists what there is.'}`
}

async function found(entries: Entry[], query: string, context: ToolContext, missing: string[]) {
  const hits =
    entries.length === 0
      ? `No MCP tool matches "${query}". Try other words, or find_tools without a query for all.`
      : await table(entries, context)
  return said([hits, ...missing].join('\n'))
}

async function table(entries: Entry[], { toon }: ToolContext): Promise<string> {
  const tools = entries.map(({ name, listed }) => ({
    name: printable(name),
    params: signatureOf(cleanSchema(listed.schema)),
    about: summaryOf(listed.description, SHORT_ABOUT),
  }))
  return toon ? encodeToon({ tools }) : JSON.stringify({ tools })
}

/** For one or two tools: the whole description, and what is said of each parameter. */
function detailsOf({ name, listed }: Entry): string[] {
  const schema = cleanSchema(listed.schema)
  const { properties } = propertiesOf(schema, schema)
  const params = Object.entries(properties).flatMap(([param, property]) =>
    isObject(property) && typeof property.description === 'string'
      ? [`- ${param}: ${summaryOf(property.description, 200)}`]
      : [],
  )
  const about = head(listed.description.trim(), LONG_ABOUT)
  const more = about.length > SHORT_ABOUT ? [`${printable(name)}: ${about}`] : []
  return [...more, ...params]
}

type Hit = { name: string; tool: McpTool; entry: Entry }
const indexes = new WeakMap<McpTool, { entries: Entry[]; index: Index<Hit> }>()

/** The index of these very tools; made again only when they are others. */
function indexOf(entries: Entry[]): Index<Hit> {
  const key = entries[0]?.listed
  const kept = key && indexes.get(key)
  if (
    kept &&
    kept.entries.length === entries.length &&
    kept.entries.every((entry, i) => entry.listed === entries[i]!.listed)
  )
    return kept.index
  const index = createIndex(entries.map(entry => ({ name: entry.name, tool: entry.listed, entry })))
  if (key) indexes.set(key, { entries, index })
  return index
}

/**
 * Providers take `^[a-zA-Z0-9_-]{1,64}$`; we say `server/tool`, with whatever name a server was given. A plain name becomes
 * `server__tool` and can be read back by eye. What of it would hold other characters or be ambiguous is followed by a hash of
 * itself; a name that would be too long ends in a hash of the whole.
 */

const SEPARATOR = '__'
const LONGEST = 64
const LONGEST_SERVER = 30
const PLAIN = /^[a-zA-Z0-9_-]+$/

/** The name a provider gets. Built-in tools pass unchanged. Two different names never give one, but for a hash collision. */
export function wireName(tool: string): string {
  // A server may have slashes in its name (`@scope/x`), a tool has hardly ever.
  const at = tool.lastIndexOf('/')
  if (at === -1) return tool
  const [server, name] = [tool.slice(0, at), tool.slice(at + 1)]
  // `a__b` + `c` and `a` + `b__c` would be the same: only servers that end clearly before the separator are plain.
  const isClear = PLAIN.test(server) && !server.includes(SEPARATOR) && !server.endsWith('_') && !HASHED.test(server)
  const whole = `${isClear ? server : hashed(server, server, LONGEST_SERVER)}${SEPARATOR}${name}`
  if (PLAIN.test(name) && whole.length <= LONGEST && !HASHED.test(whole)) return whole
  return hashed(`${server}${SEPARATOR}${name}`, tool, LONGEST)
}

function hashed(text: string, whole: string, longest: number): string {
  const hash = `_x${createHash('sha256').update(whole).digest('hex').slice(0, 10)}`
  return text.replace(/[^a-zA-Z0-9_-]/g, '_').slice(0, longest - hash.length) + hash
}

/** What only our hashed names look like. */
const HASHED = /_x[0-9a-f]{10}$/

/** The servers of a project as the system prompt shows them: enough to know what there is, for as few tokens as can be. */

export type Listed = {
  server: string
  category: string /** null: it has not answered yet. */
  tools: string[] | null
  failed?: boolean
}

/** Up to here every name is shown; beyond, categories with counts, and `find_tools` does the rest. */
const MOST_NAMES = 200
/** So many names must begin alike before `get_{a b c}` is shorter. */
const ENOUGH_ALIKE = 3

/** Empty when there are no servers. Made once per session and then frozen: a prompt cache lives on it. */
export function overviewOf(servers: Listed[]): string {
  if (servers.length === 0) return ''
  const count = servers.reduce((sum, { tools }) => sum + (tools?.length ?? 0), 0)
  if (count <= MOST_NAMES) return ['MCP tools (x_{a b} = x_a, x_b):', ...servers.map(lineOf)].join('\n')
  const categories = new Map<string, number>()
  for (const { category, tools } of servers)
    categories.set(category, (categories.get(category) ?? 0) + (tools?.length ?? 0))
  const counts = Array.from(categories, ([category, tools]) => `${category} ${tools}`)
  return `MCP tools by category, for find_tools: ${counts.join(', ')}`
}

const lineOf = ({ server, tools, failed }: Listed) =>
  `${server}: ${tools ? grouped(tools) : failed ? '(failed; find_tools says why)' : '(starting)'}`

/** `get_issue get_user get_page` → `get_{issue user page}`. */
function grouped(names: string[]): string {
  const alike = Map.groupBy(names, name => /^[^_\-./]+[_\-./](?=.)/.exec(name)?.[0] ?? '')
  return Array.from(alike, ([start, members]) =>
    start === '' || members.length < ENOUGH_ALIKE
      ? members.join(' ')
      : `${start}{${members.map(name => name.slice(start.length)).join(' ')}}`,
  ).join(' ')
}
