import { describe, expect, test } from 'bun:test'
import { jsonValues } from '../../../src/mcp/catalog/values.ts'
import { readEnvelope } from '../../../src/mcp/transport/envelope.ts'

describe('readEnvelope', () => {
  const failed = (message: string, id: number | string = 3) => ({
    jsonrpc: '2.0',
    id,
    error: { code: -32603, message },
  })
  test.each<[string, object, object]>([
    ['result: null', { jsonrpc: '2.0', id: 3, result: null }, { jsonrpc: '2.0', id: 3, result: {} }],
    ['no result at all', { jsonrpc: '2.0', id: 3 }, { jsonrpc: '2.0', id: 3, result: {} }],
    ['a text as result', { id: 3, result: 'done' }, { jsonrpc: '2.0', id: 3, result: { content: 'done' } }],
    ['an error that is a string', { jsonrpc: '2.0', id: 3, error: 'closed' }, failed('closed')],
    ['an error without a code', { id: 3, error: { message: 'closed' } }, failed('closed')],
    [
      'an error with a code in letters',
      { id: 3, error: { code: 'EBUSY', detail: 'closed' } },
      failed('{"code":"EBUSY","detail":"closed"}'),
    ],
    [
      'a code as text',
      { id: 3, error: { code: '-32601', message: 'no' } },
      { jsonrpc: '2.0', id: 3, error: { code: -32601, message: 'no' } },
    ],
    ['JSON-RPC 1.0', { id: 3, result: { a: 1 }, error: null }, { jsonrpc: '2.0', id: 3, result: { a: 1 } }],
    ['null for params', { method: 'ping', id: 9, params: null }, { jsonrpc: '2.0', method: 'ping', id: 9 }],
    [
      'a server without a name',
      { jsonrpc: '2.0', id: 3, result: { protocolVersion: '2025-06-18' } },
      {
        jsonrpc: '2.0',
        id: 3,
        result: { protocolVersion: '2025-06-18', capabilities: {}, serverInfo: { name: 'unnamed', version: '0' } },
      },
    ],
    [
      'an error beside a result',
      { jsonrpc: '2.0', id: 3, result: null, error: { code: -1, message: 'no' } },
      { jsonrpc: '2.0', id: 3, error: { code: -1, message: 'no' } },
    ],
    [
      'fields that are null',
      { jsonrpc: '2.0', id: 3, result: { content: [], _meta: null, isError: null, structuredContent: null } },
      { jsonrpc: '2.0', id: 3, result: { content: [] } },
    ],
    [
      'content that is null',
      { jsonrpc: '2.0', id: 3, result: { content: null } },
      { jsonrpc: '2.0', id: 3, result: { content: null } },
    ],
    ...(
      [
        [{ protocolVersion: 'DRAFT-2025-v2' }, { protocolVersion: '2024-11-05' }],
        [{ protocolVersion: 20250618 }, { protocolVersion: '2024-11-05' }],
        [{ protocolVersion: undefined }, { protocolVersion: '2024-11-05' }],
        [{ instructions: null }, {}],
        [{ instructions: ['a'] }, {}],
        [
          { capabilities: { tools: true, logging: null, prompts: { a: 1 } } },
          { capabilities: { tools: {}, prompts: { a: 1 } } },
        ],
        [{ capabilities: ['tools'] }, { capabilities: {} }],
        [{ serverInfo: null }, { serverInfo: { name: 'unnamed', version: '0' } }],
      ] as const
    ).map(([given, read]): [string, object, object] => {
      const sound = { protocolVersion: '2025-06-18', capabilities: {}, serverInfo: { name: 's', version: '1' } }
      return [
        `a greeting with ${JSON.stringify(given)}`,
        { jsonrpc: '2.0', id: 3, result: { ...sound, ...given } },
        { jsonrpc: '2.0', id: 3, result: { ...sound, ...read } },
      ]
    }),
  ])('%s', (_, message, expected) => expect(readEnvelope(message)).toEqual(expected))

  test('an answer without an id, or with one of the other type, is that of the request', () => {
    expect(
      readEnvelope({ jsonrpc: '2.0', id: null, error: { code: -32700, message: 'Parse error' } }, 7),
    ).toMatchObject({
      id: 7,
      error: { code: -32700 },
    })
    expect(readEnvelope({ jsonrpc: '2.0', id: '7', result: {} }, 7)).toEqual({ jsonrpc: '2.0', id: 7, result: {} })
  })
  test('what is no answer is an error that quotes it', () => {
    const expected = failed('the answer is no JSON-RPC message: {}', 7)
    expect(readEnvelope({}, 7)).toEqual(expected)
  })
  test('a sound message is the same object', () => {
    for (const message of [
      { jsonrpc: '2.0', id: 1, result: { content: [] } },
      { jsonrpc: '2.0', id: 'x', error: { code: 1, message: 'm' } },
      { jsonrpc: '2.0', method: 'notifications/message', params: {} },
    ])
      expect(readEnvelope(message, 'id' in message ? message.id : undefined)).toBe(message)
  })
})

describe('jsonValues', () => {
  test.each<[string, unknown[], string]>([
    ['{"a":1}', [{ a: 1 }], ''],
    ['{"a":"}{"} {"b":{"c":"\\""}}', [{ a: '}{' }, { b: { c: '"' } }], ''],
    ['[INFO] up {"a":1} bye', [{ a: 1 }], '[INFO] up  bye'],
    ['{not json} {"a":1}', [{ a: 1 }], '{not json}'],
    ['{"a":1', [], '{"a":1'],
    ['{"a":NaN,"b":[-Infinity, Infinity],"c":"x: NaN"}', [{ a: null, b: [null, null], c: 'x: NaN' }], ''],
    ['{a: NaN}', [], '{a: NaN}'],
    ['Server läuft', [], 'Server läuft'],
  ])('%s', (text, values, rest) => expect(jsonValues(text)).toEqual({ values, rest }))

  test('takes linear time', () => {
    const text = '{'.repeat(2_000_000)
    expect(jsonValues(text)).toEqual({ values: [], rest: text })
  })
})
