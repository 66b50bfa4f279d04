import { describe, expect, test } from 'bun:test'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { convertToOrg } from '../../src/org/convert.ts'
import { FUZZ_SEED } from '../support/fuzz.ts'
import { directory, emacs, inspect, lack } from './inspect.ts'

/** Formulas in what models write: Org sees those that are mathematics, and no others. */

const SEEN = [
  'y',
  'a_1',
  String.raw`\frac{a}{b}`,
  String.raw`\alpha*\beta`,
  'f(x) = [0, 1)',
  String.raw`\{a\}`,
  "x'",
  'a = b',
]
const AROUND = [
  '',
  ' ',
  '. ',
  ' (',
  ')',
  ' **',
  '** ',
  ' `c` ',
  ', ',
  ' *',
  '* ',
  '-th ',
  ' US$5 ',
  ' $',
  '\n',
  ' "',
  '" ',
  '|',
  ': ',
]
const MARKS = [
  ['$', '$'],
  [String.raw`\(`, String.raw`\)`],
  [String.raw`\[`, String.raw`\]`],
  ['$$', '$$'],
] as const

const sentence = fc
  .array(
    fc.tuple(
      fc.constantFrom(...AROUND),
      fc.constantFrom(...MARKS),
      fc.constantFrom(...SEEN),
      fc.constantFrom(...AROUND),
    ),
    {
      minLength: 1,
      maxLength: 5,
    },
  )
  .map(parts =>
    parts.map(([before, [open, close], tex, after]) => `w ${before}${open}${tex}${close}${after} w`).join(' '),
  )

/** Each reads, writes, defines, or hides one that does. */
const UNSAFE =
  String.raw`\input{x} \include{x} \openout1=x \write18{ls} \immediate\write18{ls} \catcode65=0 \csname input\endcsname
\def\x{y} \let\x\y \newcommand{\x}{y} \usepackage{x} \directlua{x} \special{x} \read1to\x \expandafter\x \scantokens{x} ^^5cinput
\begin{filecontents}x\end{filecontents} \begin{verbatim}x\end{verbatim} \InputIfFileExists{x}{}{} \includegraphics{x} \unknown
\loop\iftrue\repeat \lowercase{x} \href{x}{y} {x x} x}{ \left(x \begin{matrix}x x&y x#1 x%y`.split(/\s+/)

describe('formulas', () => {
  test.each(UNSAFE)('%s is no mathematics', tex => {
    for (const [open, close] of MARKS) {
      const org = convertToOrg(`a ${open}b ${tex}${close} c`)
      expect(org).not.toBe(`a ${open}b ${tex}${close} c`)
      expect(org.replace(/[\u200b\u2060]/g, '')).toBe(`a ${open}b ${tex}${close} c`)
    }
  })

  test.skipIf(!emacs)(
    `Org sees what we wrote as formulas, wherever they are${lack}`,
    async () => {
      const path = directory('formulas')
      const texts = fc.sample(sentence, { numRuns: 200, seed: FUZZ_SEED })
      const written = texts.map(text => convertToOrg(text))
      for (const [index, org] of written.entries()) writeFileSync(join(path, `${index}.org`), `${org}\n`)
      const found = await inspect(path, 'parse')
      for (const [index, text] of texts.entries()) {
        // No `$` that is not a formula's, and no backslash, is without a mark that keeps Org from it.
        const fragments = found.get(`${index}.org`)!.fragments
        const seen = written[index]!.match(/\\\([^$]+?\\\)|\\\[[^$]+?\\\]|(?<!\$)\$\$[^$]+\$\$/g) ?? []
        expect({ text, fragments: fragments.filter(formula => !/^\$[^$]/.test(formula)) }).toEqual({
          text,
          fragments: [...seen],
        })
        const odd = fragments.filter(formula => !SEEN.some(tex => formula.includes(tex)))
        expect({ text, odd }).toEqual({ text, odd: [] })
        const meant = [...text.matchAll(/\\\(.*?\\\)|\\\[.*?\\\]/g)].length
        expect({ text, enough: fragments.length >= meant }).toEqual({ text, enough: true })
      }
    },
    120_000,
  )
})
