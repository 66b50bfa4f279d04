import { describe, expect, test } from 'bun:test'
import { parseArguments } from '../../../src/llm/wire/arguments.ts'
import { Calls, type Piece } from '../../../src/llm/wire/calls.ts'

/** One call whose arguments come in these pieces. */
function doubled(first: string, ...more: string[]): Piece[] {
  return [{ index: 0, id: 'a', name: 'f', args: first }, ...more.map(args => ({ index: 0, args }))]
}

/** What servers really send, and the calls that it means: name, arguments, the provider's id. */
const QUIRKS: [string, Piece[], [string, object | string, string?][]][] = [
  [
    'by the book',
    [
      { index: 0, id: 'a', name: 'f', args: '' },
      { index: 0, args: '{"x"' },
      { index: 0, args: ':1}' },
    ],
    [['f', { x: 1 }, 'a']],
  ],
  [
    'two, interleaved',
    [
      { index: 0, id: 'a', name: 'f', args: '' },
      { index: 1, id: 'b', name: 'g', args: '{' },
      { index: 0, args: '{}' },
      { index: 1, args: '}' },
    ],
    [
      ['f', {}, 'a'],
      ['g', {}, 'b'],
    ],
  ],
  [
    'index from 1',
    [
      { index: 1, id: 'a', name: 'f', args: '{' },
      { index: 1, args: '}' },
    ],
    [['f', {}, 'a']],
  ],
  [
    'no index, ids repeated',
    [
      { id: 'a', name: 'f', args: '{"x"' },
      { id: 'a', args: ':1}' },
      { id: 'b', name: 'f', args: '{}' },
    ],
    [
      ['f', { x: 1 }, 'a'],
      ['f', {}, 'b'],
    ],
  ],
  [
    'no index, ids empty later',
    [
      { id: 'a', name: 'f', args: '{"x"' },
      { id: '', name: '', args: ':1}' },
    ],
    [['f', { x: 1 }, 'a']],
  ],
  [
    'no index and no id at all',
    [{ name: 'f', args: '{"x"' }, { args: ':1}' }, { name: 'g', args: '{}' }, { name: 'g', args: '{}' }],
    [
      ['f', { x: 1 }],
      ['g', {}],
    ],
  ],
  ['index later missing', [{ index: 0, id: 'a', name: 'f', args: '{"x"' }, { args: ':1}' }], [['f', { x: 1 }, 'a']]],
  [
    'the id comes late',
    [
      { index: 0, name: 'f', args: '{"x":' },
      { index: 0, id: 'a', args: '1}' },
    ],
    [['f', { x: 1 }, 'a']],
  ],
  [
    'the id comes late, without index',
    [
      { name: 'f', args: '{"x":' },
      { id: 'a', args: '1}' },
    ],
    [['f', { x: 1 }, 'a']],
  ],
  [
    'the name comes late',
    [
      { index: 0, id: 'a', args: '' },
      { index: 0, name: 'f' },
      { index: 0, args: '{}' },
    ],
    [['f', {}, 'a']],
  ],
  [
    'the name comes last',
    [
      { index: 0, id: 'a', args: '{"x":1}' },
      { index: 0, name: 'f' },
    ],
    [['f', { x: 1 }, 'a']],
  ],
  [
    'the index comes late',
    [
      { id: 'a', name: 'f', args: '{"x":' },
      { index: 0, args: '1}' },
    ],
    [['f', { x: 1 }, 'a']],
  ],
  [
    'the name on every piece',
    [
      { index: 0, id: 'a', name: 'f', args: '{"x":' },
      { index: 0, id: 'a', name: 'f', args: '1}' },
    ],
    [['f', { x: 1 }, 'a']],
  ],
  [
    'the name on every piece, no id',
    [
      { index: 0, name: 'f', args: '{"x":' },
      { index: 0, name: 'f', args: '1}' },
    ],
    [['f', { x: 1 }]],
  ],
  [
    'a new id on every piece',
    [
      { index: 0, id: 'a', name: 'f', args: '{"x":' },
      { index: 0, id: 'b', args: '1}' },
    ],
    [['f', { x: 1 }, 'a']],
  ],
  [
    'every call has index 0',
    [
      { index: 0, id: 'a', name: 'f', args: '{"x":1}' },
      { index: 0, id: 'b', name: 'f', args: '{"x":2}' },
    ],
    [
      ['f', { x: 1 }, 'a'],
      ['f', { x: 2 }, 'b'],
    ],
  ],
  [
    'every call has index 0 and an empty id',
    [
      { index: 0, id: '', name: 'f', args: '{}' },
      { index: 0, id: '', name: 'g', args: '{}' },
    ],
    [
      ['f', {}],
      ['g', {}],
    ],
  ],
  [
    'index 0, no arguments, ids differ',
    [
      { index: 0, id: 'a', name: 'f' },
      { index: 0, id: 'b', name: 'f' },
    ],
    [
      ['f', {}, 'a'],
      ['f', {}, 'b'],
    ],
  ],
  [
    'one id for two calls',
    [
      { index: 0, id: 'a', name: 'f', args: '{}' },
      { index: 1, id: 'a', name: 'g', args: '{}' },
    ],
    [
      ['f', {}, 'a'],
      ['g', {}],
    ],
  ],
  ['whole, in one piece', [{ id: 'a', name: 'f', args: '{"x":1}' }], [['f', { x: 1 }, 'a']]],
  [
    'sent once more at the end',
    [
      { index: 0, id: 'a', name: 'f', args: '{"x"' },
      { index: 0, args: ':1}' },
      { index: 0, id: 'a', name: 'f', args: '{"x":1}' },
    ],
    [['f', { x: 1 }, 'a']],
  ],
  [
    'trailing blanks',
    [
      { index: 0, id: 'a', name: 'f', args: '{}' },
      { index: 0, args: ' \n' },
    ],
    [['f', {}, 'a']],
  ],
  ['no arguments', [{ index: 0, id: 'a', name: 'f' }], [['f', {}, 'a']]],
  ['null', [{ index: 0, name: 'f', args: 'null' }], [['f', {}]]],
  ['an object in a string', [{ index: 0, name: 'f', args: '"{\\"x\\":1}"' }], [['f', { x: 1 }]]],
  ['a list', [{ index: 0, name: 'f', args: '[1]' }], [['f', '[1]']]],
  ['cut off', [{ index: 0, name: 'f', args: '{"x": "y' }], [['f', '{"x": "y']]],
  ['twice, without an id', doubled('{"x":{"y":1}}', '{"x":{"y":1}}'), [['f', { x: { y: 1 } }, 'a']]],
  ['twice, in pieces', doubled('{"x":', '{"y":1}}', '{"x":', '{"y":1}}'), [['f', { x: { y: 1 } }, 'a']]],
  ['twice, in one piece', doubled('{"x":"}{"}{"x":"}{"}'), [['f', { x: '}{' }, 'a']]],
  ['twice, spelled differently', doubled('{"x":1}', '{ "x": 1 }'), [['f', { x: 1 }, 'a']]],
  ['ever longer', doubled('{"x":', '{"x":"ab', '{"x":"abc"}'), [['f', { x: 'abc' }, 'a']]],
  ['ever longer, and twice', doubled('{', '{"x":"ab', '{"x":"abc"}', '{"x":"abc"}'), [['f', { x: 'abc' }, 'a']]],
  ['behind an empty object', doubled('{}', '{"x":', '{"y":1}}'), [['f', { x: { y: 1 } }, 'a']]],
  ['behind an empty object, in one piece', doubled('{}{"x":1}'), [['f', { x: 1 }, 'a']]],
  ['behind null', doubled('null', '{"x":1}'), [['f', { x: 1 }, 'a']]],
  ['an object that begins like its inside', doubled('{"x":', '{"x":1}', '}'), [['f', { x: { x: 1 } }, 'a']]],
  ['a brace too many', doubled('{"x":1}', '}'), [['f', { x: 1 }, 'a']]],
  ['in a fence', doubled('```json\n{"x":1}\n```'), [['f', { x: 1 }, 'a']]],
  ['as Python', doubled("{'x': 'it\\'s', 'y': [True, None]}"), [['f', { x: "it's", y: [true, null] }, 'a']]],
  ['a comma at the end', doubled('{"x":[1,2,],}'), [['f', { x: [1, 2] }, 'a']]],
  ['a line break in a string', doubled('{"x":"a\nb\tc"}'), [['f', { x: 'a\nb\tc' }, 'a']]],
  ['Python, cut off', doubled("{'x': 'y'"), [['f', "{'x': 'y'", 'a']]],
  ['code', doubled('{x: y()}'), [['f', '{x: y()}', 'a']]],
  ['alone in a list', doubled('[{"x":1}]'), [['f', { x: 1 }, 'a']]],
  ['what contradicts itself is nothing', doubled('{"x":1}', '{"x":2}'), [['f', '{"x":1}{"x":2}', 'a']]],
  ['looks doubled inside a string', doubled('{"x":"{}{}"}'), [['f', { x: '{}{}' }, 'a']]],
  [
    'whole again with its name and no id',
    [
      { index: 0, id: 'a', name: 'f', args: '{"x":1}' },
      { index: 0, name: 'f', args: '{"x":1}' },
    ],
    [['f', { x: 1 }, 'a']],
  ],
  [
    'whole again in pieces, with its name and no id',
    [
      { index: 0, id: 'a', name: 'f', args: '{"x":1}' },
      { index: 0, name: 'f', args: '{"x"' },
      { index: 0, args: ':1}' },
    ],
    [['f', { x: 1 }, 'a']],
  ],
  [
    'whole again under the next index and the same id',
    [
      { index: 0, id: 'a', name: 'f', args: '{"x":1}' },
      { index: 1, id: 'a', name: 'f', args: '{"x":1}' },
    ],
    [['f', { x: 1 }, 'a']],
  ],
  [
    'two equal calls with ids of their own',
    [
      { index: 0, id: 'a', name: 'f', args: '{}' },
      { index: 1, id: 'b', name: 'f', args: '{}' },
    ],
    [
      ['f', {}, 'a'],
      ['f', {}, 'b'],
    ],
  ],
  [
    'the empty object with the name on every piece',
    [
      { index: 0, id: 'a', name: 'f', args: '{}' },
      { index: 0, name: 'f', args: '{"x":1}' },
    ],
    [['f', { x: 1 }, 'a']],
  ],
  [
    'a name in two pieces',
    [
      { index: 0, id: 'a', name: 'read_', args: '' },
      { index: 0, name: 'file', args: '' },
      { index: 0, args: '{}' },
    ],
    [['read_file', {}, 'a']],
  ],
  [
    'a name that grows',
    [
      { index: 0, id: 'a', name: 'read_', args: '' },
      { index: 0, name: 'read_file', args: '{}' },
    ],
    [['read_file', {}, 'a']],
  ],
  ['not JSON', [{ index: 0, name: 'f', args: '{x: 1}' }], [['f', '{x: 1}']]],
]

