import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs'
import { join } from 'node:path'
import { hashOf } from '../../../src/base/files.ts'
import { bytesAt, commitChanges, diffOf, previewOf, withContent } from '../../../src/tools/files/change.ts'
import type { Change } from '../../../src/tools/tool.ts'
import { createProject, type Project } from '../project.ts'

let project: Project
const at = (name: string) => join(project.path, name)
const text = (name: string) => readFileSync(at(name), 'utf8')
const bytes = (text: string | null) => (text === null ? null : Buffer.from(text))
const change = (name: string, before: string | null, after: string | null, more: Partial<Change> = {}): Change => ({
  path: at(name),
  operation: after === null ? 'delete' : 'write',
  before: bytes(before),
  after: bytes(after),
  ...more,
})
const commit = (...changes: Change[]) => commitChanges(changes, project.context.roots)

beforeEach(() => {
  project = createProject()
})
afterEach(() => project.remove())

describe('bytes that are not UTF-8', () => {
  const latin1 = (text: string) => Buffer.from(text, 'latin1')
  const edit = (before: string, after: string): Change => ({
    path: at('f'),
    operation: 'write',
    before: latin1(before),
    after: latin1(after),
  })
  const diff = (before: string, after: string) => diffOf(edit(before, after), project.context.roots)

  test('a diff compares them, and shows what the model sees', async () => {
    expect(await diff('a\xe9\n', 'a\xe8\n')).toBe('--- a/f\n+++ b/f\n@@ -1 +1 @@\n-a\uFFFD\n+a\uFFFD\n')
    expect(await diff('a\xe9\nx\n', 'a\xe9\ny\n')).toContain(' a\uFFFD\n-x\n+y\n')
    expect(await diff('a\xe9\n', 'a\xc3\xa9\n')).toContain('-a\uFFFD\n+aé\n')
    const encoded = { ...edit('', ''), before: Buffer.from('\uFEFFa\n', 'utf16le'), after: Buffer.from('\uFEFFa\n') }
    expect(await diffOf(encoded, project.context.roots)).toStartWith('Another encoding of the same text: ')
  })

  test('a name that is not ASCII stays readable beside them', async () => {
    const renamed = { ...edit('\xe9\n', '\xe8\n'), path: at('ü') }
    expect(await diffOf(renamed, project.context.roots)).toStartWith('--- a/ü\n')
  })

  test('a refused hunk keeps them, also in a line that another hunk changes', () => {
    const [changed] = withContent([edit('\xe9 = 1\na\n', '\xe9 = 2\nb\n')], '\uFFFD = 2\na\n')
    expect(Buffer.from(changed!.after!)).toEqual(latin1('\xe9 = 2\na\n'))
    expect(() => withContent([edit('\xe9\n', '\xe9\na\n')], '\uFFFD\nü\n')).toThrow('Line 2 cannot be written')
  })
})

