/** A word of a command line: an operand, a flag with its value, or the `--` behind which all are operands. */
export type Token =
  | { kind: 'positional'; index: number; value: string }
  | { kind: 'option'; index: number; name: string; rawName: string; value?: string; inlineValue?: boolean }
  | { kind: 'option-terminator'; index: number }

/**
 * As `parseArgs` of node:util reads a command line when it is not strict, without the 2 ms that loading that module takes at
 * each start. `takesValue` says whether the flag of that name has one: then it is the next word, whatever that is.
 */
export function tokensOf(argv: readonly string[], takesValue: (name: string) => boolean): Token[] {
  const tokens: Token[] = []
  for (let index = 0; index < argv.length; index++) {
    const word = argv[index]!
    if (word === '--') {
      tokens.push({ kind: 'option-terminator', index })
      for (let at = index + 1; at < argv.length; at++) tokens.push({ kind: 'positional', index: at, value: argv[at]! })
      return tokens
    }
    if (/^-[^-]/s.test(word)) {
      // Letters: of several each is a flag.
      for (const letter of word.slice(1)) tokens.push({ kind: 'option', index, name: letter, rawName: `-${letter}` })
    } else if (word.startsWith('--')) {
      const equals = word.includes('=', 3) ? word.indexOf('=') : -1
      const rawName = equals < 0 ? word : word.slice(0, equals)
      const name = rawName.slice(2)
      const option = { kind: 'option' as const, index, name, rawName }
      if (equals >= 0) tokens.push({ ...option, value: word.slice(equals + 1), inlineValue: true })
      else if (takesValue(name) && index + 1 < argv.length)
        tokens.push({ ...option, value: argv[++index]!, inlineValue: false })
      else tokens.push(option)
    } else tokens.push({ kind: 'positional', index, value: word })
  }
  return tokens
}
