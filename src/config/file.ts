import { printable } from '../base/controls.ts'
import { checkFile, type LoadValidateRule, type Problem } from './check.ts'
import type { LineOf, Path } from './locate.ts'
import { suggestion } from './nearest.ts'
import { type ConfigProblem, problemIn, problemLine } from './problem.ts'
import type { FileConfig } from './schema.ts'
import { entryAt, leaveOut, placeOf, type Sifted, siftServers } from './sift.ts'

/** A configuration file, parsed and validated but not expanded: what it literally says. */
export type ParsedFile = {
  path: string
  from_project: boolean
  data: FileConfig
  lineOf: LineOf
  /** In the order of lines; when there are any, the file counts for nothing: `data` is empty. */
  problems: ConfigProblem[]
  /** Mistakes in entries that stand by themselves; these entries are not in `data`. */
  left_out: ConfigProblem[]
  /** Names of agents among them. */
  left_out_agents: string[]
  /** `FILE:LINE: KEY …` for the keys a project's file may not set. */
  ignored: string[]
  problemAt(problem: Problem): ConfigProblem
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
  'lsp',
  'web_search',
  'telemetry',
]

/** Only the user decides which calls run without asking. */
const APPROVING = 'auto_approve_sandboxed'

/** Parses and validates. Never throws on content: mistakes are `problems`, which quote keys and rules but no other value. */
export async function parseFile(
  bytes: Uint8Array,
  path: string,
  options: { from_project: boolean; validateRule?: LoadValidateRule },
): Promise<ParsedFile> {
  const text = decode(bytes)
  const failed = (message: string, line = 1): ParsedFile => ({
    path,
    from_project: options.from_project,
    data: {},
    lineOf: () => line,
    problems: [{ file: printable(path), line, key: '', message }],
    left_out: [],
    left_out_agents: [],
    ignored: [],
    problemAt: problem => problemIn(path, () => line, problem),
  })
  if (text === null) return failed('is not UTF-8 text')

  const [toml, v, { fileSchema, keysAt }, { locateKeys }] = await Promise.all([
    import('smol-toml'),
    import('valibot'),
    import('./schema.ts'),
    import('./locate.ts'),
  ])
  let content: Record<string, unknown>
  try {
    content = toml.parse(text, { maxDepth: 64, unsafeKeyBehaviour: 'throw' })
  } catch (error) {
    if (!(error instanceof toml.TomlError)) throw error
    // The rest of its message quotes the file, which may hold a key.
    const what = error.message.split('\n', 1)[0]!.replace('Invalid TOML document: ', '')
    return failed(`${what} (column ${error.column})`, error.line)
  }

  const located = locateKeys(text)
  const forbidden = options.from_project ? NEVER_FROM_PROJECTS.filter(key => key in content) : []
  for (const key of forbidden) delete content[key]
  const keys: Path[] = forbidden.map(key => [key])
  const { sandbox } = content
  if (options.from_project && typeof sandbox === 'object' && sandbox !== null && APPROVING in sandbox) {
    delete (sandbox as Record<string, unknown>)[APPROVING]
    keys.push(['sandbox', APPROVING])
  }
  const ignored = keys
    .map(path_in => problemIn(path, located, { path: path_in, text: "is ignored: a project's file cannot set it" }))
    .sort(byLine)
    .map(problemLine)

  let sifted = siftServers(content)
  const problems: ConfigProblem[] = []
  const left_out: ConfigProblem[] = []
  const left_out_agents: string[] = []
  /** Takes the broken entries out, and fatal keys too: so that one run reports every mistake. */
  const sift = (found: Problem[]) => {
    const entries: Path[] = []
    for (const problem of found) {
      const entry = entryAt(problem.path)
      const list = entry ? left_out : problems
      const text = `${problem.text}${serverAt(problem.path, sifted)}`
      list.push(problemIn(path, located, { path: placeOf(problem.path, sifted.places), text }))
      if (entry) entries.push(entry)
    }
    for (const [kind, name] of entries) if (kind === 'agents' && name !== undefined) left_out_agents.push(String(name))
    sifted = leaveOut(sifted, entries)
    for (const { path: key } of found) if (!entryAt(key)) delete sifted.content[String(key[0])]
  }
  const validate = () => v.safeParse(fileSchema, sifted.content)
  const first = validate()
  if (!first.success) sift(first.issues.map(issue => problemOf(issue as Issue, keysAt)))
  const sound = first.success ? first : validate()
  if (sound.success) sift(await checkFile(sound.output, options.validateRule))
  const parsed = problems.length === 0 ? validate() : null
  const { places } = sifted
  const lineOf: LineOf = key => located(placeOf(key, places))
  return {
    path,
    from_project: options.from_project,
    data: parsed?.success ? parsed.output : {},
    lineOf,
    problems: problems.sort(byLine),
    left_out: left_out.sort(byLine),
    left_out_agents,
    ignored,
    problemAt: problem => problemIn(path, located, { ...problem, path: placeOf(problem.path, places) }),
  }
}

/** A number says little about which server it is. */
function serverAt([kind, index]: Path, { content }: Sifted): string {
  const server = kind === 'mcp_servers' && Array.isArray(content[kind]) ? content[kind][Number(index)] : undefined
  return typeof server?.name === 'string' && server.name ? ` (server ${printable(server.name.slice(0, 60))})` : ''
}

const byLine = (a: ConfigProblem, b: ConfigProblem) => a.line - b.line

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

function decode(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return null // not UTF-8
  }
}
