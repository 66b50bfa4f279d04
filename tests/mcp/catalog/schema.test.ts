import { beforeAll, describe, expect, test } from 'bun:test'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { loadValidator, parseArguments } from '../../../src/mcp/catalog/arguments.ts'
import { overviewOf, wireName } from '../../../src/mcp/catalog/lazy.ts'
import { portable } from '../../../src/mcp/catalog/portable.ts'
import { signatureOf, summaryOf } from '../../../src/mcp/catalog/signature.ts'
import { CATALOG } from '../../support/catalog.ts'

beforeAll(loadValidator)
const CATALOGS = join(import.meta.dir, '../../../../shared/catalogs')
const lack = existsSync(CATALOGS) ? '' : ' (needs ../shared/catalogs)'
const string = { type: 'string' }
const object = (properties: object, required: string[] = []) => ({ type: 'object', properties, required })

describe('signatures', () => {
  const table: [string, Record<string, unknown>, string][] = [
    ['nothing', {}, ''],
    ['required first', object({ a: string, b: string }, ['b']), 'b a?'],
    [
      'plain types',
      object({ a: { type: 'integer' }, b: { type: 'number' }, c: { type: 'boolean' }, d: { type: 'array' }, e: {} }, [
        'a',
      ]),
      'a:int b?:num c?:bool d?:any[] e?:any',
    ],
    ['choices', object({ a: { enum: ['x', 'y z', 3, null] }, b: { const: 'k' } }), 'a?:x|"y z"|3 b?:k'],
    [
      'null is optional',
      object({ a: { type: ['string', 'null'] }, b: { anyOf: [{ type: 'integer' }, { type: 'null' }] } }),
      'a? b?:int',
    ],
    ['lists of choices', object({ a: { type: 'array', items: { enum: ['x', 'y'] } } }), 'a?:(x|y)[]'],
    ['groups', object({ a: object({ b: string, c: object({ d: string }) }, ['b']) }), 'a?:{b c?:{d?}}'],
    ['references', { ...object({ a: { $ref: '#/$defs/n' } }), $defs: { n: object({ v: string }) } }, 'a?:{v?}'],
    [
      'circles',
      { ...object({ a: { $ref: '#/$defs/n' } }), $defs: { n: object({ next: { $ref: '#/$defs/n' } }) } },
      'a?:{next?:{next?:{next?:obj}}}',
    ],
    [
      'a reference to itself',
      { ...object({ a: { $ref: '#/$defs/n' } }), $defs: { n: { $ref: '#/$defs/n' } } },
      'a?:any',
    ],
    ['parts', { allOf: [object({ a: string }, ['a']), object({ b: string })] }, 'a b?'],
    ['odd names', object({ 'a b': string, 'c?': string }), '"a b"? "c?"?'],
  ]
  for (const [name, schema, expected] of table) test(name, () => expect(signatureOf(schema)).toBe(expected))

  test('summaries are one sentence', () => {
    expect(summaryOf('Reads  a file.\nOnly text.', 90)).toBe('Reads a file')
    expect(summaryOf('e.g. this. And more of it', 90)).toBe('e.g. this. And more of it')
    expect(summaryOf('x'.repeat(100), 10)).toBe(`${'x'.repeat(9)}…`)
  })
})

describe('arguments', () => {
  const schema = object(
    {
      path: string,
      n: { type: 'integer' },
      on: { type: 'boolean' },
      tags: { type: 'array', items: string },
      at: object({ x: { type: 'number' } }),
      any: {},
    },
    ['path'],
  )
  const mended: [unknown, unknown][] = [
    [{ path: 'a' }, { path: 'a' }],
    ['{"path":"a"}', { path: 'a' }],
    [{ arguments: { path: 'a' } }, { path: 'a' }],
    [{ args: '{"path":"a"}' }, { path: 'a' }],
    [
      { path: 'a', n: '5', on: 'true', tags: '["x"]', at: '{"x":"1.5"}' },
      { path: 'a', n: 5, on: true, tags: ['x'], at: { x: 1.5 } },
    ],
    [{ path: 'a', n: null }, { path: 'a' }],
    [
      { path: '5', any: '5' },
      { path: '5', any: '5' },
    ],
    [
      { path: 'a', extra: 1 },
      { path: 'a', extra: 1 },
    ],
  ]
  for (const [given, expected] of mended)
    test(JSON.stringify(given), () => expect(parseArguments('s/t', schema, given)).toEqual(expected as never))

  test('a schema that cannot be read is left to the server', () => {
    for (const broken of [
      { $schema: 'http://unheard.of/', type: 'object' },
      object({ a: { type: 'string', pattern: '(' } }),
      object({ a: { $ref: 'http://far/away' } }),
    ])
      expect(parseArguments('s/t', broken, { a: 'x' })).toEqual({ a: 'x' })
  })

  test('odd schemas of every kind are read without a fault', () => {
    const odd: unknown[] = [
      null,
      1,
      'a',
      '#',
      '#/allOf/0',
      [],
      {},
      [null],
      [[]],
      [{}],
      ['__proto__'],
      { $ref: 1 },
      { $ref: '#' },
    ]
    const more: unknown[] = [
      { allOf: [null] },
      { type: [1] },
      { enum: [] },
      { '': {} },
      { constructor: 1 },
      { items: { $ref: '#' } },
    ]
    const keys = ['type', 'properties', 'required', 'anyOf', '$ref', 'items', 'allOf', 'enum']
    const values = [...odd, ...more]
    const pairs = keys.flatMap(a => keys.flatMap(b => values.flatMap(x => values.map(y => ({ [a]: x, [b]: y })))))
    for (const schema of pairs) {
      signatureOf(schema)
      portable(schema)
    }
  })

  test('a schema that is full of itself is read in no time', () => {
    const self = { $ref: '#' }
    const many = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`p${i}`, self]))
    const parts = Array.from({ length: 100 }, () => self)
    const schema = {
      type: 'object',
      properties: { ...many, list: { type: 'array', items: self } },
      anyOf: parts,
      allOf: parts,
    }
    expect(signatureOf(schema).length).toBeLessThan(100_000)
    expect(JSON.stringify(portable(schema)).length).toBeLessThan(1_000_000)
  })

  test('whatever a model sends and a server lists, the answer is arguments or INVALID_PARAMS', () => {
    const schemas = fc.oneof(
      fc.constant(schema),
      fc.dictionary(
        fc.constantFrom('type', 'properties', 'required', 'anyOf', '$ref', 'items', 'allOf', 'enum'),
        fc.jsonValue(),
      ),
    )
    fc.assert(
      fc.property(schemas, fc.jsonValue(), (schema, params) => {
        try {
          const args = parseArguments('s/t', schema as Record<string, unknown>, params)
          expect(typeof args).toBe('object')
        } catch (error) {
          expect((error as { code?: string }).code).toBe('INVALID_PARAMS')
        }
        signatureOf(schema as Record<string, unknown>)
        portable(schema as Record<string, unknown>)
      }),
      { numRuns: 500 },
    )
  })
})

