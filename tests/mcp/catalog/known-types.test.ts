import { expect, test } from 'bun:test'
import { withKnownTypes } from '../../../src/mcp/catalog/known-types.ts'

test('types of programming languages become those of JSON Schema, and unknown types are removed', () => {
  expect(
    withKnownTypes({
      type: 'dict',
      properties: {
        type: { type: 'any', description: 'a property of that name' },
        name: { type: 'str' },
        count: { type: ['int', 'null'] },
        odd: { type: ['string', 'widget'] },
        inherited: { type: 'constructor' },
        rows: { type: 'list', items: { type: 'float' } },
        kind: { type: 'string', enum: ['any'], default: { type: 'any' } },
      },
      anyOf: [{ type: 'Object' }],
    }),
  ).toEqual({
    type: 'object',
    properties: {
      type: { description: 'a property of that name' },
      name: { type: 'string' },
      count: { type: ['integer', 'null'] },
      odd: {},
      inherited: {},
      rows: { type: 'array', items: { type: 'number' } },
      kind: { type: 'string', enum: ['any'], default: { type: 'any' } },
    },
    anyOf: [{ type: 'object' }],
  })
})
