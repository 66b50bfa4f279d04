import { describe, expect, test } from 'bun:test'
import { convertToOrg, promptToOrg } from '../../src/org/convert.ts'
import { OrgFlow } from '../../src/org/flow.ts'
import { cleanMarkdown } from '../../src/transcript/markdown-text.ts'
import { renderJson, renderMarkdown, renderOrg } from '../support/rendered.ts'
import { created, logOf, message, prompt, toolCall, toolResult } from '../transcript/events.ts'

/** Each takes hours or the stack where something is quadratic or recursive. */
const SIZE = 190_000
const shapes: Record<string, (size: number) => string> = {
  asterisks: size => '*'.repeat(size),
  'openers that never close': size => '*a '.repeat(size / 3),
  'closers that never opened': size => 'a* '.repeat(size / 3),
  'nested emphasis': size => `${'*'.repeat(size / 2)}a${'*'.repeat(size / 2)}`,
  brackets: size => '['.repeat(size / 2) + ']'.repeat(size / 2),
  'link openings': size => '[a]('.repeat(size / 4),
  'nested images': size => '!['.repeat(size / 8) + '](b)'.repeat(size / 8),
  'backtick runs': size => Array.from({ length: Math.sqrt(size * 2) }, (_, run) => '`'.repeat(run)).join(' '),
  'one line': size => 'word '.repeat(size / 5),
  'one word': size => 'a'.repeat(size),
  'nested quotes': size => `${'>'.repeat(1000)} a\n`.repeat(size / 1000),
  'nested lists': size => Array.from({ length: Math.sqrt(size) }, (_, depth) => `${'  '.repeat(depth)}- a`).join('\n'),
  'bullets on a line': size => '- '.repeat(size / 2),
  'a long item': size => `- a\n${'  b\n'.repeat(size / 4)}`,
  'setext candidates': size => 'a\n-\n'.repeat(size / 4),
  'table openings': size => 'a|b\n'.repeat(size / 4),
  'a wide table': size => `${'|a'.repeat(size / 4)}|\n${'|-'.repeat(size / 4)}|\n${'a\n'.repeat(size / 4)}`,
  colons: size => 'a:'.repeat(size / 2),
  'formulas that never close': size => '\\('.repeat(size / 2),
  'formulas within each other': size => `${'\\('.repeat(600)}\\)`.repeat(size / 1202),
  'formulas on lines that never close': size => '\\[\n- a\n'.repeat(size / 7),
  'doubled dollars': size => '$$ '.repeat(size / 3),
  dollars: size => '$a'.repeat(size / 2),
  'inline source openings': size => 'src_'.repeat(size / 4),
  tags: size => '<a b="'.repeat(size / 6),
  URLs: size => 'http://a'.repeat(size / 8),
  hashes: size => `# ${'#'.repeat(size)}a`,
  spaces: size => `a${' '.repeat(size)}b`,
  'line ends': size => '\n'.repeat(size),
  'targets of labels': size => Array.from({ length: size / 12 }, (_, i) => `[a${i}]: /x\n`).join(''),
  'lists that turn out loose': size => '- a\n  - b\n  - c\n\n  - d\n'.repeat(size / 24),
  'code in an item': size => `- \`\`\`\n${'  x\n'.repeat(size / 4)}`,
}

describe('pathological text takes linear time and no stack', () => {
  test.each(Object.entries(shapes))('%s', (_, shape) => {
    for (const text of [shape(SIZE), shape(1_000_000)]) {
      for (const written of [convertToOrg(text), promptToOrg(text), cleanMarkdown(text)])
        expect(written.length).toBeLessThan(text.length * 8 + 1000)
    }
  })
})

describe('so it does when it streams', () => {
  test.each(Object.entries(shapes))('%s', (_, shape) => {
    const text = shape(SIZE / 8)
    const flow = new OrgFlow()
    let sent = 0
    for (let at = 0; at < text.length; at += 7) sent += flow.push(text.slice(at, at + 7)).org.length
    sent += flow.finish(text).org.length
    expect(flow.org).toBe(convertToOrg(text))
    expect(sent).toBeLessThan(text.length * 60 + 10_000)
  })
})

test('a session of ten thousand events', async () => {
  const log = logOf(
    created(),
    ...Array.from({ length: 2500 }, (_, turn) => {
      const turn_id = `turn_${turn}`
      const id = `tc_${turn}`
      return [
        prompt('Do **this**', { turn_id }),
        message('I *will*:\n\n- a\n- `b`\n\n```ts\nconst a = 1\n```', { turn_id }),
        toolCall(id, 'read_file', { turn_id, params: { path: 'a.ts' } }),
        toolResult(id, 'read_file', 'line\n'.repeat(20), { turn_id }),
      ]
    }).flat(),
  )
  expect((await renderOrg(log)).match(/^\*\*\* Tool Call: read_file$/gm)).toHaveLength(2500)
  expect((await renderMarkdown(log)).match(/^#### Tool Call: read_file$/gm)).toHaveLength(2500)
  expect(JSON.parse(await renderJson(log)).message_count).toBe(5000)
})
