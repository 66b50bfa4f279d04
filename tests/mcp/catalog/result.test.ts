import { describe, expect, test } from 'bun:test'
import * as v from 'valibot'
import { type CallResult, callResult, outputOf } from '../../../src/mcp/catalog/result.ts'
import { png } from '../../support/images.ts'

/** A whole PNG of one pixel. */
const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='

const text = (...texts: string[]) => texts.map(text => ({ type: 'text', text }))
const rows = Array.from({ length: 5 }, (_, id) => ({ id, name: `row number ${id}`, size: id * 10 }))
const TABLE =
  '[5]{id,name,size}:\n  0,row number 0,0\n  1,row number 1,10\n  2,row number 2,20\n  3,row number 3,30\n  4,row number 4,40'

describe('results as a model reads them', () => {
  const table: [string, Partial<CallResult>, string][] = [
    ['text', { content: text('a', 'b') }, 'a\nb'],
    ['nothing', { content: [] }, '(no output)'],
    ['null for content', v.parse(callResult, { content: null }), '(no output)'],
    ['an object for text', { content: [{ type: 'text', text: { balance: 4711 } }] }, '{"balance":4711}'],
    [
      'an image in a resource',
      { content: [{ type: 'resource', resource: { uri: 'file:///x.png', mimeType: 'image/png', blob: PIXEL } }] },
      '[resource file:///x.png]\n[image 1: image/png]',
    ],
    [
      'a resource without an address',
      { content: [{ type: 'resource', resource: { text: 'inside' } }] },
      '[resource without a name]\ninside',
    ],
    ['JSON in text, as a table', { content: text(JSON.stringify(rows, null, 2)) }, TABLE],
    ['JSON in text, compact', { content: text('{\n  "a": {\n    "b": [1]\n  }\n}') }, '{"a":{"b":[1]}}'],
    [
      'JSON whose numbers would change',
      { content: text('{ "id": 12345678901234567890 }') },
      '{ "id": 12345678901234567890 }',
    ],
    ['text that begins like JSON', { content: text('[INFO] started') }, '[INFO] started'],
    ['structure alone', { content: [], structuredContent: { rows } }, `rows${TABLE}`],
    [
      'structure with its copy',
      { content: text(JSON.stringify({ rows })), structuredContent: { rows } },
      `rows${TABLE}`,
    ],
    [
      'structure with a copy in other order',
      { content: text('{"b":2,"a":1}'), structuredContent: { a: 1, b: 2 } },
      '{"b":2,"a":1}',
    ],
    ['structure whose inside is the copy', { content: text(JSON.stringify(rows)), structuredContent: { rows } }, TABLE],
    [
      'structure that is the text under a key',
      { content: text('some\ntext'), structuredContent: { content: 'some\ntext' } },
      'some\ntext',
    ],
    [
      'structure beside a summary',
      { content: text('Found 2.'), structuredContent: { a: [1, 2] } },
      'Found 2.\n{"a":[1,2]}',
    ],
  ]
  test('content is taken as it comes', () => {
    const contentOf = (content: unknown) => v.parse(callResult, { content }).content
    expect(contentOf('plain')).toEqual(text('plain'))
    expect(contentOf(['plain', { a: 1 }, { type: 'x' }])).toEqual([...text('plain', '{"a":1}'), { type: 'x' } as never])
  })
  for (const [name, result, expected] of table)
    test(name, async () => {
      const { content } = await outputOf({ content: [], ...result } as CallResult, true)
      expect(content).toBe(expected)
    })

  test('an error is thrown with its text', async () => {
    await expect(outputOf({ content: text('no such file'), isError: true }, true)).rejects.toMatchObject({
      code: 'TOOL_FAILED',
      message: 'no such file',
    })
  })

  const dot = png(3, 2).toString('base64')
  const SEEN: [string, object, string][] = [
    ['with a wrong label', { type: 'image', mimeType: 'image/jpeg', data: dot }, '[image 1: image/png]'],
    ['without a label', { type: 'image', data: dot }, '[image 1: image/png]'],
    [
      'as a URL',
      { type: 'image', mimeType: 'image/png', data: `data:image/png;base64,${dot}` },
      '[image 1: image/png]',
    ],
    ['in a source', { type: 'image', source: { type: 'base64', data: dot } }, '[image 1: image/png]'],
    [
      'in a resource',
      { type: 'resource', resource: { uri: 'shot://1', mimeType: 'image/png', blob: dot } },
      '[resource shot://1]\n[image 1: image/png]',
    ],
    [
      'in an unnamed one',
      { type: 'resource', resource: { uri: 'a', blob: dot } },
      '[resource a]\n[image 1: image/png]',
    ],
  ]
  test.each(SEEN)('an image %s is one', async (_, block, content) => {
    const output = await outputOf({ content: [block] } as CallResult, true)
    expect(output).toMatchObject({ content, images: [{ media_type: 'image/png', data: dot }] })
  })

  test.each([
    ['empty', { type: 'image', mimeType: 'image/png', data: '' }, 'it is empty'],
    ['absent', { type: 'image', mimeType: 'image/png' }, 'it is empty'],
    ['SVG', { type: 'image', mimeType: 'image/svg+xml', data: btoa('<svg xmlns="a"/>') }, 'it is SVG'],
    ['no image', { type: 'image', mimeType: 'image/png', data: btoa('Bad gateway') }, 'no image'],
    ['cut', { type: 'image', mimeType: 'image/png', data: dot.slice(0, 40) }, 'damaged'],
    [
      'cut, in a resource',
      { type: 'resource', resource: { uri: 'a', mimeType: 'image/png', blob: dot.slice(0, 40) } },
      'damaged',
    ],
  ])('an image that is %s is left out, and the model is told why', async (_, block, why) => {
    const output = await outputOf({ content: [block] } as CallResult, true)
    expect(output.images).toBeUndefined()
    expect(output.content).toContain('An image was left out')
    expect(output.content).toContain(why)
  })
})
