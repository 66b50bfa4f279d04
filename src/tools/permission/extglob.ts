import { AppError } from '../../base/errors.ts'

const MOST_IN_RANGE = 1000

/** `f{1..3}` as `f{1,2,3}`, as bash expands it: numbers (padded when one is written with a zero) or letters, and a step. Throws INVALID_REQUEST for too many. */
export const expandRanges = (glob: string): string =>
  glob.replace(/\\.|\{(?:(-?\d+)\.\.(-?\d+)|([A-Za-z])\.\.([A-Za-z]))(?:\.\.(-?\d+))?\}/gs, (text, n, m, a, b, by) => {
    if (text.startsWith('\\')) return text
    const from = a ? a.charCodeAt(0) : Number(n)
    const to = b ? b.charCodeAt(0) : Number(m)
    const step = Math.abs(Number(by ?? 1)) || 1
    const count = Math.floor(Math.abs(to - from) / step) + 1
    if (!(count <= MOST_IN_RANGE)) throw wrong(`A range in braces names at most ${MOST_IN_RANGE} things.`)
    const width = !a && [n, m].some(end => /^-?0\d/.test(end)) ? Math.max(n.length, m.length) : 0
    const names = Array.from({ length: count }, (_, i) => {
      const value = from + Math.sign(to - from) * step * i
      if (a) return String.fromCharCode(value)
      return `${value < 0 ? '-' : ''}${String(Math.abs(value)).padStart(value < 0 ? width - 1 : width, '0')}`
    })
    return count === 1 ? names[0]! : `{${names.join(',')}}`
  })

/** The one `!(inner)` of a glob, and what is around it; null without one. Throws INVALID_REQUEST for several, or one inside of others. */
export function splitNegation(glob: string): { before: string; inner: string; after: string } | null {
  const masked = glob.replace(/\\.|\[[!^]?\]?(?:\[:\w*:\]|\\.|[^\]\\])*\]/gs, text => '_'.repeat(text.length))
  const start = masked.indexOf('!(')
  if (start < 0) return null
  let depth = 0
  let end = start + 1
  for (; end < masked.length; end++) {
    if (masked[end] === '(') depth++
    else if (masked[end] === ')' && --depth === 0) break
  }
  if (end === masked.length) return null // not closed: as it is written
  const before = masked.slice(0, start)
  const count = (char: string) => before.split(char).length
  if (masked.includes('!(', start + 2) || count('(') > count(')') || count('{') > count('}'))
    throw wrong('A pattern has one !(…) at most, inside of no parentheses or braces: write several rules instead.')
  if (masked.slice(start, end).includes('/'))
    throw wrong('What stands in !(…) is one name, without a slash: write several rules instead.')
  return { before: glob.slice(0, start), inner: glob.slice(start + 2, end), after: glob.slice(end + 1) }
}

const wrong = (message: string) => new AppError('INVALID_REQUEST', message)
