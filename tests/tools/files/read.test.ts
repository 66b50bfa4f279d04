import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { hashOf } from '../../../src/base/files.ts'
import { createPager } from '../../../src/tools/files/page.ts'
import { readFileTool } from '../../../src/tools/files/read.ts'
import { limitOutput } from '../../../src/tools/output.ts'
import { png } from '../../support/images.ts'
import { call, createProject, type Project } from '../project.ts'

let project: Project
beforeEach(() => {
  project = createProject()
})
afterEach(() => project.remove())

const read = (path: string, params: object = {}) => call(readFileTool, { path, ...params }, project.context)
const content = async (path: string, params: object = {}) => (await read(path, params)).content

describe('numbers the lines', () => {
  test.each([
    ['all', 'a\nb\n', {}, '1\ta\n2\tb'],
    ['no final newline', 'a\nb', {}, '1\ta\n2\tb'],
    ['Windows line ends and a mark', '\uFEFFa\r\nb\r\n', {}, '1\ta\n2\tb'],
    ['an empty file', '', {}, '[The file is empty.]'],
    ['a page', 'a\nb\nc\nd\n', { offset: 2, limit: 2 }, '2\tb\n3\tc\n[Lines 2-3 of 4. Go on with offset 4.]'],
    ['the last page', 'a\nb\nc', { offset: 3 }, '3\tc'],
    ['beyond the end', 'a\n', { offset: 5 }, '[Line 5 is beyond the end: there is 1 line.]'],
    [
      'an endless line',
      `${'x'.repeat(2_010)}\ny`,
      {},
      `1\t${'x'.repeat(2_000)}… [+10 characters: go on with offset 1, column 2001]\n2\ty`,
    ],
  ])('%s', async (_, text, params, expected) => {
    project.write('f', text)
    expect(await content('f', params)).toBe(expected)
  })

  test('goes on inside a long line, to its end, never within a character', async () => {
    const line = `${'ab\u{1F600}'.repeat(20_000)}end`
    project.write('f', `first\n${line}\nlast`)
    const lines = (await content('f')).split('\n')
    let [, shown, next] = /^2\t(.*)… \[\+\d+ characters: go on with offset 2, column (\d+)\]$/.exec(lines[1]!)!
    while (next !== undefined) {
      expect(shown!.isWellFormed() && !shown!.includes('\uFFFD')).toBe(true)
      const page = (await content('f', { offset: 2, column: Number(next) })).split('\n')
      const [, more, on] = /^2\t(.*?)(?:… \[\+\d+ characters: go on with offset 2, column (\d+)\])?$/.exec(page[0]!)!
      shown += more!
      next = on
      expect(page[1]).toBe('3\tlast')
    }
    expect(shown).toBe(line)
    expect(await content('f', { offset: 1, column: 3 })).toStartWith('1\trst\n2\tab')
    expect(await content('f', { offset: 1, column: 99 })).toStartWith('1\t\n2\tab')
  })

  test('malformed UTF-8 is shown as far as it goes', async () => {
    writeFileSync(join(project.path, 'f'), Buffer.from('caf\xe9!', 'latin1'))
    expect(await content('f')).toStartWith('1\tcaf\uFFFD!\n[The file is not UTF-8')
  })

  test('a page is never cut in its middle afterwards', async () => {
    project.write('f', 'some line of text\n'.repeat(10_000))
    const { content } = await read('f')
    expect(await limitOutput(content, 'tc_a', null)).toBe(content)
    const next = Number(/Go on with offset (\d+)/.exec(content)![1])
    expect((await read('f', { offset: next })).content).toStartWith(`${next}\tsome`)
  })

  test('the same lines, wherever the text is cut into pieces', () => {
    const text = 'one\r\ntwo 😀\n\nfour\n'.repeat(2)
    const lines = (pieces: string[], wrap: boolean) => {
      const pager = createPager({ offset: 2, limit: 5 }, wrap)
      for (const piece of pieces) pager.add(piece)
      return { total: pager.finish(), lines: pager.lines }
    }
    for (const wrap of [true, false]) {
      const whole = lines([text], wrap)
      expect(whole).toEqual({ total: 8, lines: ['two 😀', '', 'four', 'one', 'two 😀'] })
      for (let i = 0; i <= text.length; i++) {
        if ((text.charCodeAt(i) & 0xfc00) === 0xdc00) continue // a decoder never cuts there
        expect(lines([text.slice(0, i), text.slice(i)], wrap)).toEqual(whole)
      }
    }
  })

  test('of a file of any size, in little memory', async () => {
    const path = project.write('huge', `first\nsecond\n${'text\n'.repeat(2_000)}`)
    truncateSync(path, 40 * 1024 * 1024 * 1024)
    const { content, metadata } = await read('huge', { limit: 2 })
    expect(content).toBe('1\tfirst\n2\tsecond\n[Lines 1-2. Go on with offset 3.]')
    expect(metadata).toEqual({ path: 'huge', lines: 2, next_offset: 3 })
    expect(project.context.seen.size).toBe(0)
  })
})

