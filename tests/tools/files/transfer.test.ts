import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { existsSync, mkdirSync, readFileSync, readlinkSync, statSync, symlinkSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { copyFileTool, moveFileTool } from '../../../src/tools/files/transfer.ts'
import { call, createProject, type Project } from '../project.ts'

let project: Project
beforeEach(() => {
  project = createProject()
})
afterEach(() => project.remove())

const at = (name: string) => join(project.path, name)
const text = (name: string) => readFileSync(at(name), 'utf8')
const copy = (source: string, dest: string, overwrite?: boolean) =>
  call(copyFileTool, { source, dest, overwrite }, project.context)
const move = (source: string, dest: string, overwrite?: boolean) =>
  call(moveFileTool, { source, dest, overwrite }, project.context)

describe('copy_file', () => {
  test('with its mode, into new directories', async () => {
    project.write('a', 'text', 0o755)
    const { effect, content, metadata, changes } = await copy('a', 'x/b')
    expect(text('x/b')).toBe('text')
    expect(statSync(at('x/b')).mode & 0o777).toBe(0o755)
    expect(effect).toMatchObject({ level: 'write', reason: 'Copy a to x/b', reads: [at('a')], writes: [at('x/b')] })
    expect(content).toBe('Copied a to x/b.')
    expect(metadata).toEqual({ path: 'x/b', from: 'a', bytes_written: 4 })
    expect(changes).toMatchObject([{ path: at('x/b'), from: at('a'), operation: 'copy', before: null }])
  })

  test('into a directory, under its own name; what a link leads to', async () => {
    project.write('a', 'text')
    mkdirSync(at('dir'))
    symlinkSync('a', at('link'))
    await copy('link', 'dir')
    expect(text('dir/link')).toBe('text')
  })

  test('into a directory that is only named as one', async () => {
    project.write('a', 'text')
    await copy('a', 'new/dir/')
    await move('new/dir/a', 'other/')
    expect([text('other/a'), existsSync(at('new/dir/a'))]).toEqual(['text', false])
    await move('other', 'renamed/') // as mv does, with a directory
    expect(text('renamed/a')).toBe('text')
  })

  test('over a file only when asked', async () => {
    project.write('a', 'new')
    project.write('b', 'old')
    await expect(copy('a', 'b')).rejects.toThrow('set overwrite')
    expect(text('b')).toBe('old')
    const { effect } = await copy('a', 'b', true)
    expect(effect.reason).toBe('Copy a to b, replacing what is there')
    expect(text('b')).toBe('new')
  })

  test('a large file, by name', async () => {
    truncateSync(project.write('large', ''), 40_000_000)
    const { effect } = await copy('large', 'x/copy')
    expect(effect.changes).toEqual([])
    expect(statSync(at('x/copy')).size).toBe(40_000_000)
  })

  test.each([
    ['dir', 'b', 'not a file'],
    ['nowhere', 'b', 'does not exist'],
    ['a', 'a', 'same file'],
    ['link', 'a', 'same file'],
    ['a', '../home/a', 'not open to tools'],
    ['../home/a', 'b', 'not open to tools'],
    ['a', 'out', 'not open to tools'],
  ])('not %s to %s', async (source, dest, words) => {
    project.write('a', 'text')
    symlinkSync('a', at('link'))
    symlinkSync(project.home, at('out'))
    mkdirSync(at('dir'))
    await expect(copy(source, dest)).rejects.toThrow(words)
  })
})

describe('move_file', () => {
  test('a file, and what is known of it', async () => {
    project.write('a', 'text', 0o755)
    project.context.seen.set(at('a'), 'hash')
    const { effect, content, changes } = await move('a', 'x/b')
    expect(existsSync(at('a'))).toBe(false)
    expect(statSync(at('x/b')).mode & 0o777).toBe(0o755)
    expect(effect).toMatchObject({ reason: 'Move a to x/b', reads: [at('a')], writes: [at('x/b'), at('a')] })
    expect(content).toBe('Moved a to x/b.')
    expect(changes).toMatchObject([{ path: at('x/b'), from: at('a'), operation: 'move', before: null }])
    expect(project.context.seen).toEqual(new Map([[at('x/b'), 'hash']]))
  })

  test('a link itself, and onto a link itself', async () => {
    project.write('a', 'text')
    project.write('b', 'other')
    symlinkSync('a', at('link'))
    symlinkSync('b', at('taken'))
    await move('link', 'moved')
    expect(readlinkSync(at('moved'))).toBe('a')
    await move('a', 'taken', true)
    expect(text('taken')).toBe('text')
    expect(text('b')).toBe('other')
  })

  test('a directory with all that is in it', async () => {
    project.write('dir/a', 'a')
    project.write('dir/deep/.env', 'b')
    symlinkSync('a', at('dir/link'))
    project.context.seen.set(at('dir/a'), 'hash')
    const { effect, changes } = await move('dir', 'new/place')
    expect(effect.reason).toBe('Move 3 files in dir to new/place')
    expect(new Set(effect.reads)).toEqual(new Set(['dir', 'dir/a', 'dir/deep/.env', 'dir/link'].map(at)))
    expect(effect.writes).toContain(at('new/place/deep/.env'))
    expect(effect.writes).toContain(at('dir/deep/.env'))
    expect(changes).toHaveLength(3)
    expect(text('new/place/deep/.env')).toBe('b')
    expect(readlinkSync(at('new/place/link'))).toBe('a')
    expect(existsSync(at('dir'))).toBe(false)
    expect(project.context.seen).toEqual(new Map([[at('new/place/a'), 'hash']]))
  })

  test('into a directory that is there', async () => {
    project.write('a', 'text')
    mkdirSync(at('dir'))
    await move('a', 'dir/')
    expect(text('dir/a')).toBe('text')
  })

  test('not a directory that got more since', async () => {
    project.write('dir/a', 'a')
    const params = { source: 'dir', dest: 'new' }
    const effect = await moveFileTool.effect(params, project.context)
    project.write('dir/b', 'b')
    await expect(moveFileTool.run(params, project.context, effect)).rejects.toMatchObject({ code: 'STALE_FILE' })
    expect(existsSync(at('new'))).toBe(false)
  })

  test('a large directory, named and not held', async () => {
    for (let i = 0; i < 300; i++) project.write(`dir/f${i}`, 'x')
    const { effect, changes } = await move('dir', 'new')
    expect(effect.changes).toEqual([])
    expect(changes).toHaveLength(300)
    expect(changes![0]).toMatchObject({ operation: 'move', change: 'created', before: null, after: null })
    expect(existsSync(at('new/f299'))).toBe(true)
  })

  test('warns of unsaved buffers at both ends', async () => {
    project.write('a', 'text')
    project.context.unsaved = new Map([[at('a'), 'buffer']])
    expect((await move('a', 'b')).effect.danger).toBe('unsaved_buffer')
  })

  test.each([
    ['a', 'b', 'set overwrite'],
    ['dir', 'dir/inner', 'into itself'],
    ['dir', 'dir', 'into itself'],
    ['a', 'a', 'are the same'],
    ['nowhere', 'x', 'does not exist'],
    ['.', 'x', 'cannot be moved'],
    ['../home', 'x', 'not open to tools'],
    ['a', '../home/x', 'not open to tools'],
    ['a', 'out/x', 'not open to tools'],
  ])('not %s to %s', async (source, dest, words) => {
    project.write('a', 'text')
    project.write('b', 'text')
    mkdirSync(at('dir'))
    symlinkSync(project.home, at('out'))
    await expect(move(source, dest)).rejects.toThrow(words)
    expect(text('b')).toBe('text')
  })
})
