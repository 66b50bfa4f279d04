import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { Decoder, DONE, MalformedStream, type Payload } from '../../../src/llm/wire/sse.ts'

const bytes = (text: string) => new TextEncoder().encode(text)

function decode(pieces: Uint8Array[]): Payload[] | string {
  const decoder = new Decoder()
  try {
    return [...pieces.flatMap(piece => decoder.feed(piece)), ...decoder.end()]
  } catch (error) {
    if (!(error instanceof MalformedStream)) throw error
    return error.message
  }
}

const data = (value: unknown, event = '') => ({ event, data: value })

const STREAMS: [string, string, Payload[] | string][] = [
  ['one event', 'data: {"a":1}\n\n', [data({ a: 1 })]],
  ['CRLF', 'event: x\r\ndata: {"a":1}\r\n\r\ndata: {"b":2}\r\n\r\n', [data({ a: 1 }, 'x'), data({ b: 2 })]],
  ['CR alone', 'data: {"a":1}\r\rdata: {"b":2}\r\r', [data({ a: 1 }), data({ b: 2 })]],
  [
    'all three mixed',
    'data: {"a":1}\r\n\ndata: {"b":2}\n\rdata: {"c":3}\r\r',
    [data({ a: 1 }), data({ b: 2 }), data({ c: 3 })],
  ],
  ['comments and other fields', ': hi\nid: 3\nretry: 5\n:\ndata: {}\n: x\n\n', [data({})]],
  ['no space behind the colon', 'event:x\ndata:{"a":1}\n\n', [data({ a: 1 }, 'x')]],
  ['data in several lines', 'data: {"a":\ndata: 1}\n\n', [data({ a: 1 })]],
  ['a byte order mark', '\ufeffdata: {"a":1}\n\n', [data({ a: 1 })]],
  ['characters of several bytes', 'data: {"a":"ä€😄"}\n\n', [data({ a: 'ä€😄' })]],
  ['separators that are no line ends', 'data: {"a":"\u2028\u0085"}\n\n', [data({ a: '\u2028\u0085' })]],
  ['done', 'data: {"a":1}\n\ndata: [DONE]\n\n', [data({ a: 1 }), DONE]],
  ['a last event without its blank line', 'data: {"a":1}\n\ndata: {"b":2}', [data({ a: 1 }), data({ b: 2 })]],
  ['a last event cut inside', 'data: {"a":1}\n\ndata: {"b":', [data({ a: 1 })]],
  ['pings without JSON', 'event: ping\ndata: x\n\ndata:\n\ndata: {"a":1}\n\n', [data({ a: 1 })]],
  ['an error without JSON', 'event: error\ndata: it broke\n\n', [data({ error: 'it broke' }, 'error')]],
  ['something else than JSON', 'data: {"a":1}\n\ndata: oops\n\n', 'contains something that is not JSON'],
  ['a web page', ' \n<!DOCTYPE html><p>Sign in</p>', 'is a web page instead of a stream; check base_url'],
  ['one document', ' {"a":\n\n1}', [data({ a: 1 }), DONE]],
  ['a list of documents', '[{"a":1},\r\n{"b":2}]', [data({ a: 1 }), data({ b: 2 }), DONE]],
  ['a document cut off', '{"a":1', 'broke off in the middle'],
  ['plain words', 'Bad Gateway\n', 'is no stream'],
  ['nothing', '', []],
]

describe('Decoder', () => {
  for (const [name, stream, expected] of STREAMS)
    test(`${name}, cut anywhere`, () => {
      const all = bytes(stream)
      expect(decode([all])).toEqual(expected)
      for (let at = 0; at <= all.length; at++)
        for (let to = at; to <= all.length; to++)
          expect(decode([all.subarray(0, at), all.subarray(at, to), all.subarray(to)])).toEqual(expected)
      expect(decode(Array.from(all, byte => Uint8Array.of(byte)))).toEqual(expected)
    })

  test('whatever the bytes, it ends with payloads or MalformedStream', () => {
    const piece = fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.constantFrom(...STREAMS.map(([, text]) => bytes(text))))
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 6 }), pieces => {
        decode(pieces)
      }),
      { numRuns: 2_000 },
    )
  })

  test('a line without end is refused before it fills the memory', () => {
    const decoder = new Decoder()
    decoder.feed(bytes('data: "'))
    const megabyte = new Uint8Array(1024 * 1024).fill(97)
    expect(() => {
      for (let i = 0; i < 64; i++) decoder.feed(megabyte)
    }).toThrow(MalformedStream)
  })
})
