import { block, callOnce, code, failure, type Outcome, type Script } from './script.ts'

/** One row of a tool's result, all values as text; null is empty. */
export type Row = Record<string, string>
type Table = { before: string; rows: Row[]; after: string }

/**
 * The table in a tool's result and the lines around it: compact JSON, or TOON where that is shorter (see `toon.ts`, of which
 * this reads the one form that tools write). Null where there is none.
 */
export function readTable(content: string): Table | null {
  const lines = content.split('\n')
  for (const [i, line] of lines.entries()) {
    const before = lines.slice(0, i).join('\n')
    const rows = fromJson(line)
    if (rows) return { before, rows, after: lines.slice(i + 1).join('\n') }
    const header = /^\[(\d+)\]\{([^}]+)\}:$/.exec(line)
    if (!header) continue
    const end = i + 1 + Number(header[1])
    const fields = cells(header[2]!)
    const read = lines.slice(i + 1, end).map(row => {
      const values = cells(row.trim())
      return Object.fromEntries(fields.map((field, n) => [field, values[n] === 'null' ? '' : (values[n] ?? '')]))
    })
    return { before, rows: read, after: lines.slice(end).join('\n') }
  }
  return null
}

function fromJson(line: string): Row[] | null {
  if (!line.startsWith('[{')) return null
  try {
    const rows: Record<string, unknown>[] = JSON.parse(line)
    return rows.map(row => Object.fromEntries(Object.entries(row).map(([key, value]) => [key, String(value ?? '')])))
  } catch {
    return null // cut, or only looks like it
  }
}

/** Values between commas; a quoted one is a JSON string. */
const cells = (row: string): string[] =>
  (row.match(/"(?:[^"\\]|\\.)*"|[^,"]+|(?<=^|,)(?=,|$)/g) ?? []).map(cell => {
    if (!cell.startsWith('"')) return cell
    try {
      return JSON.parse(cell)
    } catch {
      return cell // a backslash that JSON does not know
    }
  })

/** Rows as columns of even width. */
function alignRows(rows: string[][]): string {
  const widths = rows.reduce<number[]>((most, row) => row.map((cell, i) => Math.max(most[i] ?? 0, cell.length)), [])
  return rows
    .map(row =>
      row
        .map((cell, i) => cell.padEnd(widths[i]!))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/** The content with its table in columns, each row made by `show`. */
export function tabulate(content: string, show: (row: Row) => string[] = Object.values): string {
  const table = readTable(content)
  if (!table) return content
  return [table.before, alignRows(table.rows.map(show)), table.after].filter(Boolean).join('\n')
}

/** A directory listing: directories end in `/`, files have their size. */
export const listing = (content: string): string =>
  tabulate(content, ({ name = '', type, size }) =>
    type === 'directory' ? [`${name}/`, ''] : [name, bytes(Number(size))],
  )

/** The names in a directory listing. */
export const namesIn = (content: string): string[] => readTable(content)?.rows.flatMap(row => row.name ?? []) ?? []

function bytes(size: number): string {
  if (size < 1000) return `${size} B`
  const power = Math.min(3, Math.floor(Math.log10(size) / 3))
  return `${(size / 1000 ** power).toFixed(1)} ${['', 'kB', 'MB', 'GB'][power]}`
}

/** The text that `read_file` shows of a file, line by line, and the line where the rest begins. */
export type Page = { lines: string[]; next?: number }

/** The lines stand in front, each as `12<tab>text`; `metadata` counts them. */
export function readPage(outcome: Outcome | undefined): Page {
  const { lines: count = Number.POSITIVE_INFINITY, next_offset: next } = outcome?.facts?.metadata ?? {}
  const lines = outcome?.content ? outcome.content.split('\n').slice(0, Number(count)) : []
  return {
    lines: lines.map(line => line.replace(/^ *\d+\t/, '')),
    ...(typeof next === 'number' && { next }),
  }
}

const LANGUAGES: Record<string, string> = { el: 'elisp', mjs: 'js', h: 'c', hpp: 'cpp', yml: 'yaml', txt: '', '': '' }

/** The name of a fence for this file. */
export function languageOf(path: string): string {
  const extension = /\.(\w{1,8})$/.exec(path)?.[1]?.toLowerCase() ?? ''
  return LANGUAGES[extension] ?? extension
}

/** A shell command, and how it ended: another exit status than 0 stops what was to follow. */
export function* run(command: string): Script {
  let status = 0
  const closing = yield* callOnce(
    { tool: 'shell_exec', params: { command } },
    {
      after: (content, { exit_code, timed_out, output_chars }) => {
        status = timed_out ? 1 : Number(exit_code)
        const ended = timed_out ? 'took too long and was ended' : `ended with exit status ${exit_code}`
        const ran = `${code(command)} ${status ? ended : 'ran'}`
        return output_chars === 0
          ? `${ran} and printed nothing.`
          : `${ran}:\n\n${block(content.slice(0, Number(output_chars)))}`
      },
      failed: `${code(command)} did not run to its end`,
    },
  )
  return { ...closing, failed: closing.failed || status !== 0 }
}

/** Runs the tests as projects of this kind do. */
export function* runTests(): Script {
  const [outcome] = yield {
    text: 'Looking for how this project is tested.',
    calls: [{ tool: 'list_directory', params: {} }],
  }
  if (!outcome || outcome.is_error) return { text: failure('I could not list the project', outcome), failed: true }
  const command = testCommand(namesIn(outcome.content))
  if (!command)
    return { text: 'I do not know how this project is tested. Say for example `run make check`.', failed: true }
  return yield* run(command)
}

/** How projects of each kind run their tests, by a file at their top. The first that is there decides. */
const COMMANDS: [RegExp, string][] = [
  [/^package\.json$/, 'npm test'],
  [/^Cargo\.toml$/, 'cargo test'],
  [/^go\.mod$/, 'go test ./...'],
  [/^(?:pyproject\.toml|pytest\.ini|tox\.ini|setup\.py)$/, 'pytest'],
  [/^mix\.exs$/, 'mix test'],
  [/^Gemfile$/, 'bundle exec rake test'],
  [/^pom\.xml$/, 'mvn test'],
  [/^build\.gradle(?:\.kts)?$/, 'gradle test'],
  [/^(?:GNUm|M|m)akefile$/, 'make test'],
]

/** The command for a project with these names at its top, undefined when none is known. */
export const testCommand = (names: string[]): string | undefined =>
  COMMANDS.find(([file]) => names.some(name => file.test(name)))?.[1]
