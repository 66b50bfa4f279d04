/** Programs in the little languages of sed and awk that write files or run commands. What is not understood counts as one. */

/** `e`, `w`, `W`, `r`, `R`, and the flags `e` and `w` of `s` (GNU sed, "Commands Requiring a newline"). */
export function isSedActing(words: string[]): boolean {
  const scripts: string[] = []
  const operands: string[] = []
  for (let at = 1; at < words.length; at++) {
    const word = words[at]!
    const long = /^--(e[a-z]*)(?:=(.*))?$/s.exec(word)
    if (long && 'expression'.startsWith(long[1]!)) scripts.push(long[2] ?? words[++at] ?? '')
    else if (/^-[^-]/.test(word)) {
      const e = word.indexOf('e', 1)
      if (e > 0) scripts.push(word.slice(e + 1) || (words[++at] ?? ''))
    } else if (!word.startsWith('--')) operands.push(word)
  }
  if (scripts.length === 0 && operands[0] !== undefined) scripts.push(operands[0])
  return scripts.some(actsAsSed)
}

const ADDRESS = /(?:\d+(?:~\d+)?|\$|[+~]\d+|\/(?:[^\\/\n[]|\\.|\[\^?\]?[^\]]*\])*\/[IM]*)/y
const BLANK = /[\s;{}]*/y

function actsAsSed(script: string): boolean {
  let at = 0
  const take = (expression: RegExp): string => {
    expression.lastIndex = at
    const found = expression.exec(script)?.[0] ?? ''
    at += found.length
    return found
  }
  while (at < script.length) {
    take(BLANK)
    if (at >= script.length) return false
    if (take(ADDRESS)) {
      if (take(/\s*,\s*/y) && !take(ADDRESS)) return true
    }
    take(/[\s!]*/y)
    const command = script[at++]
    if (command === undefined) return false
    if (command === '{' || command === '}') continue
    if (command === 's') {
      const flags = takeSubstitution()
      if (flags === null || /[ewW]/.test(flags)) return true
    } else if (command === 'y') {
      if (takeSubstitution() === null) return true
    } else if (/[aic]/.test(command)) take(/(?:[^\\\n]|\\[\s\S])*/y)
    else if (/[btT:]/.test(command)) take(/[^;\n}]*/y)
    else if (/[lLqQ]/.test(command)) take(/[ \t]*\d*/y)
    else if (command === '#') take(/[^\n]*/y)
    else if (!/[=dDgGhHnNpPxzF]/.test(command)) return true
    take(/[ \t]*/y)
    if (at < script.length && !/[;\n}#]/.test(script[at]!)) return true
  }
  return false

  /** The flags; null when it has no end. */
  function takeSubstitution(): string | null {
    const close = script[at++]
    if (close === undefined || close === '\\' || close === '\n') return null
    for (let part = 0; part < 2; part++) {
      let bracket = false
      for (;;) {
        const ch = script[at++]
        if (ch === undefined) return null
        if (ch === '\\') at++
        else if (part === 0 && ch === '[' && !bracket) {
          bracket = true
          if (script[at] === '^') at++
          if (script[at] === ']') at++
        } else if (ch === ']' && bracket) bracket = false
        else if (ch === close && !bracket) break
      }
    }
    return take(/[a-zA-Z0-9]*/y)
  }
}

/** Output into files and pipes, `system`, `getline`, libraries, and operands that the program makes up. */
export function isAwkActing(words: string[]): boolean {
  return words.slice(1).some(word => {
    const code = word.replace(/"(?:[^"\\]|\\.)*"/gs, '""')
    return (
      /\b(?:system|getline|ARGV|ARGC|fflush|extension)\b|@\w|(?<!\|)\|(?!\|)|>>/.test(code) ||
      /\bprintf?\b[^;}\n]*>/.test(code)
    )
  })
}