describe('commits', () => {
  test('a new file with its parents, and nothing beside it', async () => {
    await commit(change('a/b/c', null, 'text'))
    expect(text('a/b/c')).toBe('text')
    expect(readdirSync(at('a/b'))).toEqual(['c'])
    expect(statSync(at('a/b/c')).mode & 0o777).toBe(0o666 & ~process.umask())
  })

  test.each([0o755, 0o600, 0o664])('in place of a file with mode %o, which stays', async mode => {
    project.write('run', 'old', mode)
    await commit(change('run', 'old', 'new'))
    expect(text('run')).toBe('new')
    expect(statSync(at('run')).mode & 0o777).toBe(mode)
  })

  test('a copy with the mode of its source', async () => {
    project.write('run', 'x', 0o755)
    await commit(change('copy', null, 'x', { operation: 'copy', from: at('run') }))
    expect(statSync(at('copy')).mode & 0o777).toBe(0o755)
  })

  test('a deletion, and a move onto a file', async () => {
    project.write('a', 'a')
    project.write('b', 'b')
    project.write('c', 'c')
    await commit(change('a', 'a', null), change('c', 'c', 'b', { operation: 'move', from: at('b') }))
    expect(readdirSync(project.path)).toEqual(['c'])
    expect(text('c')).toBe('b')
  })

  test('on links themselves', async () => {
    project.write('file', 'x')
    symlinkSync('file', at('link'))
    symlinkSync('nowhere', at('dangling'))
    await commit(
      change('link', 'file', null),
      change('moved', null, 'nowhere', { operation: 'move', from: at('dangling') }),
    )
    expect(readdirSync(project.path).sort()).toEqual(['file', 'moved'])
    expect(readlinkSync(at('moved'))).toBe('nowhere')
  })

  test('nothing where nothing changes', async () => {
    project.write('a', 'same')
    const { ino } = statSync(at('a'))
    await commit(change('a', 'same', 'same'))
    expect(statSync(at('a')).ino).toBe(ino)
  })

  test.skipIf(!existsSync('/dev/shm') || statSync('/dev/shm').dev === statSync('/tmp').dev)(
    'a move to another file system (needs /dev/shm)',
    async () => {
      const far = join('/dev/shm', `agent-${process.pid}`)
      mkdirSync(far)
      try {
        project.context.roots.allowed = [far]
        project.write('run', 'x', 0o755)
        await commit({ path: join(far, 'run'), from: at('run'), operation: 'move', before: null, after: bytes('x') })
        expect(existsSync(at('run'))).toBe(false)
        expect(statSync(join(far, 'run')).mode & 0o777).toBe(0o755)
      } finally {
        rmSync(far, { recursive: true })
      }
    },
  )
})

describe('refuses, and changes nothing', () => {
  beforeEach(() => {
    project.write('a', 'now')
    mkdirSync(at('dir'))
  })

  test.each<[string, () => Change, string]>([
    ['a file that changed', () => change('a', 'then', 'new'), 'STALE_FILE'],
    ['a file that came into being', () => change('a', null, 'new'), 'STALE_FILE'],
    ['a file that is gone', () => change('gone', 'x', 'new'), 'STALE_FILE'],
    ['a deletion of what changed', () => change('a', 'then', null), 'STALE_FILE'],
    ['a directory', () => change('dir', null, 'new'), 'STALE_FILE'],
    ['a move of what changed', () => change('b', null, 'then', { operation: 'move', from: at('a') }), 'STALE_FILE'],
    ['a move onto what changed', () => change('a', 'then', 'x', { operation: 'move', from: at('x') }), 'STALE_FILE'],
    ['a path outside', () => ({ ...change('a', null, 'x'), path: join(project.home, 'x') }), 'PERMISSION_DENIED'],
    ['a path below a file', () => change('a/b', null, 'x'), 'TOOL_FAILED'],
  ])('%s', async (_, wrong, code) => {
    await expect(commit(change('other', null, 'x'), wrong())).rejects.toMatchObject({ code })
    expect(existsSync(at('other'))).toBe(false)
    expect(text('a')).toBe('now')
  })

  test('a directory that became a link to the outside', async () => {
    const later = change('dir/file', null, 'x')
    rmSync(at('dir'), { recursive: true })
    symlinkSync(project.home, at('dir'))
    await expect(commit(later)).rejects.toMatchObject({ code: 'PERMISSION_DENIED' })
    expect(readdirSync(project.home)).toEqual([])
  })

  test('a file that became a link', async () => {
    project.write('target', 'now')
    rmSync(at('a'))
    symlinkSync('target', at('a'))
    await expect(commit(change('a', 'now', 'new'))).rejects.toMatchObject({ code: 'PERMISSION_DENIED' })
    expect(text('target')).toBe('now')
  })

  test('a file that is read-only', async () => {
    chmodSync(at('a'), 0o444)
    await expect(commit(change('a', 'now', 'new'))).rejects.toThrow('read-only')
  })

  test('our own files', async () => {
    project.context.roots.forbidden = [at('dir')]
    await expect(commit(change('dir/token', null, 'x'))).rejects.toMatchObject({ code: 'PERMISSION_DENIED' })
  })
})

