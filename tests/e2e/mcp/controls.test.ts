import { expect, test } from 'bun:test'
import { peerEntry, startServed, talk } from '../../support/mcp-servers.ts'

/** ESC, a bidi override, NEL, a zero-width space, BEL. */
const HOSTILE = '\u001b[2J\u202e\u0085\u200b\u0007'
const CONTROLS = /[\0-\x08\x0b-\x1f\x7f-\x9f\u200b\u202a-\u202e\u2066-\u2069]/

const tools = (count: number) => [
  {
    name: 'odd',
    description: `First line.\nSecond ${HOSTILE} line.`,
    inputSchema: {
      type: 'object',
      properties: {
        [`na\nme${HOSTILE}`]: {
          type: 'string',
          description: `Described\nhere ${HOSTILE}.`,
          title: `ti\ntle${HOSTILE}`,
        },
        kind: { type: 'string', enum: [`one${HOSTILE}`, 'two\nlines'] },
      },
    },
  },
  ...Array.from({ length: count }, (_, i) => ({
    name: `filler_${i}`,
    description: 'Fills. '.repeat(40),
    inputSchema: { type: 'object', properties: { a: { type: 'string' } } },
  })),
]

test('native definitions reach the model without control characters', async () => {
  const served = await startServed([peerEntry({ tools: tools(0) })], { config: '[permissions]\nallow = ["peer/*"]' })
  const { run } = await talk(served)
  await run('peer__echo', { text: 'x' })
  const sent = JSON.stringify(served.model.requests.at(-1)!.body.tools)
  const texts: string[] = []
  JSON.parse(sent, (key, value) => {
    texts.push(key)
    if (typeof value === 'string') texts.push(value)
    return value
  })
  expect(texts.filter(text => CONTROLS.test(text))).toEqual([])
  expect(sent).toContain('First line.\\nSecond \\\\u{1b}[2J')
  expect(sent).toContain('na\\\\u{a}me')
  expect(texts.filter(text => text.includes('two'))).toEqual(['two\\u{a}lines'])
})

test('what the lazy tools say, too', async () => {
  const served = await startServed([peerEntry({ tools: tools(200) })], { config: '[permissions]\nallow = ["peer/*"]' })
  const { run } = await talk(served)
  const { result } = await run('describe_tools', { names: ['peer/odd'] })
  expect(result.content).toContain('First line')
  expect(result.content).toContain('na\\u{a}me')
  expect(result.content).not.toMatch(CONTROLS)
})
