/** The value below which the share `q` of the samples lies. */
export const quantile = (samples: readonly number[], q: number): number => {
  const sorted = [...samples].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN
}
export const median = (samples: readonly number[]): number => quantile(samples, 0.5)

/** The milliseconds that `work` takes. */
export async function timed(work: () => Promise<unknown> | unknown): Promise<number> {
  const begun = performance.now()
  await work()
  return performance.now() - begun
}

export type Row = { what: string; value: string; bare?: string; ratio?: string; target?: string; met?: boolean }

export const ms = (value: number): string => `${value < 10 ? value.toFixed(3) : value.toFixed(1)} ms`
export const times = (value: number): string => `${value.toFixed(2)}×`
export const mib = (value: number): string => `${value.toFixed(1)} MiB`

/** Every table that was printed, for the file that programs read. */
export const printed: { title: string; rows: readonly Row[] }[] = []

/** Prints rows in columns, and returns whether every target was met. */
export function table(title: string, rows: readonly Row[]): boolean {
  printed.push({ title, rows })
  const columns = ['what', 'value', 'bare', 'ratio', 'target'] as const
  const lines = [Object.fromEntries(columns.map(name => [name, name])) as unknown as Row, ...rows]
  const width = (name: (typeof columns)[number]) => Math.max(...lines.map(line => (line[name] ?? '').length))
  console.log(`\n${title}`)
  for (const line of lines) {
    const cells = columns.map(name => (line[name] ?? '').padEnd(width(name)))
    console.log(`  ${cells.join('  ')}${line.met === undefined ? '' : line.met ? '  ok' : '  MISSED'}`)
  }
  return rows.every(row => row.met !== false)
}

/** A row with a target that the number must not exceed. */
export const atMost = (
  what: string,
  value: number,
  most: number,
  show: (value: number) => string,
  more: Partial<Row> = {},
): Row => ({
  what,
  value: show(value),
  target: `≤ ${show(most)}`,
  met: value <= most,
  ...more,
})