describe('what is no text', () => {
  const PNG = png(3, 2)

  test('images are handed over', async () => {
    writeFileSync(join(project.path, 'a.png'), PNG)
    const { content, images } = await read('a.png')
    expect(content).toBe(`a.png: PNG image, 3 × 2, ${PNG.length} bytes, shown.`)
    expect(images).toEqual([{ media_type: 'image/png', data: PNG.toString('base64') }])
  })

  test.each([
    [
      'large.png',
      Buffer.concat([PNG, Buffer.alloc(4_000_000)]),
      expect.stringContaining('models take images of up to 3.75 MiB'),
    ],
    [
      'cut.png',
      PNG.subarray(0, 40),
      'cut.png: the image is not shown, since it is a PNG file that is damaged or cut short.',
    ],
    ['old.bmp', Buffer.concat([Buffer.from('BM'), Buffer.alloc(60)]), 'old.bmp: Binary file (BMP), 62 bytes.'],
    ['a.pdf', Buffer.from('%PDF-1.7 text'), 'a.pdf: Binary file (PDF), 13 bytes.'],
    ['a.bin', Buffer.from([1, 0, 2]), 'a.bin: Binary file (BIN), 3 bytes.'],
    ['noext', Buffer.from([1, 0, 2]), 'noext: Binary file, 3 bytes.'],
    [
      'utf16',
      Buffer.from('\uFEFFhi', 'utf16le'),
      '1\thi\n[The file is UTF-16; what is written to it becomes UTF-16, too.]',
    ],
  ])('%s is described', async (name, bytes, words) => {
    writeFileSync(join(project.path, name), bytes)
    const { content, images } = await read(name)
    expect(content).toEqual(words)
    expect(images).toBeUndefined()
  })

  test('directories and pipes are refused with the remedy', async () => {
    mkdirSync(join(project.path, 'dir'))
    await expect(read('dir')).rejects.toThrow('use list_directory')
    if (process.platform === 'win32') return
    execFileSync('mkfifo', [join(project.path, 'pipe')])
    await expect(read('pipe')).rejects.toThrow('not a regular file')
  })
})

describe('what is not there', () => {
  test('names what may have been meant, but nothing hidden', async () => {
    project.write('src/server.ts', '')
    project.write('src/key.pem', '')
    await expect(read('src/sever.ts')).rejects.toThrow('src/sever.ts does not exist (did you mean "server.ts"?).')
    await expect(read('src/kay.pem')).rejects.toThrow(/does not exist\.$/)
    await expect(read('nowhere/x')).rejects.toThrow('nor does its directory')
    await expect(read('src/server.ts/x')).rejects.toThrow('goes through a file')
  })

  test.each(['../home/x', '/etc/hostname'])('%s is not ours', async path => {
    await expect(read(path)).rejects.toMatchObject({ code: 'PERMISSION_DENIED' })
  })
})

test('remembers what was read, by real path', async () => {
  const path = project.write('a', 'text')
  symlinkSync('a', join(project.path, 'link'))
  const { effect } = await read('link')
  expect(effect).toMatchObject({ level: 'read', reason: 'Read a', reads: [path], writes: [] })
  expect(project.context.seen).toEqual(new Map([[path, hashOf('text')]]))
})

test('not what has become a link to the outside since', async () => {
  project.write('a', 'text')
  writeFileSync(join(project.home, 'secret'), 'secret')
  const effect = await readFileTool.effect({ path: 'a' }, project.context)
  rmSync(join(project.path, 'a'))
  symlinkSync(join(project.home, 'secret'), join(project.path, 'a'))
  const running = readFileTool.run({ path: 'a' }, project.context, effect)
  await expect(running).rejects.toMatchObject({ code: 'PERMISSION_DENIED' })
})

test('sees the unsaved buffer, and remembers the file', async () => {
  const path = project.write('a', 'disk\n')
  const unborn = join(project.path, 'new')
  project.context.unsaved = new Map([
    [path, 'buffer\n'],
    [unborn, 'never saved'],
  ])
  expect(await content('a')).toBe('1\tbuffer')
  expect(await content('new')).toBe('1\tnever saved')
  expect(project.context.seen).toEqual(new Map([[path, hashOf('disk\n')]]))
})

describe('a kept result', () => {
  test('is paged through, endless lines in pieces', async () => {
    const text = `short\n${'x'.repeat(4_500)}\nlast\n`
    const shown = await limitOutput(text.repeat(20), 'tc_abc2', project.context.spillPath('tc_abc2'), 5_000)
    const { offset, path } = JSON.parse(/read_file (\{.*?\})/.exec(shown)![1]!)
    const page = await read(path, { offset, limit: 3 })
    expect(page.effect.reads).toEqual([])
    expect(await content('spill:tc_abc2', { limit: 5 })).toBe(
      `1\tshort\n2\t${'x'.repeat(2_000)}\n3\t${'x'.repeat(2_000)}\n4\t${'x'.repeat(500)}\n5\tlast\n[Lines 1-5 of 100. Go on with offset 6.]`,
    )
    expect(page.content).toStartWith(`${offset}\t`)
  })

  test.each(['spill:', 'spill:../x', 'spill:tc_../x', 'spill:tc_A', 'spill:tc_a/b', 'spill:tc_gone', 'spill:tc_a\n'])(
    'not %p',
    async path => {
      await expect(read(path)).rejects.toMatchObject({ code: 'TOOL_FAILED' })
    },
  )

  test('not where nothing may be kept', async () => {
    project.context.spillPath = () => null
    await expect(read('spill:tc_a')).rejects.toThrow('no such kept result')
  })
})

test.each([
  [{}, 'path'],
  [{ path: 'a', offset: 0 }, 'offset'],
  [{ path: 'a', limit: 1.5 }, 'limit'],
])('%p is refused', (params, name) => expect(() => readFileTool.parse(params)).toThrow(name))

test('any bytes can be read', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 60 }), async bytes => {
      writeFileSync(join(project.path, 'f'), bytes)
      expect((await content('f')).isWellFormed()).toBe(true)
    }),
    { numRuns: 100 },
  )
})
