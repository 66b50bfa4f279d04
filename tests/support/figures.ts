/**
 * Figures that attacks on the whole program come to. `npm test` takes them at a small scale, `npm run test:trust` in full. Each
 * is one line on the terminal: what was tried, how often, and what came of it.
 */
export const FULL = process.env.TRUST === 'full'

/** How often something is tried. TRUST_SHARE scales the full count down, such as 0.1 for a tenth. */
export const scaled = (small: number, full: number): number =>
  FULL ? Math.max(small, Math.round(full * Number(process.env.TRUST_SHARE ?? 1))) : small

export const figure = (name: string, ...parts: (string | Record<string, number>)[]): void => {
  const shown = parts.map(part =>
    typeof part === 'string'
      ? part
      : Object.entries(part)
          .map(([what, count]) => `${count.toLocaleString('en')} ${what.replaceAll('_', ' ')}`)
          .join(', '),
  )
  console.log(`trust  ${name}: ${shown.join('; ')}`)
}

/** Numbers below a bound, the same for the same seed (Mulberry32). */
export function random(seed: number) {
  let state = seed
  const pick = (below: number): number => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) % below
  }
  return Object.assign(pick, { of: <T>(list: readonly T[]): T => list[pick(list.length)]! })
}
