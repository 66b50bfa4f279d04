// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are shell lines
import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { type Command, forEachChild, parse, type SyntaxNode, type Word } from 'unbash'
import { parseLine } from '../../../src/tools/permission/command.ts'
import { FUZZ_SEED } from '../../support/fuzz.ts'
import { CATASTROPHES, DISGUISED, HARMLESS, NO_CATASTROPHES, NOT_PLAIN } from './lines.ts'

/** Our reader of shell lines against another parser of Bash: what that one finds, ours must know of. */

/** The text of a word after quote removal; null where it depends on what happens when the line runs; `globs` are as they are written. */
function literal({ value, parts = [] }: Word, globs: boolean): string | null {
  const isKnown = parts.every(part =>
    part.type === 'DoubleQuoted'
      ? part.parts.every(inner => inner.type === 'Literal')
      : ['Literal', 'SingleQuoted', 'AnsiCQuoted', ...(globs ? ['Glob'] : [])].includes(part.type),
  )
  return isKnown ? value : null
}

function wordsOf({ name, args }: Command, globs = false): string[] | null {
  const words = [...(name ? [name] : []), ...args].map(word => (word.type === 'Word' ? literal(word, globs) : null))
  if (words.some(word => word === null)) return null
  // Ours takes a carriage return for a line end, and looks behind first words that are empty.
  const all = words.map(word => word!.replace(/\r$/, ''))
  const known = all.slice(
    Math.max(
      0,
      all.findIndex(word => word !== ''),
    ),
  )
  return known.length > 0 ? known : null
}

/** Every command of a line whose words are known, and whether the parser found something wrong with the line. */
function read(line: string) {
  const commands: Command[] = []
  let broken = false
  const visit = (node: SyntaxNode) => {
    if (node.type === 'Command') commands.push(node)
    if ('errors' in node && Array.isArray(node.errors) && node.errors.length > 0) broken = true
    forEachChild(node, visit)
  }
  visit(parse(line))
  return { commands, broken }
}

function compare(line: string) {
  const theirs = read(line)
  const ours = parseLine(line)
  if (ours.plain) {
    const [command, ...more] = theirs.commands
    expect([line, theirs.broken, more.length, command && wordsOf(command, true)]).toEqual([line, false, 0, ours.plain])
  }
  // What ours does not judge, it refuses to read: no rule allows it.
  if (theirs.broken || ours.catastrophe || /[\0-\x03]/.test(line)) return
  const known = ours.commands.map(({ words }) => JSON.stringify(words))
  for (const words of theirs.commands.map(command => wordsOf(command)).filter(words => words !== null)) {
    const isKnown = known.some(ours => ours.endsWith(JSON.stringify(words).slice(1)))
    expect([line, words, isKnown ? 'known' : known]).toEqual([line, words, 'known'])
  }
}

const TABLES = [DISGUISED, HARMLESS, NOT_PLAIN, CATASTROPHES, NO_CATASTROPHES]
test.each([...new Set(TABLES.flat().map(entry => (Array.isArray(entry) ? String(entry[0]) : String(entry))))])(
  '%j',
  compare,
)

const word = fc.oneof(
  fc.constantFrom('a', 'rm', 'git', '-rf', '--x=y', 'src/b.c', '1', '{', 'done', 'é', '#x', '~', '*.c', '[ab]', 'x=1'),
  fc.constantFrom("'q r'", '"q r"', "a'b'c", 'a\\ b', "$'t\\tu'", '""', '"\\$x"', "'$(no)'", '"a;b"', "'|'", '\\;'),
  fc.constantFrom('$x', '"$x"', '${x:-y}', '$((1+2))', '{a,b}', '"${x}y"'),
)
const { line } = fc.letrec<{ simple: string; inner: string; line: string }>(tie => ({
  simple: fc
    .array(fc.oneof({ weight: 6, arbitrary: word }, { weight: 1, arbitrary: tie('inner') }), {
      minLength: 1,
      maxLength: 4,
    })
    .chain(words =>
      fc
        .constantFrom('', '', '', ' > out', ' 2>&1', ' < in', ' &> all', ' >> "my file"')
        .map(redirect => `${['run', ...words].join(' ')}${redirect}`),
    ),
  inner: fc.oneof(
    tie('line').map(line => `$(${line})`),
    tie('line').map(line => `"$(${line})"`),
    tie('line').map(line => `<(${line})`),
  ),
  line: fc.oneof(
    { maxDepth: 3 },
    tie('simple'),
    fc
      .tuple(tie('line'), fc.constantFrom(' && ', ' || ', '; ', ' | ', '\n', ' & '), tie('line'))
      .map(all => all.join('')),
    tie('line').map(line => `(${line})`),
    tie('line').map(line => `{ ${line}; }`),
    fc.tuple(tie('line'), tie('line')).map(([a, b]) => `if ${a}; then ${b}; fi`),
    fc.tuple(word, tie('line')).map(([a, b]) => `for i in ${a}; do ${b}; done`),
    tie('line').map(line => `while ${line}; do ${line}; done`),
    fc.tuple(word, tie('line')).map(([a, b]) => `case ${a} in x) ${b};; *) run y;; esac`),
    tie('line').map(line => `f() { ${line}; }`),
  ),
}))

test('lines made at random', () => {
  fc.assert(fc.property(line, compare), { seed: FUZZ_SEED, numRuns: 500 })
})
