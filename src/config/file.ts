import { cut } from '../text.ts'
import { checkFile, type Problem, type ValidateRule } from './check.ts'
import { type LineOf, locateKeys, type Path } from './locate.ts'
import { suggestion } from './nearest.ts'
import { printable } from './printable.ts'
import type { FileConfig } from './schema.ts'

/** A configuration file, parsed and validated but not expanded: what it literally says. */
export type ParsedFile = {
  path: string
  data: FileConfig
  lineOf: LineOf
  /** `FILE:LINE: KEY …`, in the order of lines; when there are any, `data` is empty. */
  problems: string[]
  /** The same for the keys a project's file may not set. */
  ignored: string[]
}

/** Larger is no configuration. */
export const LARGEST_FILE = 1024 * 1024

/** Never taken from a project's file (the contract, "Configuration"); some are no settings at all, and only there no error. */
const NEVER_FROM_PROJECTS = [
  'host',
  'port',
  'allowed_hosts',
  'auth',
  'no_auth',
  'token',
  'transcript_path',
  'providers',
  'api_key_command',
  'hooks',
]

/** Parses and validates. Never throws on content: mistakes are `problems`, which quote keys and rules but no other value. */
export async function parseFile(
  bytes: Uint8Array,
  path: string,
  options: { from_project: boolean; validateRule?: ValidateRule },
): Promise<ParsedFile> {
  const text = decode(bytes)
  const failed = (problem: string): ParsedFile => ({
    path,
    data: {},
    lineOf: () => 1,
    problems: [problem],
    ignored: [],
  })
  if (text === null) return failed(`${printable(path)}: is not UTF-8 text`)

  const [toml, v, { fileSchema, keysAt }] = await Promise.all([
    import('smol-toml'),
    import('valibot'),
    import('./schema.ts'),
  ])
  let content: Record<string, unknown>
  try {
    content = toml.parse(text, { maxDepth: 64, unsafeKeyBehaviour: 'throw' })
  } catch (error) {
    if (!(error instanceof toml.TomlError)) throw error
    // The rest of its message quotes the file, which may hold a key.
    const what = error.message.split('\n', 1)[0]!.replace('Invalid TOML document: ', '')
    return failed(`${printable(path)}:${error.line}: ${what} (column ${error.column})`)
  }

  const lineOf = locateKeys(text)
  const inOrder = (problems: Problem[]) =>
    [...problems].sort((a, b) => lineOf(a.path) - lineOf(b.path)).map(problem => problemAt({ path, lineOf }, problem))

  const forbidden = options.from_project ? NEVER_FROM_PROJECTS.filter(key => key in content) : []
  for (const key of forbidden) delete content[key]
  const ignored = inOrder(forbidden.map(key => ({ path: [key], text: "is ignored: a project's file cannot set it" })))

  const parsed = v.safeParse(fileSchema, content)
  const problems = parsed.success
    ? checkFile(parsed.output, options.validateRule)
    : parsed.issues.map(issue => problemOf(issue as Issue, keysAt))
  const data = parsed.success && problems.length === 0 ? parsed.output : {}
  return { path, data, lineOf, problems: inOrder(problems), ignored }
}

/** `FILE:LINE: KEY …` */
export const problemAt = (
  { path, lineOf }: Pick<ParsedFile, 'path' | 'lineOf'>,
  { path: key, text }: Problem,
): string => `${printable(path)}:${lineOf(key)}: ${nameOf(key)}${text}`

/** The first problem, and how many more there are: one line. */
export const firstProblem = (problems: string[]): string =>
  problems.length > 1 ? `${problems[0]} (and ${problems.length - 1} more)` : problems[0]!

type Issue = {
  kind: string
  type: string
  message: string
  expected: string | null
  input: unknown
  path?: { key: unknown; origin?: string }[]
}

function problemOf(issue: Issue, keysAt: (path: Path) => string[]): Problem {
  const path = (issue.path ?? []).map(item => item.key as string | number)
  const key = String(path.at(-1) ?? '')
  if (issue.type === 'strict_object') {
    const around = path.slice(0, -1)
    if (issue.expected !== 'never') return { path: around, text: `needs "${key}"` }
    return { path, text: `is an unknown key${suggestion(key, keysAt(around))}` }
  }
  if (issue.path?.at(-1)?.origin === 'key') return { path, text: `must be ${issue.message}` }
  const wrongType = issue.kind === 'schema' && !(issue.type === 'picklist' && typeof issue.input === 'string')
  return { path, text: `must be ${issue.message}${wrongType ? `, not ${typeName(issue.input)}` : ''}` }
}

const typeName = (value: unknown): string => {
  if (typeof value === 'string') return 'a string'
  if (typeof value === 'number') return 'a number'
  if (typeof value === 'boolean') return `${value}`
  if (Array.isArray(value)) return 'a list'
  return value instanceof Date ? 'a date' : 'a table'
}

/** `mcp_servers[0].name `, with what is odd in quotes and cut; nothing for the file itself. */
function nameOf(path: Path): string {
  const name = path
    .map(key => (typeof key === 'number' ? `[${key}]` : /^[\w-]{1,60}$/.test(key) ? `.${key}` : `.${quote(key)}`))
    .join('')
  return name ? `${name.replace(/^\./, '')} ` : ''
}

const quote = (key: string) => printable(JSON.stringify(cut(key, 61)))

function decode(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return null // not UTF-8
  }
}
