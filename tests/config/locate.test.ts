import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { parse, stringify } from 'smol-toml'
import { locateKeys, type Path } from '../../src/config/locate.ts'

const TEXT = `# comment = 1
host = "a" # port = 2
"quoted key" = 1
'literal "key"' = 2
"esc\\u0061ped\\t" = 3
a.b . "c.d" = 4

[providers.anthropic]
api_key = "x # [no] = \\" = "
headers = { "X-A" = "1", b.c = '2' }

[[mcp_servers]]
name = "one"
args = [
  "-y", # a comment ]
  "[[mcp_servers]]",
  ["nested", { deep = 1 }],
]
text = """
name = "no"
\\"""
[no]
""""
raw = '''
[no]
x = 1'''''

[[mcp_servers]]
name = "two"
env = {
  A = "1",
  B = "2",
}
[mcp_servers.limits]
cpu = 1
[[mcp_servers.tools]]
t = 1
[[mcp_servers.tools]]
t = 2
`

const CASES: [Path, number][] = [
  [['host'], 2],
  [['quoted key'], 3],
  [['literal "key"'], 4],
  [['escaped\t'], 5],
  [['a'], 6],
  [['a', 'b'], 6],
  [['a', 'b', 'c.d'], 6],
  [['providers'], 8],
  [['providers', 'anthropic', 'api_key'], 9],
  [['providers', 'anthropic', 'headers', 'X-A'], 10],
  [['providers', 'anthropic', 'headers', 'b', 'c'], 10],
  [['mcp_servers', 0], 12],
  [['mcp_servers', 0, 'name'], 13],
  [['mcp_servers', 0, 'args'], 14],
  [['mcp_servers', 0, 'args', 0], 15],
  [['mcp_servers', 0, 'args', 1], 16],
  [['mcp_servers', 0, 'args', 2, 0], 17],
  [['mcp_servers', 0, 'args', 2, 1, 'deep'], 17],
  [['mcp_servers', 0, 'text'], 19],
  [['mcp_servers', 0, 'raw'], 24],
  [['mcp_servers', 1], 28],
  [['mcp_servers', 1, 'name'], 29],
  [['mcp_servers', 1, 'env', 'B'], 32],
  [['mcp_servers', 1, 'limits', 'cpu'], 35],
  [['mcp_servers', 1, 'tools', 0, 't'], 37],
  [['mcp_servers', 1, 'tools', 1, 't'], 39],
]

test('the text of the table is TOML', () => expect(() => parse(TEXT)).not.toThrow())

describe.each([
  ['LF', TEXT],
  ['CRLF', TEXT.replaceAll('\n', '\r\n')],
])('lines of keys, %s', (_, text) => {
  const lineOf = locateKeys(text)
  test.each(CASES)('%j is on line %i', (path, line) => expect(lineOf(path)).toBe(line))
})

test('what is not there has the line of what is around it', () => {
  const lineOf = locateKeys(TEXT)
  expect(lineOf(['mcp_servers', 1, 'limits', 'nothing'])).toBe(34)
  expect(lineOf(['nothing'])).toBe(1)
  expect(lineOf([])).toBe(1)
})

/** Tables whose keys are all different, so that the line of a key is the line its name is on. */
const tables = fc
  .letrec<{ node: unknown }>(tie => ({
    node: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      fc.constantFrom<unknown>(1, -2.5, true, '', 'text # [x]', 'a "b"\n\'c\' = 1', '"""', "'''", '\\', '[[', 'é = {'),
      fc.array(tie('node'), { maxLength: 3 }),
      fc.array(fc.tuple(fc.constantFrom('', ' dot.', '"', 'ü', '\\', '\t', '\u0000'), tie('node')), { maxLength: 4 }),
    ),
  }))
  .node.map(node => {
    let count = 0
    const build = (value: unknown): unknown => {
      if (!Array.isArray(value)) return value
      if (
        value.length > 0 &&
        value.every(item => Array.isArray(item) && item.length === 2 && typeof item[0] === 'string')
      )
        return Object.fromEntries(value.map(([odd, item]) => [`${odd}key${count++}_`, build(item)]))
      return value.map(build)
    }
    return { top: build(node) } as Record<string, unknown>
  })

const paths = (value: unknown, path: Path = []): Path[] => {
  if (typeof value !== 'object' || value === null) return [path]
  const children = Object.entries(value).map(([key, item]) =>
    paths(item, [...path, Array.isArray(value) ? Number(key) : key]),
  )
  return [path, ...children.flat()]
}

test('finds the line of every key of any TOML', () => {
  fc.assert(
    fc.property(tables, table => {
      const text = stringify(table)
      const lines = text.split('\n')
      const lineOf = locateKeys(text)
      for (const path of paths(parse(text))) {
        const key = path.at(-1)
        const name = typeof key === 'string' ? /key\d+_/.exec(key)?.[0] : undefined
        if (name) expect(lineOf(path)).toBe(lines.findIndex(line => line.includes(name)) + 1)
      }
    }),
    { numRuns: 500 },
  )
})

test('never throws and always ends, whatever the text', () => {
  const junk = fc.array(
    fc.constantFrom(
      '[',
      ']',
      '{',
      '}',
      '"',
      "'",
      '"""',
      "'''",
      '=',
      '.',
      ',',
      '#',
      '\n',
      '\\',
      '\\u',
      'a',
      ' ',
      '1',
      '\\UFFFFFFFF',
    ),
  )
  fc.assert(
    fc.property(
      fc.oneof(
        junk.map(parts => parts.join('')),
        fc.string({ unit: 'binary' }),
      ),
      text => {
        expect(locateKeys(text)(['a', 0, 'a'])).toBeGreaterThan(0)
      },
    ),
    { numRuns: 2000 },
  )
})

test.each([
  ['a string without end', `a = "${'\\n x '.repeat(200_000)}`],
  ['a long string', `a = """${'" \\" x\n'.repeat(150_000)}"""\nb = 1`],
  ['comments', '#\n \n'.repeat(250_000)],
  ['brackets', `a = ${'['.repeat(500_000)}`],
  ['braces', `a = ${'{b='.repeat(200_000)}`],
])('takes a megabyte of %s', (_, text) => {
  expect(locateKeys(text)(['a'])).toBeGreaterThan(0)
})