describe('names for providers', () => {
  test.each([
    ['read_file', 'read_file'],
    ['github/create_issue', 'github__create_issue'],
    ['a/b.c', /^a__b_c_x[0-9a-f]{10}$/],
    ['a__b/c', /^a__b_x[0-9a-f]{10}__c$/],
    ['com.acme.srv/a', /^com_acme_srv_x[0-9a-f]{10}__a$/],
    ['@scope/x/a', /^_scope_x_x[0-9a-f]{10}__a$/],
    ['GitHub/a', 'GitHub__a'],
    ['a/b__c', 'a__b__c'],
    [`s/${'long'.repeat(30)}`, /^s__(?:long)+l?_x[0-9a-f]{10}$/],
    ['ü/ö', /^[_x0-9a-f]+_x[0-9a-f]{10}$/],
  ])('%s', (name, expected) => expect(wireName(name)).toMatch(expected))

  test('fit, and two are never the same', () => {
    const part = fc.oneof(
      fc.stringMatching(/^[a-z_]{1,4}$/),
      fc.string({ minLength: 1, maxLength: 90 }).filter(text => !text.includes('/')),
    )
    fc.assert(
      fc.property(
        fc.uniqueArray(
          fc.tuple(part, part).map(([a, b]) => `${a}/${b}`),
          { maxLength: 50 },
        ),
        names => {
          const back = new Map(names.map(name => [wireName(name), name]))
          expect(back.size).toBe(names.length)
          for (const [wire, name] of back) {
            expect(wire).toMatch(/^[a-zA-Z0-9_-]{1,64}$/)
            expect(wireName(name)).toBe(wire)
          }
        },
      ),
    )
  })
})

describe('portable schemas', () => {
  const KEYWORDS = new Set([
    'type',
    'description',
    'properties',
    'required',
    'items',
    'enum',
    'anyOf',
    'minimum',
    'maximum',
    'minItems',
    'maxItems',
  ])
  function check(schema: Record<string, unknown>, top: boolean): void {
    for (const key of Object.keys(schema)) if (!KEYWORDS.has(key)) throw new Error(`keyword ${key}`)
    if (top && (schema.type !== 'object' || schema.anyOf)) throw new Error('no object at the top')
    if (schema.type === 'array' && !schema.items) throw new Error('a list of nothing')
    for (const inner of Object.values((schema.properties ?? {}) as Record<string, Record<string, unknown>>))
      check(inner, false)
    for (const inner of (schema.anyOf ?? []) as Record<string, unknown>[]) check(inner, false)
    if (schema.items) check(schema.items as Record<string, unknown>, false)
  }

  test('hold only what every provider takes, whatever they are made of', () => {
    for (const { inputSchema } of CATALOG) check(portable(inputSchema), true)
  })

  test.skipIf(lack !== '')(`of all real tools hold only what every provider takes${lack}`, () => {
    for (const file of readdirSync(CATALOGS).filter(name => name.endsWith('.json'))) {
      const { tools } = JSON.parse(readFileSync(join(CATALOGS, file), 'utf8')) as {
        tools: { inputSchema: Record<string, unknown> }[]
      }
      for (const { inputSchema } of tools) check(portable(inputSchema), true)
    }
  })
})

describe('the overview', () => {
  const server = (name: string, count: number, category = name) => ({
    server: name,
    category,
    tools: Array.from({ length: count }, (_, i) => `tool${i}`),
  })
  test.each([
    [[], ''],
    [[{ server: 'a', category: 'a', tools: null }], 'MCP tools (x_{a b} = x_a, x_b):\na: (starting)'],
    [
      [{ server: 'a', category: 'a', tools: ['get_x', 'get_y', 'get_z', 'run', 'put-x', 'put-y'] }],
      'MCP tools (x_{a b} = x_a, x_b):\na: get_{x y z} run put-x put-y',
    ],
    [
      [server('a', 150, 'code'), server('b', 51, 'code'), server('c', 2)],
      'MCP tools by category, for find_tools: code 201, c 2',
    ],
  ])('%#', (servers, expected) => expect(overviewOf(servers as never)).toBe(expected as string))
})
