/** Finding, in what a program wrote before it ended, the line that says why. */

/** Where the error was thrown, what to read about it, who was running: never why. */
const NOISE =
  /^\s*$|^\s+at |^\s+(?:\(\w[^)]*\) )?\S+:\d+: (?:\(file\)|[\w.]+\/\d)|^\s*File "|^\s*\^+~*\s*$|^[\s|│╰╭]*[\^~]+\s*$|^(?:Node\.js|Bun) v\d|^goroutine \d|^exit status \d|^note: run with|^Traceback |^\s*throw |^(?:npm (?:error|ERR!) )?A complete log of this run|^(?:npm error|npm ERR!)\s*(?:A complete log.*)?$|^(?:file:\/\/\S+|\/\S+|[A-Z]:\\\S+):\d+$|^Process (?:exited|finished)|^See '.*help/i

/** What a sentence about a failure is made of. Hints, not a list of all: among several lines the one with most of them wins. */
const HINTS: [RegExp, number][] = [
  // `Error: …`, `KeyError: …`, `java.lang.IllegalStateException: …`, `error[E0425]: …`.
  [/(?:^|[\s.:[])\w*(?:Error|Exception)\b[^:]{0,40}: ?\S|\(\w*(?:Error|Exception)\) \S/, 4],
  [/^\W*(?:npm )?(?:error|err!|fatal|panic|critical)\b/i, 3],
  [/panicked at \S+$/, 3],
  [/\b(?:fatal|panic|panicked|critical)\b|"?level"?[=:]\s*"?(?:error|fatal)|\[(?:error|fatal)\]|\berror:/i, 2],
  [
    /missing|required|not found|not set|no such|cannot|can't|could not|couldn't|unable|denied|refused|invalid|undefined|unknown|unsupported|failed|must |expected|not in|does not|already in use/i,
    2,
  ],
  [/\berror\b|exception/i, 1],
]

const LONGEST = 300

/** The line with the reason, cut to 300 characters; of equals the last. Undefined when nothing was written. */
export function causeIn(lines: readonly string[]): string | undefined {
  const telling = lines.filter(line => !NOISE.test(line))
  let best = telling.at(-1) ?? lines.findLast(line => line.trim() !== '')
  let most = 0
  for (const [index, line] of telling.entries()) {
    const weight = HINTS.reduce((sum, [hint, points]) => sum + (hint.test(line) ? points : 0), 0)
    if (weight === 0 || weight < most) continue
    most = weight
    // Rust and some others put the place first and the reason on the line after.
    best = /panicked at \S+$/.test(line) ? `${line} ${telling[index + 1] ?? ''}` : line
  }
  return best?.trim().slice(0, LONGEST)
}
