/** Markdown that becomes Org as it comes: what a token costs after many, beside what it costs at first. In one process. */
import { OrgFlow } from '../../src/org/flow.ts'
import { atMost, type Row, table } from './measure.ts'

const COUNT = 4_000
const WINDOW = 500
const ROUNDS = 9

const WORDS = ['the ', 'value ', '`x` ', 'of ', '*it* ', 'is ', 'used ', 'here. ']
const word = (i: number) => WORDS[i % WORDS.length]!
const code = (i: number) => (i % 8 === 7 ? `x${i};\n` : `tok${i} `)

const SHAPES: Record<string, (i: number) => string> = {
  'prose, a paragraph of 60': i => word(i) + (i % 60 === 59 ? '\n\n' : ''),
  'one paragraph': word,
  'one block of code': i => (i === 0 ? '```ts\n' : code(i)),
  'code in a list': i => (i === 0 ? '1. Do:\n\n   ```ts\n   ' : code(i).replace('\n', '\n   ')),
  'one list': i => (i % 20 === 0 ? `\n- ${word(i)}` : word(i)),
  'one table': i => (i === 0 ? '| a | b |\n|-|-|\n' : i % 10 === 9 ? 'end |\n' : i % 10 === 5 ? '| ' : word(i)),
}

/** Microseconds of the tokens in each window of the text. */
function windowsOf(shape: (i: number) => string): number[] {
  const flow = new OrgFlow('/project')
  return Array.from({ length: COUNT / WINDOW }, (_, window) => {
    const begun = performance.now()
    for (let i = window * WINDOW; i < (window + 1) * WINDOW; i++) flow.push(shape(i))
    return ((performance.now() - begun) * 1000) / WINDOW
  })
}

/** Resolves with whether every target was met. */
export async function benchOrg(): Promise<boolean> {
  const rows: Row[] = Object.entries(SHAPES).flatMap(([what, shape]) => {
    windowsOf(shape)
    const rounds = Array.from({ length: ROUNDS }, () => windowsOf(shape))
    // The fastest round is the one that the rest of the machine disturbed least.
    const [first, last] = [Math.min(...rounds.map(round => round[0]!)), Math.min(...rounds.map(round => round.at(-1)!))]
    return [
      { what, value: `${last.toFixed(1)} µs`, bare: `${first.toFixed(1)} µs` },
      atMost('  ratio', last / first, 3, ratio => `${ratio.toFixed(2)}×`),
    ]
  })
  return table(`Org of a token, the last ${WINDOW} of ${COUNT} (bare: the first)`, rows)
}