describe('previewOf', () => {
  const preview = (...changes: Change[]) => previewOf(changes, project.context.roots)

  test('shows each file with its hash and diff', async () => {
    const { files } = await preview(change('a', 'x\n', 'y\n'), change('src/b', null, 'z\n'))
    expect(files).toEqual([
      { path: 'a', before_hash: hashOf('x\n'), diff: '--- a/a\n+++ b/a\n@@ -1 +1 @@\n-x\n+y\n' },
      { path: 'src/b', before_hash: null, diff: '--- /dev/null\n+++ b/src/b\n@@ -0,0 +1 @@\n+z\n' },
    ])
  })

  test('its hash stands for every path, before and after', async () => {
    const hashes = await Promise.all(
      [
        [change('a', 'x', 'y')],
        [change('b', 'x', 'y')],
        [change('a', 'z', 'y')],
        [change('a', 'x', 'z')],
        [change('a', null, 'y')],
        [change('a', 'x', null)],
        [change('a', '', 'y')],
        [change('a', 'x', 'y'), change('b', 'x', 'y')],
        [change('a', null, 'y', { from: at('c'), operation: 'copy' })],
      ].map(async changes => (await preview(...changes)).hash),
    )
    expect(new Set(hashes).size).toBe(hashes.length)
    expect((await preview(change('a', 'x', 'y'))).hash).toBe(hashes[0]!)
  })

  test.each<[string, Partial<Change> & { before: string | null; after: string | null }, string]>([
    ['binary files', { before: '\0a', after: '\0bc' } as never, 'Binary file: 2 bytes → 3 bytes\n'],
    ['a new binary file', { before: null, after: '\0bc' } as never, 'Binary file: nothing → 3 bytes\n'],
    ['an empty file', { before: null, after: '' } as never, 'New empty file\n'],
    ['an empty file deleted', { before: '', after: null } as never, 'Deletes an empty file\n'],
    [
      'huge files',
      { before: null, after: 'x'.repeat(9_000_000) } as never,
      'Too large to show: nothing → 9,000,000 bytes\n',
    ],
  ])('describes %s in a line', async (_, sides, words) => {
    expect(await diffOf(change('f', sides.before, sides.after), project.context.roots)).toBe(words)
  })

  test('describes moves and copies', async () => {
    const moved = change('b', null, 'x\ny\n', { operation: 'move', from: at('src/a') })
    expect(await diffOf(moved, project.context.roots)).toBe('Moved from src/a (2 lines, 4 bytes)\n')
  })
})

describe('withContent', () => {
  const content = (before: string | null, text: string) =>
    String(withContent([change('a', before, 'shown')], text)[0]!.after)

  test.each([
    ['x\n', 'y\nz\n', 'y\nz\n'],
    ['x\r\n', 'y\nz\n', 'y\r\nz\r\n'],
    ['x\r\ny\n', 'y\nz\n', 'y\nz\n'],
    ['\uFEFFx', 'y', '\uFEFFy'],
    [null, 'y\n', 'y\n'],
  ])('%p becomes %p as %p', (before, text, after) => expect(content(before, text)).toBe(after))

  test.each<[string, () => Change[]]>([
    ['no file', () => []],
    ['two files', () => [change('a', 'x', 'y'), change('b', 'x', 'y')]],
    ['a deletion', () => [change('a', 'x', null)]],
    ['a move', () => [change('a', null, 'x', { operation: 'move', from: '/x' })]],
  ])('refuses %s', (_, changes) => {
    expect(() => withContent(changes(), 'y')).toThrow('exactly one file')
  })
})

test('bytesAt: contents, the target of a link, nothing', async () => {
  project.write('a', 'x')
  symlinkSync('a', at('link'))
  expect(String(await bytesAt(at('a')))).toBe('x')
  expect(String(await bytesAt(at('link')))).toBe('a')
  expect(await bytesAt(at('gone'))).toBeNull()
  await expect(bytesAt(project.path)).rejects.toMatchObject({ code: 'TOOL_FAILED' })
  expect(lstatSync(at('link')).isSymbolicLink()).toBe(true)
})
