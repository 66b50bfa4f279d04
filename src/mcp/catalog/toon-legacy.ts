/**
 * The documentation's own older dialect, which called itself TOON before there was a specification: padded tables, tables
 * without a header, `path:string!`, comments behind values. Read leniently, never written. Real TOON and JSON are told
 * apart by their first line and go to their own readers.
 */

type Row = Record<string, string>

/** The tools of a listing that came as text, in the shape of `tools/list`. Throws SyntaxError when it is no table. */
export async function decodeTools(text: string): Promise<unknown[]> {
  return (await decodeRows(text)).map(row => {
    if (typeof row !== 'object' || row === null) return row
    const { name, description, parameters, params, inputSchema } = row as Record<string, unknown>
    return { name, description, inputSchema: inputSchema ?? schemaOf(parameters ?? params) }
  })
}

/** The rows of a table in any of the dialects. Throws SyntaxError when there is none. */
export async function decodeRows(text: string): Promise<unknown[]> {
  const first = /\S.*/.exec(text)?.[0] ?? ''
  if (/^[[{]\s*(?:["{}[\]]|$)/.test(first)) return rowsIn(JSON.parse(text))
  if (SPECIFIED.test(first)) {
    const { decode } = await import('@toon-format/toon')
    return rowsIn(decode(text, { strict: false }))
  }
  return decodePadded(text)
}

/** `tools[2]{name,description}:` or `tools[2]:`, by which real TOON is known. */
const SPECIFIED = /^[\w"]*\[#?\d+[,|\t]?:?\](?:\{[^}]*\})?:/
/** `tools: 2`, `tools:` or `tools (2)`: the name of the table, which says nothing that the rows do not. */
const TITLE = /^[\w .-]+(?::\s*\d*|\s*\(\d+\):?)$/
const COLUMNS = ['name', 'description', 'parameters']

function rowsIn(value: unknown): unknown[] {
  if (Array.isArray(value)) return value
  const inner = Object.values(value ?? {}).find(Array.isArray)
  if (!inner) throw new SyntaxError('The text holds no table.')
  return inner
}

function decodePadded(text: string): Row[] {
  const lines = text
    .split(/\r?\n/)
    .map(withoutComment)
    .filter(line => line.trim() !== '' && !/^\s*[-=+|\s]+$/.test(line))
  if (lines[0] !== undefined && TITLE.test(lines[0].trim())) lines.shift()
  const rows = lines.map(cellsOf)
  const head = rows[0]?.map(cell => cell.toLowerCase())
  const columns = head?.includes('name') ? head : undefined
  const body = columns ? rows.slice(1) : rows
  if (body.length === 0 || body.some(cells => cells[0] === '')) throw new SyntaxError('The text holds no table.')
  return body.map(cells => rowOf(columns ?? COLUMNS, cells))
}

/** A comment stands alone or two spaces behind a value; `#` inside one belongs to it. */
const withoutComment = (line: string) => line.replace(/(?:^\s*|\s{2,})#(?:\s.*)?$/, '')

/** Cells are divided by bars, tabs or two spaces and more. */
function cellsOf(line: string): string[] {
  const bare = line.trim()
  const divided =
    bare.includes(' | ') || bare.startsWith('|') ? bare.replace(/^\||\|$/g, '').split('|') : bare.split(/\t+| {2,}/)
  return divided.map(cell => unquote(cell.trim()))
}

const unquote = (cell: string) => /^("""|"|')([\s\S]*)\1$/.exec(cell)?.[2] ?? cell

function rowOf(columns: string[], cells: string[]): Row {
  const row: Row = {}
  // What is more than there are columns was divided by padding inside the last one.
  for (const [i, column] of columns.entries())
    row[column] = i === columns.length - 1 ? cells.slice(i).join(' ') : (cells[i] ?? '')
  return row
}

const TYPES: Record<string, string> = {
  str: 'string',
  text: 'string',
  path: 'string',
  int: 'integer',
  num: 'number',
  float: 'number',
  bool: 'boolean',
  list: 'array',
  obj: 'object',
  map: 'object',
}
const JSON_TYPES = new Set(['string', 'integer', 'number', 'boolean', 'array', 'object', 'null'])

type Parameter = { name: string; type: string; required: boolean | null }

/** JSON Schema of `path:string! limit:int = 10`, of `[{name, type, required}]`, or of nothing. */
export function schemaOf(parameters: unknown): Record<string, unknown> {
  const listed = Array.isArray(parameters) ? parameters.flatMap(readEntry) : readParameters(String(parameters ?? ''))
  // Where somebody marks what is required, the rest is not; otherwise `?` marks what is optional.
  const marked = listed.some(parameter => parameter.required === true)
  const required = listed.filter(parameter => parameter.required ?? !marked).map(parameter => parameter.name)
  const properties = Object.fromEntries(listed.map(({ name, type }) => [name, jsonType(type)]))
  return { type: 'object', properties, ...(required.length > 0 && { required }) }
}

function readEntry(entry: unknown): Parameter[] {
  const { name, type, required } = (entry ?? {}) as Record<string, unknown>
  if (typeof name !== 'string') return []
  return [
    { name, type: typeof type === 'string' ? type : '', required: typeof required === 'boolean' ? required : false },
  ]
}

function readParameters(text: string): Parameter[] {
  const bare = text.trim().replace(/^[[{(]([\s\S]*)[\]})]$/, '$1')
  return Array.from(bare.matchAll(PARAMETER), ([, name, early, type, late, preset]) => {
    const marks = `${early ?? ''}${late ?? ''}`
    const optional = marks.includes('?') || preset !== undefined
    return { name: name!, type: type ?? '', required: marks.includes('!') ? true : optional ? false : null }
  })
}

const PARAMETER =
  /([A-Za-z_][\w.-]*)([!?]?)(?:(?:(?<=[!?])|\s*:\s*)([A-Za-z]+(?:\[\])?))?([!?]?)(\s*=\s*(?:"[^"]*"|'[^']*'|[^\s,;]+))?/g

function jsonType(type: string): Record<string, unknown> {
  const lower = type.toLowerCase()
  if (lower.endsWith('[]')) return { type: 'array', items: jsonType(lower.slice(0, -2)) }
  const name = TYPES[lower] ?? lower
  return name === '' ? { type: 'string' } : JSON_TYPES.has(name) ? { type: name } : {}
}
