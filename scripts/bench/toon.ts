/**
 * What lazy tools and TOON save, in tokens (o200k), always against compact JSON; and what they cost in time. Runs by itself:
 * `bun scripts/bench/toon.ts`. Real tools come from `../shared/catalogs`; without them only the synthetic set is measured.
 */
import { decode, encode } from '@toon-format/toon'
import { encode as tokens } from 'gpt-tokenizer/encoding/o200k_base'
import { renderData } from '../../src/base/toon.ts'
import type { McpTool } from '../../src/mcp/catalog/catalog.ts'
import { createIndex } from '../../src/mcp/catalog/find.ts'
import { type Entry, lazyTools, overviewOf } from '../../src/mcp/catalog/lazy.ts'
import { signatureOf, summaryOf } from '../../src/mcp/catalog/signature.ts'
import type { Tool, ToolContext } from '../../src/tools/tool.ts'
import { realCatalogs } from './catalogs.ts'
import { atMost, median, ms, type Row, table } from './measure.ts'
import { QUERIES } from './queries.ts'

type Served = { server: string; tools: McpTool[] }
const count = (value: unknown) => tokens(typeof value === 'string' ? value : JSON.stringify(value)).length
const shown = (value: number) => `${Math.round(value)} tokens`
const percent = (value: number) => `${value.toFixed(1)} %`
const atLeast = (what: string, value: number, least: number): Row => ({
  what,
  value: percent(value),
  target: `≥ ${percent(least)}`,
  met: value >= least,
})

/** What a client without lazy tools would send: every schema as a native definition. */
const definitions = (servers: Served[]) =>
  servers.flatMap(({ server, tools }) =>
    tools.map(({ name, description, schema }) => ({ name: `${server}__${name}`, description, parameters: schema })),
  )
const overview = (servers: Served[], category = (server: string) => server) =>
  overviewOf(
    servers.map(({ server, tools }) => ({ server, category: category(server), tools: tools.map(tool => tool.name) })),
  )
const constants = () =>
  lazyTools(() => []).map(({ name, description, parameters }) => ({ name, description, parameters }))

/** The first `most` tools, server by server. */
function take(servers: Served[], most: number): Served[] {
  let left = most
  return servers.flatMap(({ server, tools }) => {
    const some = tools.slice(0, left)
    left -= some.length
    return some.length > 0 ? [{ server, tools: some }] : []
  })
}

/** 1,000 tools of 40 servers in 20 categories, with schemas like those of the real ones. */
export const syntheticCatalog = (): Served[] =>
  Array.from({ length: 40 }, (_, s) => ({
    server: `service-${s}`,
    tools: Array.from({ length: 25 }, (_, t) => ({
      name: `${['list', 'get', 'create', 'update', 'delete'][t % 5]}_${['invoice', 'customer', 'order', 'ticket', 'report'][Math.floor(t / 5)]}`,
      description: `Works on the records of service ${s}. Give an id, or a filter for many.`,
      schema: {
        type: 'object',
        properties: {
          id: { type: 'string', description: 'The id of the record' },
          limit: { type: 'integer', minimum: 1, maximum: 100 },
          fields: { type: 'array', items: { type: 'string' } },
        },
        required: ['id'],
      },
      annotations: {},
    })),
  }))

export async function measureStart(servers: Served[]): Promise<Row[]> {
  const synthetic = syntheticCatalog()
  const three = count(constants())
  const rows: Row[] = [{ what: 'the three constant tools, as JSON', value: shown(three) }]
  const add = (what: string, some: Served[], text: string, most: number) => {
    const all = count(definitions(some))
    rows.push(
      atMost(`${what}: what the prompt shows`, count(text), most, shown, {
        bare: shown(all),
        ratio: percent((100 * count(text)) / all),
      }),
      {
        what: `${what}: with the three tools`,
        value: shown(count(text) + three),
        bare: shown(all),
        ratio: percent((100 * (count(text) + three)) / all),
      },
    )
  }
  if (servers.length > 0) {
    add('100 real tools, every name', take(servers, 100), overview(take(servers, 100)), 330)
    rows.push({
      what: `all ${servers.reduce((sum, { tools }) => sum + tools.length, 0)}, every name`,
      value: shown(count(overview(servers))),
    })
  }
  add(
    '1,000 tools, categories',
    synthetic,
    overview(synthetic, server => `area-${Number(server.split('-')[1]) % 20}`),
    300,
  )
  return rows
}

