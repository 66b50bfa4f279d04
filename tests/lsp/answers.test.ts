import { expect, test } from 'bun:test'
import { join } from 'node:path'
import { spotsOf, symbolsOf, textOf } from '../../src/lsp/answers.ts'
import { createDocuments } from '../../src/lsp/documents.ts'
import { uriOf } from '../../src/lsp/text.ts'
import { tempDir } from '../support/temp.ts'

const ODD = [null, undefined, 7, 'x', [], {}, [null, 3, {}], { contents: 4 }, { uri: 'file:///a', range: {} }]

test('places: one, many, links; columns are characters', async () => {
  const path = join(tempDir({ 'a.ts': 'const 𝒳 = one\n' }), 'a.ts')
  const uri = uriOf(path)
  const start = { line: 0, character: 11 }
  const spot = { path, line: 1, column: 10, text: 'const 𝒳 = one' }
  expect(await spotsOf({ uri, range: { start, end: start } })).toEqual([spot])
  expect(
    await spotsOf([
      { targetUri: uri, targetSelectionRange: { start } },
      { uri, range: { start } },
    ]),
  ).toEqual([spot, spot])
  expect(
    await spotsOf([
      { uri: 'untitled:1', range: { start } },
      { uri, range: { start: { line: -1 } } },
    ]),
  ).toEqual([])
})

test('texts, in all their forms', () => {
  expect(textOf({ contents: 'a' })).toBe('a')
  expect(textOf({ contents: { kind: 'markdown', value: '**a**' } })).toBe('**a**')
  expect(textOf({ contents: ['a', { language: 'ts', value: 'b' }] })).toBe('a\n\n```ts\nb\n```')
})

test('symbols: nested, of a project, by name', async () => {
  const start = { line: 2, character: 0 }
  const nested = [
    { name: 'A', kind: 5, selectionRange: { start }, children: [{ name: 'b', kind: 6, selectionRange: { start } }] },
  ]
  expect((await symbolsOf(nested, 'file:///x')).map(({ text }) => text)).toEqual(['class A', 'method A.b'])
  expect((await symbolsOf(nested, 'file:///x', 'B')).map(({ text }) => text)).toEqual(['method A.b'])
  const flat = [{ name: 'b', kind: 12, containerName: 'm', location: { uri: 'file:///y', range: { start } } }]
  expect(await symbolsOf(flat, '')).toEqual([{ path: '/y', line: 3, column: 0, text: 'function m.b' }])
})

test('what is no answer is none', async () => {
  for (const odd of ODD) {
    expect(await spotsOf(odd)).toEqual([])
    expect(await symbolsOf(odd, 'file:///x')).toEqual([])
    expect(textOf(odd)).toBe('')
  }
})

test('reports of other shapes are dropped, long ones cut', () => {
  const found = {
    row: { name: 'x', command: ['x'], files: ['*'] },
    program: 'x',
    fits: () => true,
    fitsPattern: () => true,
  }
  const documents = createDocuments(found)
  const range = { start: { line: 0, character: 0 } }
  for (const odd of ODD) documents.published(odd)
  documents.published({
    uri: 'file:///a',
    diagnostics: [null, { range }, { range, message: 'x'.repeat(5000), severity: 9 }, { message: 'no range' }],
  })
  expect(documents.known()).toEqual([
    { path: '/a', text: null, items: [{ range, message: 'x'.repeat(2000), severity: undefined }] },
  ] as never)
})
