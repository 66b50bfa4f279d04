import { describe, expect, test } from 'bun:test'
import * as v from 'valibot'
import { defineTool } from '../../src/tools/define.ts'
import { builtinTools } from '../../src/tools/registry.ts'
import type { Tool, ToolContext } from '../../src/tools/tool.ts'

const tool = (name: string): Tool => builtinTools.find(tool => tool.name === name)!
const read = (name: string, params: unknown) => tool(name).parse(params)

describe('null is absence, and numbers and booleans may be text', () => {
  test.each([
    ['read_file', { path: 'a', offset: null, limit: null }, { path: 'a' }],
    ['read_file', { path: 'a', offset: '2', limit: ' 10 ' }, { path: 'a', offset: 2, limit: 10 }],
    ['read_file', { path: 'a', offset: '', limit: '3' }, { path: 'a', limit: 3 }],
    ['edit_file', { path: 'a', old: '1', new: '', replace_all: null }, { path: 'a', old: '1', new: '' }],
    [
      'edit_file',
      { path: 'a', old: '1', new: 'null', replace_all: 'False' },
      { path: 'a', old: '1', new: 'null', replace_all: false },
    ],
    ['edit_file', { path: 'a', old: 1, new: true }, { path: 'a', old: '1', new: 'true' }],
    [
      'grep',
      { pattern: 'x', context: '2', case_sensitive: 'true', glob: null },
      { pattern: 'x', context: 2, case_sensitive: true },
    ],
    ['shell_exec', { command: 'ls', cwd: null, timeout_seconds: '2.5' }, { command: 'ls', timeout_seconds: 2.5 }],
    ['git_commit', { message: 'm', files: 'a b.txt' }, { message: 'm', files: ['a b.txt'] }],
    ['git_commit', { message: 'm', files: '["a", "b"]' }, { message: 'm', files: ['a', 'b'] }],
    ['git_commit', { message: 'm', files: '[slug].ts' }, { message: 'm', files: ['[slug].ts'] }],
    ['git_branch', { name: null, create: null }, {}],
    ['git_status', null, {}],
    ['git_diff', { path: null, staged: 'true' }, { staged: true }],
  ])('%s %j', (name, given, meant) => expect(read(name, given)).toEqual(meant))

  test.each([
    ['read_file', { path: null }],
    ['read_file', { path: 'a', offset: 'two' }],
    ['read_file', { path: 'a', offset: '2x' }],
    ['edit_file', { path: 'a', old: 'x', new: null }],
    ['edit_file', { path: 'a', old: 'x', new: 'y', replace_all: 'maybe' }],
    ['write_file', { path: 'a', content: { a: 1 } }],
    ['read_file', 'a'],
    ['read_file', ['a']],
  ])('still refused: %s %j', (name, given) => {
    expect(() => read(name, given)).toThrow(/The parameters are: /)
  })
})

describe('other names', () => {
  test.each([
    ['read_file', { filePath: 'a', startLine: 3, endLine: 5 }, { path: 'a', offset: 3, limit: 3 }],
    ['read_file', { end_line: '5', 'start-line': '3', file_path: 'a' }, { path: 'a', offset: 3, limit: 3 }],
    ['read_file', { target_file: 'a', view_range: [2, -1] }, { path: 'a', offset: 2 }],
    [
      'edit_file',
      { filePath: 'a', oldString: 'b', newString: 'c', replaceAll: true },
      { path: 'a', old: 'b', new: 'c', replace_all: true },
    ],
    ['edit_file', { file_path: 'a', old_str: 'b', new_str: 'c' }, { path: 'a', old: 'b', new: 'c' }],
    ['edit_file', { path: 'a', SEARCH: 'b', REPLACE: 'c' }, { path: 'a', old: 'b', new: 'c' }],
    ['edit_file', { path: null, filename: 'a', old: 'b', new: 'c' }, { path: 'a', old: 'b', new: 'c' }],
    ['write_file', { filename: 'a', contents: 'b' }, { path: 'a', content: 'b' }],
    ['write_file', { filePath: 'a', text: 'b' }, { path: 'a', content: 'b' }],
    ['shell_exec', { cmd: 'ls', workdir: 'd', timeout_ms: 2000 }, { command: 'ls', cwd: 'd', timeout_seconds: 2 }],
    [
      'shell_exec',
      { cmd: 'ls', directory: 'd', timeout: 30, description: 'List' },
      { command: 'ls', cwd: 'd', timeout_seconds: 30 },
    ],
    ['shell_background', { script: 'ls', workingDirectory: 'd' }, { command: 'ls', cwd: 'd' }],
    ['shell_output', { bash_id: 'j' }, { job_id: 'j' }],
    ['search_files', { query: '*.ts', dir: 'src', maxResults: 5 }, { pattern: '*.ts', path: 'src', limit: 5 }],
    ['search_files', { glob: '*.ts', directory: 'src' }, { pattern: '*.ts', path: 'src' }],
    ['grep', { regex: 'x', include: '*.ts', directory: 'src' }, { pattern: 'x', glob: '*.ts', path: 'src' }],
    [
      'grep',
      { pattern: 'x', '-i': true, '-A': 1, '-B': '2', '-n': true },
      { pattern: 'x', case_sensitive: false, context: 2 },
    ],
    ['grep', { query: 'x', caseSensitive: 'false', head_limit: 3 }, { pattern: 'x', case_sensitive: false, limit: 3 }],
    ['list_directory', { directory: 'd' }, { path: 'd' }],
    ['copy_file', { from: 'a', to: 'b' }, { source: 'a', dest: 'b' }],
    ['move_file', { source: 'a', destination: 'b' }, { source: 'a', dest: 'b' }],
    ['git_commit', { commitMessage: 'm', paths: ['a'] }, { message: 'm', files: ['a'] }],
    ['git_branch', { branch: 'b', create: true }, { name: 'b', create: true }],
    ['git_diff', { cached: true }, { staged: true }],
    ['read_file', { path: 'a', file_path: 'a' }, { path: 'a' }],
  ])('%s %j', (name, given, meant) => expect(read(name, given)).toEqual(meant))

  test('the schemas do not show them', () => {
    expect(Object.keys(tool('edit_file').parameters.properties as object)).toEqual([
      'path',
      'old',
      'new',
      'replace_all',
    ])
  })
})

