import * as v from 'valibot'
import { UsageError } from '../base/errors.ts'
import { suggestion } from '../config/nearest.ts'
import { UsageOf } from '../server/schema.ts'
import { createArchive } from '../session/archive.ts'
import { GROUPS, type Group, type UsageRow } from '../session/spending.ts'
import type { Options } from './commands.ts'
import { configure } from './configure.ts'
import type { Process } from './process.ts'
import { inert, styleFor } from './terminal.ts'

/** `cost`: the rows of `GET /api/usage` as a table, read from the index of the transcripts. */
export async function cost(options: Options<'cost'>, host: Process): Promise<number> {
  const period = readPeriod(options)
  const { config } = await configure({ env: host.env, dirs: host.dirs, flags: options })
  const archive = createArchive(config.transcript_path, (_, message) => host.stderr(`${message}\n`))
  const { rows, total } = await archive.usage(period)
  if (options.json) {
    host.stdout(`${JSON.stringify({ rows, total })}\n`)
    return 0
  }
  if (rows.length === 0) {
    host.stdout('Nothing was used in this time.\n')
    return 0
  }
  const style = styleFor(host)
  const table = [HEAD, ...rows.map(cellsOf), cellsOf({ key: 'total', ...total })]
  const widths = HEAD.map((_, column) => Math.max(...table.map(cells => cells[column]!.length)))
  for (const [at, cells] of table.entries()) {
    const line = cells.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!)))
    host.stdout(`${at === 0 || at === table.length - 1 ? style.bold(line.join('  ')) : line.join('  ')}\n`)
  }
  return 0
}

const HEAD = ['', 'turns', 'input', 'output', 'cache read', 'cache write', 'cost']

const cellsOf = (row: UsageRow): string[] => [
  inert(row.key || '(unknown)'),
  ...[row.turns, row.input_tokens, row.output_tokens, row.cache_read_tokens, row.cache_write_tokens].map(String),
  costWords(row),
]

/** What has no price is said beside the sum of the rest. */
function costWords({ cost_usd, unpriced_turns }: UsageRow): string {
  if (cost_usd === null) return unpriced_turns > 0 ? 'cost: unknown' : '$0.00'
  const dollars = `$${cost_usd.toFixed(cost_usd > 0 && cost_usd < 0.1 ? 4 : 2)}`
  return unpriced_turns > 0 ? `${dollars} + ${unpriced_turns} unknown` : dollars
}

/** Throws UsageError that names the flag. */
function readPeriod({ since, until, by }: Options<'cost'>) {
  if (by !== undefined && !GROUPS.includes(by as Group))
    throw new UsageError(`cost: --by must be one of ${GROUPS.join(', ')}${suggestion(by, GROUPS)}.`)
  const parsed = v.safeParse(UsageOf, { since, until, by })
  if (parsed.success) return parsed.output
  const flag = parsed.issues[0].path?.[0]?.key
  throw new UsageError(`cost: --${String(flag)} must be a day or an ISO-8601 time, such as 2026-12-01.`)
}
