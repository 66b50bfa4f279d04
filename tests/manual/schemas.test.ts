import { expect, test } from 'bun:test'
import * as v from 'valibot'
import { fileSchema } from '../../src/config/schema.ts'
import { SHAPES } from '../../src/event/shapes.ts'
import { apiReference } from '../../src/manual/api.ts'
import { configReference, configSchema, tablesOf } from '../../src/manual/config.ts'
import { eventReference, eventSchema } from '../../src/manual/events.ts'
import { fieldList, inWords, type JsonSchema } from '../../src/manual/json-schema.ts'
import { KEYS } from '../../src/manual/keys.ts'
import { toolReference } from '../../src/manual/tools.ts'
import { knownTools } from '../../src/tools/registry.ts'

const tables = tablesOf(configSchema() as JsonSchema)

test('the JSON Schema describes every key of every table', () => {
  expect(tables.map(({ path }) => path).sort()).toEqual(Object.keys(KEYS).sort())
  for (const { path, table } of tables)
    for (const [key, { description }] of Object.entries(table.properties ?? {}))
      expect([path, key, description?.length ?? 0]).toEqual([path, key, expect.any(Number)])
  const undescribed = tables.flatMap(({ path, table }) =>
    Object.entries(table.properties ?? {}).flatMap(([key, field]) => (field.description ? [] : [`${path}.${key}`])),
  )
  expect(undescribed).toEqual([])
})

test('its defaults are values that the program takes', () => {
  const { properties = {} } = configSchema() as JsonSchema
  const defaults = Object.fromEntries(
    Object.entries(properties).flatMap(([key, { default: value }]) => (value === undefined ? [] : [[key, value]])),
  )
  expect(Object.keys(defaults).length).toBeGreaterThan(10)
  expect(v.safeParse(fileSchema, defaults).issues).toBeUndefined()
})

test('tables are headed as the file writes them', () => {
  const text = configReference()
  for (const heading of [
    '[providers.NAME.oauth]',
    '[[mcp_servers]]',
    '[mcp_servers.limits]',
    '[models."PROVIDER/MODEL"]',
  ])
    expect(text).toContain(`** =${heading}=\n`)
  expect(text).toContain('- =port= :: integer from 0 to 65535; default 9420.')
})

test('every event and every tool has its section', () => {
  const events = eventReference()
  for (const type of Object.keys(SHAPES)) expect(events).toContain(`** =${type}=\n`)
  expect(events).toContain('- =decision= :: "approved", "rejected", "timeout", "cancelled"; required')
  expect(eventSchema()).toMatchObject({ allOf: { length: Object.keys(SHAPES).length } })
  const tools = toolReference()
  for (const [, name] of tools.matchAll(/^\*\* =(\w+)=/gm)) expect(knownTools()).toContain(name!)
  expect(tools).toContain('** =read_file= (filesystem; runs without asking)')
})

test('every route has its section, with what its body takes', async () => {
  const text = await apiReference('1.2.3')
  expect(text).toContain(
    '** =POST /api/sessions=\n\nOpen a session on a project.\n\nThe body:\n\n- =project_path= :: text; required',
  )
  expect(text).toContain('- =?q== :: text; required')
})

const WORDS: [JsonSchema, string][] = [
  [{ type: 'integer', minimum: 1, maximum: 50 }, 'integer from 1 to 50'],
  [{ type: 'number', minimum: 0, maximum: Number.MAX_SAFE_INTEGER }, 'number'],
  [{ type: 'number', minimum: 2 }, 'number from 2 on'],
  [{ enum: ['a', 'b'] }, '"a", "b"'],
  [{ type: 'array', items: { type: 'object', properties: {} } }, 'list of tables'],
  [{ type: 'object', additionalProperties: { anyOf: [{ type: 'string' }, { type: 'boolean' }] } }, 'table of texts'],
  [{ anyOf: [{ type: 'string' }, { type: 'null' }] }, 'text or null'],
  [{}, 'any'],
]
test.each(WORDS)('%j in words', (schema, words) => expect(inWords(schema)).toBe(words))

test('a field says what is known of it', () => {
  const schema = { properties: { a: { type: 'string', default: 'x' } }, required: ['a'] }
  expect(fieldList(schema, () => 'Why.')).toBe('- =a= :: text; required; default "x". Why.\n')
})
