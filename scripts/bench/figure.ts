import { median, quantile } from './measure.ts'

/** One line of the table. Targets are for the median, and for its ratio to that of `beside`. */
export type Figure = {
  what: string
  unit: 'ms' | 'MiB' | 'KiB' | 'tokens' | '×'
  samples: readonly number[]
  /** What the samples are compared with: the least work for the same purpose, measured in the same run. */
  beside?: { what: string; samples: readonly number[] }
  most?: number
  most_ratio?: number
}

/** A figure as programs read it. `spread` is the range of the middle half. */
const summary = ({ what, unit, samples, beside, most, most_ratio }: Figure) => {
  const middle = median(samples)
  const ratio = beside && middle / median(beside.samples)
  return {
    what,
    unit,
    median: middle,
    spread: [quantile(samples, 0.25), quantile(samples, 0.75)],
    samples: samples.length,
    ...(beside && { beside: { what: beside.what, median: median(beside.samples) }, ratio }),
    ...(most !== undefined && { most }),
    ...(most_ratio !== undefined && { most_ratio }),
    met: (most === undefined || middle <= most) && (most_ratio === undefined || (ratio ?? 0) <= most_ratio),
  }
}
export type Summary = ReturnType<typeof summary>

const shown = (value: number): string =>
  value < 1 ? value.toFixed(3) : value < 100 ? value.toFixed(1) : value.toFixed(0)

/** Prints all figures as one table. Returns them as data. */
export function printFigures(figures: readonly Figure[]): Summary[] {
  const summaries = figures.map(summary)
  const lines = [
    ['', 'median', 'middle half', 'beside', '', 'ratio', 'target', ''],
    ...summaries.map(({ what, unit, median, spread, samples, beside, ratio, most, most_ratio, met }) => [
      what,
      `${shown(median)} ${unit}`,
      samples > 1 ? spread.map(shown).join('–') : '',
      beside ? `${shown(beside.median)} ${unit}` : '',
      beside?.what ?? '',
      ratio === undefined ? '' : `${ratio.toFixed(2)}×`,
      [most !== undefined && `≤ ${most} ${unit}`, most_ratio !== undefined && `≤ ${most_ratio}×`]
        .filter(Boolean)
        .join(', '),
      most === undefined && most_ratio === undefined ? '' : met ? 'ok' : 'MISSED',
    ]),
  ]
  const widths = lines[0]!.map((_, column) => Math.max(...lines.map(line => line[column]!.length)))
  for (const line of lines)
    console.log(
      line
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join('  ')
        .trimEnd(),
    )
  return summaries
}
