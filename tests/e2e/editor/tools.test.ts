import { beforeAll, expect, test } from 'bun:test'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { call, type Scripted, startScripted } from '../../support/scripted.ts'
import { withEditor } from '../../support/stub-editor.ts'
import { tempDir } from '../../support/temp.ts'

let scripted: Scripted
beforeAll(async () => {
  scripted = await startScripted()
})

const FILES = { 'a.ts': 'const one = 1\n  export function greet(one) {}\n', '.env': 'KEY=x\n' }
const open = () => withEditor(scripted, undefined, FILES)

test('diagnostics: of a file by its real path, closed files left out', async () => {
  const editor = await open()
  const at = (name: string) => join(editor.project, name)
  symlinkSync('.env', at('link.ts'))
  const { request, called, result, told } = await editor.answered(call('diagnostics', { path: 'a.ts' }), {
    diagnostics: [
      { path: at('a.ts'), line: 1, column: 6, severity: 'Error', message: 'Unused\nname', source: 'tsc' },
      { path: at('a.ts'), line: 2, severity: 'warning', message: 'Odd' },
      { path: at('.env'), line: 1, severity: 'error', message: 'secret' },
      { path: at('link.ts'), line: 1, severity: 'error', message: 'secret' },
      { path: at('a.ts'), line: 'x', severity: 'error', message: 'no line' },
      'nonsense',
    ],
  })
  expect(request).toMatchObject({ tool: 'diagnostics', params: { path: at('a.ts') } })
  expect(request.timeout_ms).toBeLessThanOrEqual(30_000)
  expect(called).toMatchObject({ requires_approval: false, category: 'lsp', reason: 'Diagnostics of a.ts' })
  expect(told).toBe('a.ts:1:6 error: Unused name (tsc)\na.ts:2 warning: Odd')
  expect(result.result.metadata.diagnostics.map(({ line }: any) => line)).toEqual([1, 2])
})

test('diagnostics of everything, and of nothing', async () => {
  const editor = await open()
  const { request, told } = await editor.answered(call('diagnostics', {}), { diagnostics: [] })
  expect(request.params).toEqual({})
  expect(told).toBe('No diagnostics.')
})

test.each([
  [
    { path: 'a.ts', line: 1, symbol: 'one' },
    { line: 1, column: 6, symbol: 'one' },
  ],
  [
    { path: 'a.ts', line: 2, symbol: 'one' },
    { line: 2, column: 24, symbol: 'one' },
  ],
  [
    { path: 'a.ts', line: 2, column: 18 },
    { line: 2, column: 18, symbol: 'greet' },
  ],
  [
    { path: 'a.ts', line: 2 },
    { line: 2, column: 2 },
  ],
  [
    { file: 'a.ts', line: '1', symbol: 'const' },
    { line: 1, column: 0, symbol: 'const' },
  ],
])('a place is named by symbol or column: %j', async (params, at) => {
  const editor = await open()
  const path = join(editor.project, 'a.ts')
  const { request, told } = await editor.answered(call('definition', params), [
    { path, line: 2, column: 18, text: 'greet()' },
  ])
  expect(request.params).toEqual({ path, ...at })
  expect(told).toBe('a.ts:2:18 greet()')
})

test('a symbol that is not on the line is an error that quotes the line', async () => {
  const editor = await open()
  const { result } = await editor.judged(call('hover', { path: 'a.ts', line: 1, symbol: 'greet' }))
  expect(result.error).toMatchObject({
    code: 'INVALID_PARAMS',
    message: 'greet is not on a.ts:1, which is: const one = 1',
  })
  expect(editor.stream.frames.some(({ event }) => event === 'editor.request')).toBe(false)
})

test('unsaved text counts for where a symbol is', async () => {
  const editor = await open()
  const path = join(editor.project, 'a.ts')
  await scripted.backend.call(`PUT ${editor.path}/buffers`, { unsaved: [{ path, text: '\n\nlet fresh' }] })
  const { request } = await editor.answered(call('hover', { path: 'a.ts', line: 3, symbol: 'fresh' }), 'a let')
  expect(request.params).toMatchObject({ line: 3, column: 4 })
})

test('references, symbols and hover', async () => {
  const editor = await open()
  const elsewhere = tempDir({ 'lib.ts': '' })
  const spots = [
    { path: join(editor.project, 'a.ts'), line: 1, column: null, text: null },
    { path: join(elsewhere, 'lib.ts'), line: 9, column: 0, text: 'outside' },
  ]
  const found = `a.ts:1 \n${elsewhere}/lib.ts:9:0 outside`
  expect((await editor.answered(call('references', { path: 'a.ts', line: 1, symbol: 'one' }), spots)).told).toBe(
    found.replace(' \n', '\n'),
  )
  const symbols = await editor.answered(call('symbols', { query: 'gre' }), spots.slice(1))
  expect(symbols.request.params).toEqual({ query: 'gre' })
  expect((await editor.answered(call('symbols', { path: 'a.ts' }), [])).told).toBe('No symbols found.')
  expect((await editor.answered(call('hover', { path: 'a.ts', line: 1 }), 'const one: 1\n')).told).toBe('const one: 1')
})

test.each([
  ['.env', 'PERMISSION_DENIED'],
  ['../outside', 'PERMISSION_DENIED'],
  ['/etc/passwd', 'PERMISSION_DENIED'],
])('what is closed is not asked about: %s', async (path, code) => {
  const editor = await open()
  for (const [name, params] of Object.entries({ diagnostics: {}, symbols: {}, definition: { line: 1 } })) {
    const { result } = await editor.judged(call(name, { path, ...params }))
    expect(result.error.code).toBe(code)
  }
  expect(editor.stream.frames.some(({ event }) => event === 'editor.request')).toBe(false)
})

test('a deny rule for reading binds them, and their answers', async () => {
  const denying = await startScripted({ config: '[permissions]\ndeny = ["read_file(private/**)"]\n' })
  const editor = await withEditor(denying, undefined, FILES)
  mkdirSync(join(editor.project, 'private'))
  writeFileSync(join(editor.project, 'private/x.ts'), 'x')
  expect((await editor.judged(call('symbols', { path: 'private/x.ts' }))).result.error.code).toBe('PERMISSION_DENIED')
  const answer = [{ path: join(editor.project, 'private/x.ts'), line: 1, text: 'secret' }]
  expect((await editor.answered(call('symbols', { query: 'x' }), answer)).told).toBe('No symbols found.')
})

test('describe', async () => {
  const editor = await open()
  const { request, called, told } = await editor.answered(call('describe', { name: 'car' }), 'car is a primitive')
  expect(request).toMatchObject({ tool: 'describe', params: { name: 'car' } })
  expect(called.requires_approval).toBe(false)
  expect(told).toBe('car is a primitive')
})