const FIVE = [
  'github/create_issue',
  'github/list_commits',
  'filesystem/read_text_file',
  'filesystem/edit_file',
  'github/create_pull_request',
]

/** A task that needs five tools: the start, one describe_tools with its answer, and what call_tool adds to five calls. */
export async function measureTask(servers: Served[]): Promise<Row[]> {
  if (servers.length === 0) return []
  const some = take(servers, 100)
  const entries = some.flatMap(({ server, tools }) => tools.map(listed => entryFor(server, listed)))
  const describe = lazyTools(() => entries)[1]!
  const call = { name: 'describe_tools', arguments: { names: FIVE } }
  const { content } = await describe.run(
    { names: FIVE },
    { toon: true } as ToolContext,
    await describe.effect({}, {} as ToolContext),
  )
  const wrapping = FIVE.map(
    tool =>
      count({ name: 'call_tool', arguments: { tool, args: {} } }) -
      count({ name: tool.replace('/', '__'), arguments: {} }),
  )
  const total =
    count(overview(some)) + count(constants()) + count(call) + count(content) + wrapping.reduce((a, b) => a + b, 0)
  return [
    {
      what: 'five signatures, as told',
      value: shown(count(content)),
      bare: shown(count(definitions(some).filter(({ name }) => FIVE.includes(name.replace('__', '/'))))),
    },
    atMost('a task that loads five of 100 tools', total, 800, shown, { bare: shown(count(definitions(some))) }),
  ]
}

const entryFor = (server: string, listed: McpTool): Entry => ({
  server,
  category: server,
  name: `${server}/${listed.name}`,
  listed,
  tool: {} as Tool,
})

export async function measureSpeed(servers: Served[]): Promise<Row[]> {
  const tools = (servers.length > 0 ? servers : syntheticCatalog()).flatMap(({ tools }) => tools).slice(0, 50)
  const signatures = {
    tools: tools.map(tool => ({
      name: tool.name,
      params: signatureOf(tool.schema),
      about: summaryOf(tool.description, 90),
    })),
  }
  const schemas = { tools: tools.map(({ name, description, schema }) => ({ name, description, schema })) }
  const [short, long] = [encode(signatures), encode(schemas)]
  return [
    atMost(
      'encode 50 signatures',
      time(() => encode(signatures)),
      0.1,
      ms,
      { bare: ms(time(() => JSON.stringify(signatures))) },
    ),
    atMost(
      'decode 50 signatures',
      time(() => decode(short)),
      0.5,
      ms,
      { bare: ms(time(() => JSON.parse(JSON.stringify(signatures)))) },
    ),
    { what: 'make 50 signatures of their schemas', value: ms(time(() => tools.map(tool => signatureOf(tool.schema)))) },
    {
      what: 'encode 50 schemas',
      value: ms(time(() => encode(schemas))),
      bare: ms(time(() => JSON.stringify(schemas))),
    },
    { what: 'decode 50 schemas', value: ms(time(() => decode(long))) },
    {
      what: '50 signatures / 50 schemas / schemas in TOON',
      value: `${count(short)} / ${count(schemas)} / ${count(long)} tokens`,
    },
  ]
}

function time(work: () => unknown): number {
  for (let i = 0; i < 300; i++) work()
  const samples = Array.from({ length: 300 }, () => {
    const start = performance.now()
    work()
    return performance.now() - start
  })
  return median(samples)
}