describe('a call around the arguments is taken off', () => {
  test.each([
    ['read_file', { arguments: { path: 'a' } }, { path: 'a' }],
    ['read_file', { parameters: { file_path: 'a', limit: '2' } }, { path: 'a', limit: 2 }],
    ['read_file', { name: 'read_file', input: { path: 'a' } }, { path: 'a' }],
    ['git_branch', { type: 'function', name: 'git_branch', args: { name: 'b' } }, { name: 'b' }],
  ])('%s %j', (name, given, meant) => expect(read(name, given)).toEqual(meant))

  test.each([
    ['read_file', { arguments: { path: 'a' }, path: 'b', limit: 1 }],
    ['write_file', { path: 'a', arguments: { content: 'b' } }],
    ['write_file', { arguments: { path: 'a', content: 'b' }, dry_run: true }],
    ['write_file', { arguments: [{ path: 'a', content: 'b' }] }],
  ])('not where there is more: %s %j', (name, given) => {
    const parse = () => read(name, given)
    if (name === 'read_file') expect(parse()).toEqual({ path: 'b', limit: 1 })
    else expect(parse).toThrow(/The parameters are: /)
  })
})

describe('what is unknown is named', () => {
  test.each([
    ['delete_file', { path: 'a', dry_run: true }, 'dry_run'],
    ['edit_file', { path: 'a', old: 'b', new: 'c', occurrence: 2 }, 'occurrence'],
    ['write_file', { path: 'a', content: 'b', file_path: 'other' }, 'file_path'],
    ['shell_exec', { command: 'ls', sandbox: 'off' }, 'sandbox'],
    ['git_commit', { message: 'm', amend: true }, 'amend'],
    ['edit_file', { path: 'a', old: 'b', new: 'c', ['__proto__x']: 1, constructor: 2 }, 'constructor'],
  ])('a change is refused: %s %j', (name, given, unknown) => {
    expect(() => read(name, given)).toThrow(`${unknown}: no such parameter`)
  })

  test('a reading call says it behind its result, null apart', async () => {
    const echo = defineTool({
      name: 'echo',
      category: 'test',
      description: '',
      level: 'read',
      params: v.object({ path: v.string(), depth: v.optional(v.number()) }),
      effect: async () => ({ level: 'read', reason: '', reads: [], writes: [] }),
      run: async ({ path }) => ({ content: path, metadata: {} }),
    })
    const said = async (given: unknown) => {
      const params = echo.parse(given)
      const context = {} as ToolContext
      return (await echo.run(params, context, await echo.effect(params, context))).content
    }
    expect(await said({ path: 'a', gone: null, max_depth: 1 })).toBe('a')
    expect(await said({ path: 'a', colour: 'red', x: 1 })).toBe(
      'a\n[Not used: colour, x. The parameters are: path, depth?.]',
    )
    expect(
      (
        await said(
          Object.fromEntries([['path', 'a'], ...Array.from({ length: 999 }, (_, n) => [`${n}${'é'.repeat(999)}`, 1])]),
        )
      ).length,
    ).toBeLessThan(1000)
  })
})
