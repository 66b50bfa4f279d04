import { describe, expect, test } from 'bun:test'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { convertToOrg } from '../../src/org/convert.ts'
import { OrgFlow, type Patch } from '../../src/org/flow.ts'
import { FUZZ_SEED } from '../support/fuzz.ts'
import { hostileText } from './fragments.ts'

const directory = join(import.meta.dir, '../fixtures/markdown-org')
const names = readdirSync(directory).filter(name => name.endsWith('.md'))

/** What a client does with what it is sent: characters are code points. */
class Reader {
  characters: string[] = []

  apply({ org, org_from }: Patch) {
    if (org_from !== undefined) {
      expect(org_from).toBeLessThanOrEqual(this.characters.length)
      this.characters.length = org_from
    }
    this.characters.push(...org)
  }
  get text() {
    return this.characters.join('')
  }
}

/** The Org of `pieces`, after each of which it is that of the text so far, unless labels have their targets further on. */
function stream(pieces: readonly string[]): string {
  const flow = new OrgFlow()
  const reader = new Reader()
  let text = ''
  for (const piece of pieces) {
    text += piece
    reader.apply(flow.push(piece))
    expect(reader.text).toBe(flow.org)
    if (!/\]:/.test(text)) expect(reader.text).toBe(convertToOrg(text))
  }
  reader.apply(flow.finish(text))
  expect(flow.org).toBe(reader.text)
  return reader.text
}

describe('Org that grows with its Markdown', () => {
  test.each(names)('%s, cut at every place', name => {
    const markdown = readFileSync(join(directory, name), 'utf8')
    const characters = [...markdown]
    const whole = convertToOrg(markdown)
    for (let at = 0; at <= characters.length; at++)
      expect(stream([characters.slice(0, at).join(''), characters.slice(at).join('')])).toBe(whole)
    expect(stream(characters)).toBe(whole)
    const returns = [...markdown.replaceAll('\n', '\r\n')]
    expect(stream(returns)).toBe(whole)
  })

  test('a target at the very end reaches back', () => {
    expect(stream(['[a] and ', '[b][a].\n\nmore\n\n[a]: ', 'https://a.b/c'])).toBe(
      '[[https://a.b/c][a]] and [[https://a.b/c][b]].\n\nmore',
    )
  })

  test('any text in any pieces', () => {
    const pieces = fc.array(hostileText, { minLength: 1, maxLength: 6 }).chain(parts => {
      const text = [...parts.join('')]
      return fc.array(fc.nat(text.length), { maxLength: 12 }).map(cuts => {
        const ends = [...new Set([...cuts, text.length])].sort((a, b) => a - b)
        return ends.map((end, i) => text.slice(ends[i - 1] ?? 0, end).join(''))
      })
    })
    fc.assert(
      fc.property(pieces, parts => {
        expect(stream(parts)).toBe(convertToOrg(parts.join('')))
      }),
      { seed: FUZZ_SEED, numRuns: 400 },
    )
  })
})
