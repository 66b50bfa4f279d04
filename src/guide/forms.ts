import { TOKEN } from './quotes.ts'

/**
 * Forms of sentences, written as people read them:
 *
 *     list/show (me) (all) (the) files (in/under PLACE)
 *
 * `a/b` is either word, `(…)` may be absent, capitals are slots. Words are matched in any case, and may be followed by a
 * comma or a colon.
 */
const SLOTS: Record<string, string> = {
  TEXT: '.+?',
  OLD: '.+?',
  NEW: '.+?',
  FILE: `this file|the current file|this|${TOKEN}|\\S+?`,
  TO: `${TOKEN}|\\S+?`,
  NAME: `${TOKEN}|\\S+?`,
  GLOB: `${TOKEN}|\\S+?`,
  PLACE: `(?:(?:the|this|my|our) )?(?:whole |entire |current )?(?:project|repo|repository|code|code ?base|workspace|folder|directory|root)|${TOKEN}|\\S+?`,
  COUNT: '\\d{1,3}',
}

export type Groups = Record<string, string | undefined>

/** What fills the slots of `form` in `sentence` (single blanks, no final punctuation), or null. */
export function matchForm(form: RegExp, sentence: string): Groups | null {
  const match = form.exec(`${sentence} `)
  return match && { ...match.groups }
}

/** A regular expression in which every word ends in a blank, so that absent ones leave no trace. */
export function compileForm(form: string): RegExp {
  const parts = form.match(/[()]|[^\s()]+/g) ?? []
  const source = parts.map(part => {
    if (part === '(') return '(?:'
    if (part === ')') return ')?'
    const slot = SLOTS[part]
    if (slot) return `(?<${part}>${slot})${part === 'TEXT' || part === 'NEW' ? '' : '[,:]?'} `
    const words = part.split('/').map(word => word.replace(/[.*+?^$-]/g, '\\$&'))
    return `(?:${words.join('|')})[,:]? `
  })
  return new RegExp(`^${source.join('')}$`, 'is')
}