/** Results as tools give them, tables and others, seeded. */
export function resultDocuments(): unknown[] {
  let seed = 42
  const random = (most: number) => (seed = (seed * 1103515245 + 12345) % 2147483648) % most
  const word = () =>
    ['alpha', 'beta', 'gamma', 'src/index.ts', 'Fix the tests, again', 'main', 'ümlaut: yes', '', '3.14', 'true'][
      random(10)
    ]
  const row = (keys: number) =>
    Object.fromEntries(Array.from({ length: keys }, (_, i) => [`field_${i}`, random(3) ? word() : random(10_000)]))
  const rows = (many: number, keys: number) => Array.from({ length: many }, () => row(keys))
  const nested = (depth: number): unknown =>
    depth === 0
      ? word()
      : { [`a${random(5)}`]: nested(depth - 1), [`b${random(5)}`]: random(2) ? [nested(depth - 1)] : word() }
  return Array.from({ length: 400 }, (_, i) => {
    const keys = 1 + random(8)
    switch (i % 8) {
      case 0:
        return { total: random(100), items: rows(1 + random(40), keys) }
      case 1:
        return rows(1 + random(12), keys).map((item, at) => (at % 3 === 0 ? { ...item, extra: word() } : item))
      case 2:
        return nested(5)
      case 3:
        return Object.fromEntries(Array.from({ length: 3 + random(20) }, (_, at) => [`key${at}`, row(keys)]))
      case 4:
        return { meta: row(6), rows: rows(random(4), keys), more: nested(4) }
      case 5:
        return rows(1 + random(30), keys).map(item => ({ ...item, tags: [word(), word()] }))
      case 6:
        return { values: Array.from({ length: random(60) }, () => random(1000)) }
      default:
        return rows(2 + random(30), keys).map((item, at) => ({ id: at, at: { line: at, column: random(80) }, ...item }))
    }
  })
}

export async function measureResults(servers: Served[]): Promise<Row[]> {
  const documents = [...resultDocuments(), ...servers.map(({ tools }) => tools)]
  let [json, ours, best, worst] = [0, 0, 0, Number.NEGATIVE_INFINITY]
  for (const value of documents) {
    const compact = count(value)
    const chosen = count(await renderData(value, true))
    json += compact
    ours += chosen
    best += Math.min(compact, count(encode(value)))
    worst = Math.max(worst, (100 * (chosen - compact)) / compact)
  }
  return [
    { what: `${documents.length} results`, value: shown(ours), bare: shown(json), ratio: percent((100 * ours) / json) },
    atLeast("of the best choice's saving", (100 * (json - ours)) / (json - best), 96),
    atMost('worst of all against compact JSON', worst, 2, percent),
  ]
}

export function measureRecall(servers: Served[]): Row[] {
  if (servers.length === 0) return []
  const index = createIndex(
    servers.flatMap(({ server, tools }) => tools.map(tool => ({ name: `${server}/${tool.name}`, tool }))),
  )
  const hits = (k: number) =>
    (100 *
      QUERIES.filter(([query, ...wanted]) => index.search(query, k).some(hit => wanted.includes(hit.name))).length) /
    QUERIES.length
  return [
    atLeast(`find_tools, recall@5 on ${QUERIES.length} queries`, hits(5), 95),
    { what: 'recall@1', value: percent(hits(1)) },
    { what: 'one search', value: ms(time(() => index.search('open a pull request', 5))) },
  ]
}

/** All of it; whether every target was met. */
export async function benchToon(): Promise<boolean> {
  const servers = await realCatalogs()
  const results = [
    table('Tokens of the first request (bare: all schemas as compact JSON)', await measureStart(servers)),
    table('Tokens of a task (bare: schemas as compact JSON)', await measureTask(servers)),
    table('Tool results (bare: compact JSON)', await measureResults(servers)),
    table('Finding tools', measureRecall(servers)),
    table('TOON, median times (bare: JSON)', await measureSpeed(servers)),
  ]
  return results.every(met => met)
}

if (import.meta.main) process.exit((await benchToon()) ? 0 : 1)
