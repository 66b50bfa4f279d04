import { describe, expect, test } from 'bun:test'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { makeTable, TABLE } from '../../../scripts/catalogue.ts'
import { VENDORS } from '../../../src/config/vendors.ts'
import type { EFFORTS } from '../../../src/event/parts.ts'
import { effortFor } from '../../../src/llm/effort.ts'
import { loadCatalogue, refreshCatalogue } from '../../../src/llm/models/catalogue.ts'
import { parseDataset, readDataset } from '../../../src/llm/models/dataset.ts'
import { formatTable, parseTable, readLine } from '../../../src/llm/models/table.ts'
import { tempDir } from '../../support/temp.ts'

const catalogue = await loadCatalogue(undefined)
const withCatalogue = Object.keys(VENDORS).filter(name => catalogue.ids(name).length > 0)

describe('the table in the program', () => {
  test('is what the script makes of the installed data set', async () => {
    expect(existsSync(join(import.meta.dir, '../../../node_modules/@earendil-works/pi-ai'))).toBe(true)
    expect(await Bun.file(TABLE).text()).toBe(makeTable())
  })

  test('every line is a model with a window that its output fits in', () => {
    for (const id of withCatalogue.flatMap(name => catalogue.ids(name))) {
      const facts = catalogue.find(id)
      expect(facts?.context_window).toBeGreaterThan(1_000)
      expect(facts?.max_output).toBeLessThanOrEqual(facts!.context_window!)
    }
  })

  test('has what the rows of providers name', () => {
    for (const name of withCatalogue) {
      const { preferred, models = {} } = VENDORS[name]!
      for (const model of [preferred, ...Object.values(models)])
        if (model) expect([name, model, catalogue.find(`${name}/${model}`)]).toEqual([name, model, expect.any(Object)])
    }
  })

  test('knows the efforts of a model', () => {
    expect(catalogue.find('anthropic/claude-opus-5-5')?.efforts).toEqual(['low', 'medium', 'high', 'xhigh', 'max'])
    expect(catalogue.find('openai/gpt-6.1-terra')?.efforts).toEqual(['none', 'low', 'medium', 'high', 'xhigh', 'max'])
    expect(catalogue.find('gemini/gemini-4-argon')?.efforts).toEqual(['low', 'medium', 'high'])
  })
})

const model = (more: object = {}) => ({ id: 'm', limit: { context: 1000, output: 100 }, ...more })
const only = (models: object) => readDataset({ openai: { models } })

describe('a data set', () => {
  test('that lacks a field costs that model alone', () => {
    const { limit: _, ...limitless } = model()
    const { models, left_out } = only({
      good: model({ cost: { input: 1, output: 2 } }),
      limitless,
      halfway: model({ limit: { context: 1000 } }),
      negative: model({ cost: { input: -1, output: 2 } }),
      pennyless: model({ cost: { input: 1 } }),
      word: 'model',
      unpriced: model(),
    })
    expect(models.map(({ id }) => id)).toEqual(['openai/good', 'openai/unpriced'])
    expect(models[1]).not.toHaveProperty('prices')
    expect(left_out).toEqual([
      'openai/limitless: limit is missing.',
      'openai/halfway: limit.output is missing.',
      'openai/negative: cost.input must be a number from 0 on.',
      'openai/pennyless: cost.output is missing.',
      'openai/word: it must be a table.',
    ])
  })

  test.each(['', '[]', '{}', '{"openai": 1}', '{"somebody": {"models": {}}}', 'null', '<html>'])('%p is none', text => {
    expect(() => parseDataset(text)).toThrow(/This is no (JSON|data set)/)
  })

  test('is read with its tiers, modalities and efforts', () => {
    const { models } = only({
      a: model({
        cost: { input: 1, output: 2, cache_read: 0, context_over_200k: { input: 3, output: 4 } },
        reasoning: true,
        reasoning_options: [{ type: 'effort', values: ['high', 'low', 'odd'] }],
        tool_call: false,
        modalities: { input: ['text', 'image'], output: ['text'] },
      }),
      draws: model({ modalities: { output: ['image'] } }),
      'a:free': model({ cost: { input: 0, output: 0 } }),
      zero: model({ cost: { input: 0, output: 0 } }),
    })
    expect(models).toEqual([
      {
        id: 'openai/a',
        context_window: 1000,
        max_output: 100,
        images: true,
        tools: false,
        efforts: ['low', 'high'],
        prices: { input: 1, output: 2, tiers: [{ above: 200_000, input: 3, output: 4 }] },
      },
      {
        id: 'openai/a:free',
        context_window: 1000,
        max_output: 100,
        prices: { input: 0, output: 0, cache_read: 0, cache_write: 0 },
      },
      { id: 'openai/zero', context_window: 1000, max_output: 100 },
    ])
    const table = parseTable(formatTable(models, { made: '2027-01-01', source: 'x' }))!
    expect(models.map(({ id }) => ({ id, ...readLine(table.lines.get(id)!) }))).toEqual(models)
  })
})

