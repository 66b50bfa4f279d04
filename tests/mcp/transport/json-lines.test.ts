import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { createJsonLines } from '../../../src/mcp/transport/json-lines.ts'

type Seen = { messages: unknown[]; garbage: string[]; oversize: [string | number | null, number][] }

function read(chunks: Uint8Array[], limit = 1000): Seen {
  const seen: Seen = { messages: [], garbage: [], oversize: [] }
  const push = createJsonLines(limit, {
    message: value => seen.messages.push(value),
    garbage: line => seen.garbage.push(line),
    oversize: (id, bytes) => seen.oversize.push([id, bytes]),
  })
  for (const chunk of chunks) push(chunk)
  return seen
}

const bytes = (text: string) => new TextEncoder().encode(text)
const long = 'x'.repeat(60)

const stream = [
  '{"a":1}\n',
  'Server läuft ☃ on stdio\n',
  '\r\n',
  '{"b":"ü☃\\n"}\r\n',
  '[{"c":1},{"d":2}]\n',
  `{"jsonrpc":"2.0","id":7,"result":{"id":8,"text":"${long}"}}\n`,
  `{"result":{"text":"${long} \\" } ]","id":3},"jsonrpc":"2.0","id":"x\\"y"}\n`,
  `{"id":1,"method":"roots/list","params":{"text":"${long}"}}\n`,
  '{"e":1}\n',
  'no newline at the end',
].join('')

describe('createFrames', () => {
  const expected: Seen = {
    messages: [{ a: 1 }, { b: 'ü☃\n' }, { c: 1 }, { d: 2 }, { e: 1 }],
    garbage: ['Server läuft ☃ on stdio'],
    oversize: [
      [7, 112],
      ['x"y', 124],
      [null, 111],
    ],
  }

  test('reads the same at every split point', () => {
    const whole = bytes(stream)
    for (let at = 0; at <= whole.length; at++)
      expect(read([whole.subarray(0, at), whole.subarray(at)], 50)).toEqual(expected)
    expect(
      read(
        Array.from(whole, byte => Uint8Array.of(byte)),
        50,
      ),
    ).toEqual(expected)
  })

  test('gives back what was written, whatever it was and however it was cut', () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue()), fc.array(fc.nat(200)), (values, cuts) => {
        const whole = bytes(values.map(value => `${JSON.stringify({ value })}\n`).join(''))
        const at = cuts.map(cut => cut % (whole.length + 1)).sort((a, b) => a - b)
        const chunks = [0, ...at].map((start, i) => whole.subarray(start, at[i] ?? whole.length))
        expect(read(chunks, 1e6).messages).toEqual(JSON.parse(JSON.stringify(values.map(value => ({ value })))))
      }),
    )
  })

  test('finds the id of any response that is too long', () => {
    const id = fc.oneof(fc.integer(), fc.string({ maxLength: 20 }))
    fc.assert(
      fc.property(id, fc.jsonValue(), fc.boolean(), fc.nat(30), (id, value, first, size) => {
        const result = { value, long, id: 'not this', nested: [{ id: 0 }] }
        const text = JSON.stringify(first ? { id, result } : { result, id })
        const whole = bytes(`${text}\n`)
        const chunks = Array.from({ length: Math.ceil(whole.length / (size + 1)) }, (_, i) =>
          whole.subarray(i * (size + 1), (i + 1) * (size + 1)),
        )
        expect(read(chunks, 10).oversize).toEqual([[id, whole.length - 1]])
      }),
    )
  })
})
