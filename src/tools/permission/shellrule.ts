import { ANY, hasMark } from './command/cursor.ts'
import { nameOf } from './command/unwrap.ts'
import type { Line } from './command.ts'
import type { ParsedRule } from './rule.ts'

type ShellRule = Extract<ParsedRule, { kind: 'words' | 'line' }>

/** What an allow rule is held against: a plain line only, word by word as it is written. */
export function allowsLine(rule: ShellRule, line: string, { plain }: Line): boolean {
  if (plain === null) return false
  if (rule.kind === 'line') return line === rule.line
  const { words, rest } = rule
  return (
    (rest ? plain.length >= words.length : plain.length === words.length) && words.every((word, i) => word === plain[i])
  )
}

/**
 * What a deny or ask rule is held against: any command of the line, by the base name of its program in any case. A word of
 * which a part is unknown fits what it might become; one of which nothing is known fits only a final `*`.
 */
export function bindsLine(rule: ShellRule, line: string, { commands }: Line): boolean {
  if (rule.kind === 'line') return line.trim() === rule.line.trim()
  return commands.some(command => bindsWords(rule, command.words))
}

function bindsWords({ words, rest }: Extract<ParsedRule, { kind: 'words' }>, actual: string[]): boolean {
  if (actual.length === 0) return false
  if (rest ? actual.length < words.length : actual.length !== words.length) return false
  return words.every((word, i) => (i === 0 ? fits(nameOf(actual[0]), nameOf(word)) : fits(actual[i]!, word)))
}

function fits(actual: string, word: string): boolean {
  if (!hasMark(actual)) return actual === word
  return /[^\x00-\x03]/.test(actual) && mayBe(actual, word)
}

/** Wildcard match by the two-pointer method: linear but for the last wildcard's retries. */
function mayBe(pattern: string, text: string): boolean {
  let [p, t, star, from] = [0, 0, -1, 0]
  while (t < text.length) {
    const ch = pattern[p]
    if (ch !== undefined && (ch === text[t] || ch === ANY)) {
      p++
      t++
    } else if (ch !== undefined && hasMark(ch)) {
      star = p++
      from = t
    } else if (star >= 0) {
      p = star + 1
      t = ++from
    } else return false
  }
  while (p < pattern.length && hasMark(pattern[p]!) && pattern[p] !== ANY) p++
  return p === pattern.length
}
