import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { existsSync, mkdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createDirectoryTool, listDirectoryTool } from '../../../src/tools/files/directory.ts'
import { readFileTool } from '../../../src/tools/files/read.ts'
import { call, createProject, type Project } from '../project.ts'

let project: Project
beforeEach(() => {
  project = createProject()
})
afterEach(() => project.remove())

const at = (name: string) => join(project.path, name)
const list = async (params: object = {}) => (await call(listDirectoryTool, params, project.context)).content
const names = async (params: object) =>
  JSON.parse((await list(params)).split('\n')[0]!).map((row: { name: string }) => row.name)
const create = (path: string) => call(createDirectoryTool, { path }, project.context)

describe('list_directory', () => {
  test('is a table of names, types and sizes', async () => {
    project.write('b.txt', 'four')
    project.write('a/x', '')
    symlinkSync('b.txt', at('link'))
    expect(JSON.parse(await list())).toEqual([
      { name: 'a', type: 'directory', size: null },
      { name: 'b.txt', type: 'file', size: 4 },
      { name: 'link', type: 'link', size: null },
    ])
    project.context.toon = true
    expect(await list()).toBe('[3]{name,type,size}:\n  a,directory,null\n  b.txt,file,4\n  link,link,null')
  })

  test('a name that is not UTF-8 has its size, and opens as it is shown', async () => {
    mkdirSync(Buffer.from(join(project.path, 'd\xe9'), 'latin1'))
    writeFileSync(Buffer.from(join(project.path, 'd\xe9', 'f\xe8.txt'), 'latin1'), 'text')
    const listed = await call(listDirectoryTool, { path: 'd\uFFFD' }, project.context)
    expect(listed.content).toContain('"f\uFFFD.txt","type":"file","size":4')
    const read = await call(readFileTool, { path: 'd\uFFFD/f\uFFFD.txt' }, project.context)
    expect(read.content).toBe('1\ttext')
  })

  test('deeper levels leave out what git ignores', async () => {
    project.write('.gitignore', 'node_modules\n*.log\n')
    for (const name of ['node_modules/x/y', 'src/a.ts', 'src/b.log', 'src/deep/c.ts', 'src.ts', 'z.log', '.git/HEAD'])
      project.write(name, '')
    const top = ['.git', '.gitignore', 'node_modules', 'src', 'src.ts', 'z.log']
    expect(await names({})).toEqual(top)
    expect(await names({ depth: 2 })).toEqual(top.toSpliced(4, 0, 'src/a.ts', 'src/deep'))
    expect(await names({ depth: 3 })).toEqual(top.toSpliced(4, 0, 'src/a.ts', 'src/deep', 'src/deep/c.ts'))
    expect(await names({ path: 'src' })).toEqual(['a.ts', 'b.log', 'deep'])
  })

  test('leaves out what is hidden, and says so', async () => {
    project.write('.env', '')
    project.write('state/x', '')
    project.write('ok', '')
    project.context.roots.forbidden = [at('state')]
    expect(await names({})).toEqual(['ok'])
    expect(await list()).toEndWith('[2 names left out: hidden by a rule, or likely to hold secrets.]')
  })

  test('says when it is empty, and when there is too much', async () => {
    expect(await list()).toBe('[The directory is empty.]')
    for (let i = 0; i < 1_100; i++) project.write(`f${i}`, '')
    expect(await list()).toContain('The first 1000 entries only')
  })

  test.each([
    ['file', 'use read_file'],
    ['nowhere', 'does not exist'],
    ['..', 'not open to tools'],
  ])('refuses %s', async (path, words) => {
    project.write('file', '')
    await expect(list({ path })).rejects.toThrow(words)
  })
})

describe('create_directory', () => {
  test('with its parents', async () => {
    const { effect, content } = await create('a/b/c')
    expect(statSync(at('a/b/c')).isDirectory()).toBe(true)
    expect(effect).toMatchObject({ level: 'write', reason: 'Create the directory a/b/c', writes: [at('a/b/c')] })
    expect(content).toBe('Created a/b/c/.')
  })

  test('that is there already', async () => {
    mkdirSync(at('a'))
    expect((await create('a')).content).toBe('a exists already.')
  })

  test('not where a file is, not outside, not where a link has come to lead', async () => {
    project.write('file', '')
    mkdirSync(at('dir'))
    await expect(create('file')).rejects.toThrow('is a file')
    await expect(create('file/x')).rejects.toMatchObject({ code: 'TOOL_FAILED' })
    await expect(create('../home/x')).rejects.toMatchObject({ code: 'PERMISSION_DENIED' })
    const effect = await createDirectoryTool.effect({ path: 'dir/x' }, project.context)
    rmSync(at('dir'), { recursive: true })
    symlinkSync('.', at('dir'))
    const running = createDirectoryTool.run({ path: 'dir/x' }, project.context, effect)
    await expect(running).rejects.toMatchObject({ code: 'PERMISSION_DENIED' })
    expect(existsSync(at('x'))).toBe(false)
  })
})
