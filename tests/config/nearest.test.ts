import { expect, test } from 'bun:test'
import { printable } from '../../src/base/controls.ts'
import { nearest, suggestion } from '../../src/config/nearest.ts'

const KEYS = ['host', 'port', 'model', 'models', 'mcp_servers', 'permissions']

test.each([
  ['prot', 'port'],
  ['Port', 'port'],
  ['modle', 'model'],
  ['mcp_server', 'mcp_servers'],
  ['permisions', 'permissions'],
  ['mcpServers', 'mcp_servers'],
  ['colour', undefined],
  ['x', undefined],
  ['perm', 'permissions'],
  ['', undefined],
])('%s is near %s', (name, expected) => expect(nearest(name, KEYS)).toBe(expected))

test('a long name is near nothing, at once', () => expect(nearest('p'.repeat(100_000), KEYS)).toBeUndefined())

test('a suggestion is a clause, or nothing', () => {
  expect(suggestion('prot', KEYS)).toBe(' (did you mean "port"?)')
  expect(suggestion('colour', KEYS)).toBe('')
})

test.each([
  ['plain é 漢 😀', 'plain é 漢 😀'],
  ['a\u001b[2Jb\nc', 'a\\u{1b}[2Jb\\u{a}c'],
  ['\u202egnp.exe', '\\u{202e}gnp.exe'],
  ['a\u200bb\u2028', 'a\\u{200b}b\\u{2028}'],
  ['\u{e0041}', '\\u{e0041}'],
])('%j is shown as %s', (text, shown) => expect(printable(text)).toBe(shown))
