import { oneLine } from '../../base/controls.ts'
import { cut } from '../../base/text.ts'
import { relative } from '../paths.ts'
import type { Output, ToolContext } from '../tool.ts'
import { realOf } from './buffers.ts'
import type { Diagnostic, Spot } from './language.ts'

/** Entries that a model gets, and characters of one. */
const MOST_ENTRIES = 200
const LONGEST_ENTRY = 400

/** One line an entry, `path:line:column text`; entries in closed files are left out, and not counted. */
export async function spotsOutput(spots: readonly Spot[], none: string, context: ToolContext): Promise<Output> {
  const open = await openEntries(spots, context)
  const lines = open.map(({ text, ...spot }) => entryOf(spot, text ?? '', context))
  return output(open, lines, none, 'spots', context)
}

export async function diagnosticsOutput(
  found: readonly Diagnostic[],
  none: string,
  context: ToolContext,
): Promise<Output> {
  const open = await openEntries(found, context)
  const lines = open.map(found => diagnosticEntry(found, context))
  return output(open, lines, none, 'diagnostics', context)
}

/** `path:line:column severity: message (source)`, in one line. */
export const diagnosticEntry = ({ severity, message, source, ...spot }: Diagnostic, context: ToolContext): string =>
  entryOf(spot, `${severity}: ${message}${source ? ` (${source})` : ''}`, context)

/** `path:line:column text`, in one line. */
const entryOf = ({ path, line, column }: Spot, text: string, { roots }: ToolContext): string =>
  cut(oneLine(`${relative(path, roots)}:${line}${column === undefined ? '' : `:${column}`} ${text}`), LONGEST_ENTRY)

function output(open: readonly Spot[], lines: string[], none: string, name: string, { roots }: ToolContext): Output {
  if (lines.length === 0) return { content: none, metadata: { count: 0, [name]: [] } }
  const more = lines.length - MOST_ENTRIES
  const shown = [...lines.slice(0, MOST_ENTRIES), ...(more > 0 ? [`[${more} more]`] : [])]
  const kept = open.slice(0, MOST_ENTRIES)
  return {
    content: shown.join('\n'),
    metadata: { count: lines.length, [name]: kept },
    locations: kept.slice(0, MOST_LOCATIONS).map(({ path, line }) => ({ path: relative(path, roots), line })),
  }
}
const MOST_LOCATIONS = 20

/** Those in files that no rule closes and whose names are not sensitive, by the real path. */
async function openEntries<T extends { path: string }>(entries: readonly T[], context: ToolContext): Promise<T[]> {
  const { hidden } = context
  const paths = [...new Set(entries.map(({ path }) => path))]
  const reals = await Promise.all(paths.map(path => realOf(path, context)))
  const closed = new Set(paths.filter((path, i) => hidden?.(path) || hidden?.(reals[i]!)))
  return entries.filter(({ path }) => !closed.has(path))
}
