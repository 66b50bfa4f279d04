import { beforeEach, describe, expect, test } from 'bun:test'
import { mkdirSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { holdsRoots, isInside, locate, relative } from '../../src/tools/paths.ts'
import type { Roots } from '../../src/tools/tool.ts'
import { tempDir } from '../support/temp.ts'

let root: string
let roots: Roots
const at = (...names: string[]) => join(root, ...names)

beforeEach(() => {
  root = tempDir()
  for (const name of ['project/src/deep', 'project/state', 'project-twin', 'allowed', 'outside'])
    mkdirSync(at(name), { recursive: true })
  for (const name of ['project/file', 'project/src/a.ts', 'project/state/token', 'outside/secret', 'allowed/x'])
    writeFileSync(at(name), '')
  const links: [string, string][] = [
    ['src', 'project/to-src'],
    ['src/deep', 'project/to-deep'],
    ['file', 'project/to-file'],
    ['../outside', 'project/out'],
    [at('outside/secret'), 'project/out-file'],
    [at('allowed'), 'project/to-allowed'],
    ['missing', 'project/dangling'],
    ['../outside/missing', 'project/dangling-out'],
    ['loop-b', 'project/loop-a'],
    ['loop-a', 'project/loop-b'],
    ['state', 'project/to-state'],
    ['/', 'project/to-root'],
  ]
  for (const [target, name] of links) symlinkSync(target, at(name))
  roots = { project: at('project'), allowed: [at('allowed')], forbidden: [at('project/state')] }
})

describe('leads to', () => {
  test.each([
    ['.', 'project'],
    ['file', 'project/file'],
    ['./src//a.ts', 'project/src/a.ts'],
    ['src/', 'project/src'],
    ['src/../file', 'project/file'],
    ['new', 'project/new'],
    ['new/deeper/file', 'project/new/deeper/file'],
    ['new/../file', 'project/file'],
    ['to-src/a.ts', 'project/src/a.ts'],
    ['to-src/new', 'project/src/new'],
    ['to-deep/../a.ts', 'project/src/a.ts'],
    ['to-file', 'project/file'],
    ['dangling', 'project/missing'],
    ['to-allowed/x', 'allowed/x'],
    ['../allowed/x', 'allowed/x'],
    ['out/../project/file', 'project/file'],
    ['~/x', 'project/~/x'],
    ['-rf', 'project/-rf'],
    ['FILE', 'project/FILE'],
    ['..name', 'project/..name'],
    ['a\nb', 'project/a\nb'],
  ])('%p → %s', async (input, path) => expect(await locate(input, roots)).toBe(at(path)))

  test('absolute paths inside', async () => {
    expect(await locate(at('project/src/a.ts'), roots)).toBe(at('project/src/a.ts'))
    expect(await locate(at('allowed/new'), roots)).toBe(at('allowed/new'))
  })

  test.each([
    ['to-file', 'project/to-file'],
    ['to-src/', 'project/to-src'],
    ['dangling', 'project/dangling'],
    ['out', 'project/out'],
    ['loop-a', 'project/loop-a'],
    ['to-src/to-x', 'project/src/to-x'],
    ['to-deep/..', 'project/src'],
    ['.', 'project'],
  ])('%p → %s, the link itself', async (input, path) =>
    expect(await locate(input, roots, { link: true })).toBe(at(path)),
  )
})

describe('refuses', () => {
  test.each([
    '..',
    '../outside/secret',
    '../project-twin/x',
    '/etc/passwd',
    'out/secret',
    'out',
    'out-file',
    'dangling-out',
    'to-root/etc/passwd',
    'new/../../outside/secret',
    'to-deep/../../../outside/secret',
    'state',
    'state/token',
    'to-state/token',
    'state/new',
    'src/../state/token',
  ])('%p: not ours to open', async input => {
    await expect(locate(input, roots)).rejects.toMatchObject({ code: 'PERMISSION_DENIED' })
  })

  test.each(['out/secret', '../outside', 'to-root/etc', 'state', 'to-state/token', '..'])(
    '%p, the link itself',
    async input => {
      await expect(locate(input, roots, { link: true })).rejects.toMatchObject({ code: 'PERMISSION_DENIED' })
    },
  )

  test.each([
    ['', 'INVALID_PARAMS'],
    ['a\0b', 'INVALID_PARAMS'],
    ['loop-a', 'TOOL_FAILED'],
    ['loop-a/x', 'TOOL_FAILED'],
    ['file/x', 'TOOL_FAILED'],
    ['to-file/x', 'TOOL_FAILED'],
    ['x'.repeat(5_000), 'TOOL_FAILED'],
  ])('%p: %s', async (input, code) => {
    await expect(locate(input, roots)).rejects.toMatchObject({ code })
  })

  test('without repeating what it was given', async () => {
    const error = await locate('/etc/very-private', roots).catch(error => error)
    expect(error.message).toContain('allowed_directories')
    expect(error.message).not.toContain('very-private')
  })
})

test('whatever the path, it ends inside or is refused', async () => {
  const part = fc.constantFrom(
    '..',
    '.',
    '',
    'src',
    'out',
    'to-src',
    'to-deep',
    'to-root',
    'dangling',
    'new',
    'state',
    'file',
  )
  await fc.assert(
    fc.asyncProperty(fc.array(part, { maxLength: 8 }), fc.boolean(), async (parts, link) => {
      const path = await locate(parts.join('/'), roots, { link }).catch(() => null)
      if (path === null) return
      expect(isInside(path, at('project')) || isInside(path, at('allowed'))).toBe(true)
      expect(isInside(path, at('project/state'))).toBe(false)
    }),
    { numRuns: 500 },
  )
})

test('a root that is the whole file system', async () => {
  expect(await locate('etc', { project: '/', allowed: [], forbidden: [] })).toBe(realpathSync('/etc'))
})

test.each([
  ['/a/b', '/a', false, true],
  ['/a', '/a', false, true],
  ['/ab', '/a', false, false],
  ['/A/b', '/a', false, false],
  ['/A/b', '/a', true, true],
  ['/a', '/', false, true],
])('isInside(%p, %p, %p) is %p', (path, directory, fold, expected) =>
  expect(isInside(path, directory, fold)).toBe(expected),
)

test('shown relative to the project, absolute elsewhere', () => {
  expect(relative(at('project'), roots)).toBe('.')
  expect(relative(at('project/src/a.ts'), roots)).toBe('src/a.ts')
  expect(relative(at('allowed/x'), roots)).toBe(at('allowed/x'))
  expect(relative(at('project-twin'), roots)).toBe(at('project-twin'))
})

test('what may not be deleted or moved as a whole', () => {
  expect(['project', 'allowed', 'project/state', 'project/src'].map(name => holdsRoots(at(name), roots))).toEqual([
    true,
    true,
    true,
    false,
  ])
})

describe('names that look the same', () => {
  const name = (...parts: string[]) => at('project', ...parts)

  test.each([
    ['a decomposed letter', 'cafe\u0301.md', 'caf\u00e9.md'],
    ['a composed one', 'caf\u00e9.md', 'cafe\u0301.md'],
    ['Hangul', '\u1112\u1161\u11ab.txt', '\ud55c.txt'],
    ['a narrow space', 'Shot 10.31\u202fPM.png', 'Shot 10.31 PM.png'],
    ['a space that does not break', 'a\u00a0b', 'a b'],
    ['another than is asked for', 'a b', 'a\u3000b'],
  ])('%s', async (_, there, asked) => {
    writeFileSync(name(there), '')
    mkdirSync(name('in', there), { recursive: true })
    expect(await locate(asked, roots)).toBe(name(there))
    expect(await locate(`in/${asked}/new`, roots)).toBe(name('in', there, 'new'))
  })

  test('the exact name comes first', async () => {
    for (const each of ['caf\u00e9', 'cafe\u0301']) writeFileSync(name(each), '')
    for (const each of ['caf\u00e9', 'cafe\u0301']) expect(await locate(each, roots)).toBe(name(each))
  })

  test('nothing is guessed between two', async () => {
    for (const each of ['a\u00a0b', 'a\u202fb']) writeFileSync(name(each), '')
    expect(await locate('a b', roots)).toBe(name('a b'))
  })

  test('a link by another spelling, or in bytes that are not UTF-8, leads no further out', async () => {
    symlinkSync(at('outside'), name('o\u0308ut'))
    symlinkSync(at('outside'), Buffer.from(name('out\xe9'), 'latin1'))
    await expect(locate('\u00f6ut/secret', roots)).rejects.toMatchObject({ code: 'PERMISSION_DENIED' })
    await expect(locate('out\uFFFD/secret', roots)).rejects.toMatchObject({ code: 'PERMISSION_DENIED' })
  })
})