describe('Calls', () => {
  for (const [name, pieces, expected] of QUIRKS)
    test(name, () => {
      const calls = new Calls()
      for (const piece of pieces) calls.add(piece)
      const { tool_calls, ids, raw_arguments } = calls.finish()
      const found = tool_calls.map(({ tool_call_id, tool, params }) => {
        const raw = raw_arguments[tool_call_id]
        if (raw !== undefined) expect(params).toEqual({})
        const id = ids[tool_call_id]
        return id === undefined ? [tool, raw ?? params] : [tool, raw ?? params, id]
      })
      expect(found as unknown).toEqual(expected)
      expect(tool_calls.every(call => /^tc_[a-z2-7]{12}$/.test(call.tool_call_id))).toBe(true)
    })

  test('tells a draft when it begins, when its path is known, and as it grows', () => {
    const calls = new Calls()
    const args = JSON.stringify({ path: 'src/a "b".ts', content: 'x'.repeat(2_000) })
    const drafts = calls.add({ index: 0, name: 'write_file' })
    for (const character of args) drafts.push(...calls.add({ index: 0, args: character }))
    const { tool_call_id } = calls.finish().tool_calls[0]!
    expect(drafts.map(draft => [draft.chars, draft.path])).toEqual([
      [0, undefined],
      [24, 'src/a "b".ts'],
      [536, 'src/a "b".ts'],
      [1048, 'src/a "b".ts'],
      [1560, 'src/a "b".ts'],
    ])
    expect(drafts.every(draft => draft.tool_call_id === tool_call_id && draft.tool === 'write_file')).toBe(true)
  })

  test('arguments never become anything but an object', () => {
    for (const args of ['1', 'true', '"x"', '[]', '{', '}', '{} {"x":1} {}', '""x', '"[]"', '[{},{}]', '[null]'])
      expect(parseArguments(args)).toBeUndefined()
    for (const args of ['', ' ', 'null', '{}', '"{}"', '[{}]', '{} {}', '{}}']) expect(parseArguments(args)).toEqual({})
  })
})
