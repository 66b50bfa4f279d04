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
export function alignRows(rows: string[][]): string {
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
