import { afterEach, beforeEach, expect, test } from 'bun:test'
import { existsSync, mkdirSync, readdirSync, symlinkSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { deleteFileTool } from '../../../src/tools/files/remove.ts'
import { call, createProject, type Project } from '../project.ts'

let project: Project
beforeEach(() => {
  project = createProject()
})
afterEach(() => project.remove())

const at = (name: string) => join(project.path, name)
const remove = (path: string, recursive?: boolean) => call(deleteFileTool, { path, recursive }, project.context)

test('a file', async () => {
  project.write('a', 'text')
  project.context.seen.set(at('a'), 'x')
  const { effect, content, changes } = await remove('a')
  expect(existsSync(at('a'))).toBe(false)
  expect(effect).toMatchObject({ level: 'dangerous', reason: 'Delete a', reads: [], writes: [at('a')] })
  expect(content).toBe('Deleted a.')
  expect(changes).toEqual([{ path: at('a'), operation: 'delete', before: Buffer.from('text'), after: null }])
  expect(project.context.seen.size).toBe(0)
})

test('a link itself, wherever it leads', async () => {
  project.write('dir/file', 'x')
  symlinkSync('dir', at('inner'))
  symlinkSync(project.home, at('outer'))
  symlinkSync('nowhere', at('dangling'))
  for (const name of ['inner/', 'outer', 'dangling']) await remove(name)
  expect(readdirSync(project.path)).toEqual(['dir'])
  expect(existsSync(at('dir/file'))).toBe(true)
  expect(existsSync(project.home)).toBe(true)
})

test('an empty directory, as a reason without a change', async () => {
  mkdirSync(at('dir'))
  const { effect, changes } = await remove('dir')
  expect(effect).toMatchObject({ reason: 'Delete the empty directory dir', changes: [] })
  expect(changes).toEqual([])
  expect(existsSync(at('dir'))).toBe(false)
})

test('a directory only when asked, with all that is in it named', async () => {
  project.write('dir/a', 'a')
  project.write('dir/.git/config', 'b')
  symlinkSync(project.home, at('dir/link'))
  await expect(remove('dir')).rejects.toThrow('set recursive')
  const { effect, content, changes } = await remove('dir', true)
  expect(effect.reason).toStartWith('Delete the directory dir with 3 files (')
  expect(new Set(effect.writes)).toEqual(new Set(['dir', 'dir/a', 'dir/.git', 'dir/.git/config', 'dir/link'].map(at)))
  expect(effect.writes[0]).toBe(at('dir'))
  expect(content).toBe('Deleted dir (3 files).')
  expect(changes).toHaveLength(3)
  expect(existsSync(at('dir'))).toBe(false)
  expect(existsSync(project.home)).toBe(true)
})

test.each<[string, (at: (name: string) => string) => void]>([
  ['more', () => project.write('dir/new', 'x')],
  ['other contents', () => project.write('dir/a', 'changed')],
])('not a directory that has got %s since', async (_, change) => {
  project.write('dir/a', 'a')
  const effect = await deleteFileTool.effect({ path: 'dir', recursive: true }, project.context)
  change(at)
  const running = deleteFileTool.run({ path: 'dir', recursive: true }, project.context, effect)
  await expect(running).rejects.toMatchObject({ code: 'STALE_FILE' })
  expect(existsSync(at('dir/a'))).toBe(true)
})

test('a large directory: named, not held', async () => {
  for (let i = 0; i < 300; i++) project.write(`dir/f${i}`, 'x')
  const { effect, changes } = await remove('dir', true)
  expect(effect.changes).toEqual([])
  expect(effect.writes).toHaveLength(301)
  expect(changes).toHaveLength(300)
  expect(changes![0]).toMatchObject({ change: 'deleted', before: null, after: null })
})

test('a large file: by name and size', async () => {
  truncateSync(project.write('large', ''), 100_000_000)
  const { effect } = await remove('large')
  expect(effect).toMatchObject({ reason: 'Delete large (100,000,000 bytes)', changes: [] })
  expect(existsSync(at('large'))).toBe(false)
})

test('warns of an unsaved buffer, also below a directory', async () => {
  project.write('dir/a', 'a')
  project.context.unsaved = new Map([[at('dir/a'), 'b']])
  expect((await remove('dir', true)).effect.danger).toBe('unsaved_buffer')
})

test.each([
  ['.', 'PERMISSION_DENIED'],
  ['dir/..', 'PERMISSION_DENIED'],
  ['..', 'PERMISSION_DENIED'],
  ['../home', 'PERMISSION_DENIED'],
  ['dir', 'PERMISSION_DENIED'],
  ['dir/own', 'PERMISSION_DENIED'],
  ['nowhere', 'TOOL_FAILED'],
])('never %s', async (path, code) => {
  project.write('dir/own/token', 'x')
  project.context.roots.forbidden = [at('dir/own')]
  await expect(remove(path, true)).rejects.toMatchObject({ code })
  expect(existsSync(at('dir/own/token'))).toBe(true)
})
