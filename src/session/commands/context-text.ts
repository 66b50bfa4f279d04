import type { Context } from '../context.ts'

const BAR = 20

/** What fills the window, as a list of bars. */
export function contextText({ window, used, parts }: Context): string {
  const sum = Math.max(
    1,
    parts.reduce((total, part) => total + part.tokens, 0),
  )
  const share = window === null ? '' : ` of ${window.toLocaleString('en')} (${Math.round((used / window) * 100)} %)`
  const lines = parts.map(({ kind, name, tokens }) => {
    const filled = Math.round((tokens / sum) * BAR)
    const bar = `${'#'.repeat(filled)}${'.'.repeat(BAR - filled)}`
    return `${bar} ${tokens.toLocaleString('en').padStart(9)}  ${kind.replace('_', ' ')}${name ? `: ${name}` : ''}`
  })
  return [`${used.toLocaleString('en')} tokens${share}`, ...lines].join('\n')
}
