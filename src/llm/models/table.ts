import type { ModelConfig, Prices, Tier } from '../../config/config.ts'
import { EFFORTS } from '../../event/parts.ts'
import type { Effort } from '../../event.ts'
import type { Listed } from './dataset.ts'

/**
 * The catalogue as text, a model a line, the fields with tabs between them: id, window, output limit, flags (`i` images, `I` no
 * images, `T` no tools), efforts, prices. A `-` is not known. Prices are input, output, cache read and cache write; those of
 * a tier follow `>ABOVE`. The first line says where it is from and when that was made.
 */
export type Table = { made: string; lines: ReadonlyMap<string, string> }

const HEAD = '#models 1'

export function formatTable(models: readonly Listed[], { made, source }: { made: string; source: string }): string {
  const lines = models.map(({ id, context_window, max_output, images, tools, efforts, prices }) =>
    [
      id,
      context_window,
      max_output,
      `${images === undefined ? '' : images ? 'i' : 'I'}${tools === false ? 'T' : ''}` || '-',
      efforts ? efforts.join(',') || 'none of them' : '-',
      prices
        ? [priceWords(prices), ...(prices.tiers ?? []).map(tier => `>${tier.above} ${priceWords(tier)}`)].join(' ')
        : '-',
    ].join('\t'),
  )
  return `${[`${HEAD}\t${made}\t${source}`, ...lines].join('\n')}\n`
}

const priceWords = ({ input, output, cache_read, cache_write }: Omit<Tier, 'above'>) =>
  [input, output, cache_read ?? '-', cache_write ?? '-'].join(' ')

/** Undefined for a text that is no such table. Lines are read when they are asked for: see `readLine`. */
export function parseTable(text: string): Table | undefined {
  const [head = '', ...rest] = text.split('\n')
  const [kind, made] = head.split('\t')
  if (kind !== HEAD || !made) return undefined
  return { made, lines: new Map(rest.flatMap(line => (line ? [[line.slice(0, line.indexOf('\t')), line]] : []))) }
}

/** What a line says of its model; undefined for a line that is not whole. */
export function readLine(line: string): ModelConfig | undefined {
  const [, window, output, flags = '-', efforts = '-', prices = '-'] = line.split('\t')
  const context_window = Number(window)
  const max_output = Number(output)
  if (!Number.isSafeInteger(context_window) || !Number.isSafeInteger(max_output)) return undefined
  const read = prices === '-' ? undefined : readPrices(prices)
  return {
    context_window,
    max_output,
    ...(/i/i.test(flags) && { images: flags.includes('i') }),
    ...(flags.includes('T') && { tools: false }),
    ...(efforts !== '-' && { efforts: efforts.split(',').filter(isEffort) }),
    ...(read && { prices: read }),
  }
}

const isEffort = (word: string): word is Effort => EFFORTS.includes(word as Effort)

function readPrices(text: string): Prices | undefined {
  const [own, ...tiers] = text.split(' >')
  const prices = readWords(own!.split(' '))
  if (!prices) return undefined
  const read = tiers.flatMap((tier): Tier[] => {
    const [above, ...words] = tier.split(' ')
    const cost = readWords(words)
    return cost ? [{ above: Number(above), ...cost }] : []
  })
  return { ...prices, ...(read.length > 0 && { tiers: read }) }
}

function readWords(words: string[]): Omit<Tier, 'above'> | undefined {
  const [input, output, read, write] = words.map(word => (word === '-' ? undefined : Number(word)))
  if (input === undefined || output === undefined || Number.isNaN(input) || Number.isNaN(output)) return undefined
  return {
    input,
    output,
    ...(read !== undefined && { cache_read: read }),
    ...(write !== undefined && { cache_write: write }),
  }
}