test('whatever JSON a data set is, it is read or refused as a whole, and what was read comes back from the table', () => {
  const field = fc.oneof(fc.jsonValue(), fc.constantFrom(0, 1, 0.5, 1000, 'text', null, [], {}))
  const cost = fc.dictionary(
    fc.constantFrom('input', 'output', 'cache_read', 'cache_write', 'tiers', 'context_over_200k'),
    field,
  )
  const entry = fc.oneof(
    field,
    fc.record({ limit: fc.record({ context: field, output: field }), cost: fc.oneof(cost, field) }),
    fc.record({ limit: fc.constant({ context: 9, output: 1 }), cost, reasoning_options: field, modalities: field }),
  )
  fc.assert(
    fc.property(fc.dictionary(fc.string({ unit: 'binary' }), entry), models => {
      const read = only(models)
      expect(read.models.length + read.left_out.length).toBeLessThanOrEqual(Object.keys(models).length)
      const table = parseTable(formatTable(read.models, { made: '2027-01-01', source: 'x' }))!
      for (const { id, ...facts } of read.models) expect(readLine(table.lines.get(id)!)).toEqual(facts)
    }),
    { examples: [[{ '': { limit: { context: 2 ** 53, output: 1000 }, cost: null } }]] },
  )
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), line => {
      readLine(line)
      parseTable(line)
    }),
  )
})

test('a refreshed table takes the place of the one in the program; a damaged one does not', async () => {
  const state = tempDir()
  const refresh = (models: object, now: string) =>
    refreshCatalogue(state, { text: JSON.stringify({ google: { models } }), name: 'test' }, new Date(now))
  const argon = { 'gemini-4-argon': model({ cost: { input: 7, output: 8 } }) }

  await refresh(argon, '2026-11-27')
  const fresh = await loadCatalogue(state)
  // Announced for a day after the data was made: still to come.
  expect(fresh.find('gemini/gemini-4-argon')?.prices).toMatchObject({ input: 7, changes: [{ from: '2026-12-01' }] })
  await refresh(argon, '2026-12-02')
  expect((await loadCatalogue(state)).find('gemini/gemini-4-argon')?.prices).toEqual({ input: 7, output: 8 })

  await expect(refresh({ bad: {} }, '2026-12-03')).rejects.toThrow('No model in it could be read.')
  const merged = await loadCatalogue(state)
  expect(merged.ids('gemini')).toEqual(['gemini/gemini-4-argon'])
  expect(merged.find('gemini/gemini-3.8-flash')?.prices).toMatchObject({ input: 0.75 })
  expect(merged.ids('anthropic').length).toBeGreaterThan(10)
  await Bun.write(join(state, 'models.tsv'), '\0garbage')
  expect((await loadCatalogue(state)).ids('anthropic').length).toBeGreaterThan(10)
})

test.each<[string, string[] | undefined, string | undefined]>([
  ['high', undefined, 'high'],
  ['max', ['low', 'high'], 'high'],
  ['none', ['low', 'high'], 'low'],
  ['minimal', ['none', 'low'], 'low'],
  ['medium', ['low', 'high'], 'low'],
  ['none', ['none', 'low'], 'none'],
  ['high', [], undefined],
])('effort %s of %p is %p', (wanted, efforts, effort) => {
  const info = { id: 'a/b', provider: 'a', usable: true, efforts: efforts as never }
  expect(effortFor(info, wanted as (typeof EFFORTS)[number])).toBe(effort as never)
})
