import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { hashOf } from '../../../src/base/files.ts'
import { withContent } from '../../../src/tools/files/change.ts'
import { editFileTool, writeFileTool } from '../../../src/tools/files/edit.ts'
import { readFileTool } from '../../../src/tools/files/read.ts'
import { call, createProject, type Project } from '../project.ts'

let project: Project
beforeEach(() => {
  project = createProject()
})
afterEach(() => project.remove())

const at = (name: string) => join(project.path, name)
const text = (name: string) => readFileSync(at(name), 'utf8')
const write = (path: string, content: string) => call(writeFileTool, { path, content }, project.context)
const edit = (path: string, old: string, now: string, more: object = {}) =>
  call(editFileTool, { path, old, new: now, ...more }, project.context)
const read = (path: string) => call(readFileTool, { path }, project.context)

describe('write_file', () => {
  test('creates a file and its directories', async () => {
    const { effect, content, metadata, changes } = await write('src/new.ts', 'a\nb\n')
    expect(text('src/new.ts')).toBe('a\nb\n')
    expect(effect).toMatchObject({
      level: 'write',
      reason: 'Create src/new.ts (2 lines)',
      reads: [],
      writes: [at('src/new.ts')],
    })
    expect(effect.danger).toBeUndefined()
    expect(content).toBe('Wrote src/new.ts (2 lines, 4 bytes).')
    expect(metadata).toEqual({ path: 'src/new.ts', bytes_written: 4 })
    expect(changes).toEqual([
      { path: at('src/new.ts'), operation: 'write', before: null, after: Buffer.from('a\nb\n') },
    ])
  })

  test('looking changes nothing', async () => {
    await writeFileTool.effect({ path: 'a/b', content: 'x' }, project.context)
    expect(existsSync(at('a'))).toBe(false)
  })

  test('overwrites what was never read, keeping how the file is written', async () => {
    project.write('dos', '\uFEFFa\r\nb\r\n')
    expect((await write('dos', 'x\ny\n')).effect.reason).toBe('Overwrite dos (2 lines)')
    expect(text('dos')).toBe('\uFEFFx\r\ny\r\n')
    project.write('mixed', 'a\r\nb\n')
    await write('mixed', 'x\ny\n')
    expect(text('mixed')).toBe('x\ny\n')
    project.write('unix', 'a\n')
    await write('unix', 'x\r\n')
    expect(text('unix')).toBe('x\r\n')
  })

  test('the same contents are no change', async () => {
    project.write('a', 'same')
    expect((await write('a', 'same')).changes).toEqual([])
  })

  test('not what changed since it was read; what it wrote, it knows', async () => {
    project.write('a', 'one')
    await read('a')
    await write('a', 'two')
    await write('a', 'three')
    project.write('a', 'by somebody else')
    await expect(write('a', 'four')).rejects.toMatchObject({ code: 'STALE_FILE' })
    expect(text('a')).toBe('by somebody else')
    await read('a')
    await write('a', 'four')
    expect(text('a')).toBe('four')
  })

  test('not what changes between the look and the deed', async () => {
    project.write('a', 'one')
    const effect = await writeFileTool.effect({ path: 'a', content: 'two' }, project.context)
    project.write('a', 'other')
    const running = writeFileTool.run({ path: 'a', content: 'two' }, project.context, effect)
    await expect(running).rejects.toMatchObject({ code: 'STALE_FILE' })
    expect(text('a')).toBe('other')
  })

  test('commits what was approved, not what was asked', async () => {
    project.write('a', 'one\n')
    const effect = await writeFileTool.effect({ path: 'a', content: 'two\n' }, project.context)
    const approved = { ...effect, changes: withContent(effect.changes!, 'by hand\n') }
    const { metadata } = await writeFileTool.run({ path: 'a', content: 'two\n' }, project.context, approved)
    expect(text('a')).toBe('by hand\n')
    expect(metadata['bytes_written']).toBe(8)
    expect(project.context.seen.get(at('a'))).toBe(hashOf('by hand\n'))
  })

  test('warns of an unsaved buffer', async () => {
    project.write('a', 'disk')
    project.context.unsaved = new Map([[at('a'), 'buffer']])
    expect((await write('a', 'x')).effect.danger).toBe('unsaved_buffer')
  })

  test('through a link, to where it leads', async () => {
    project.write('a', 'one')
    symlinkSync('a', at('link'))
    expect((await write('link', 'two')).effect.writes).toEqual([at('a')])
    expect(text('a')).toBe('two')
  })

  test.each([
    ['../home/x', 'PERMISSION_DENIED'],
    ['dir', 'TOOL_FAILED'],
    ['a/b', 'TOOL_FAILED'],
  ])('not %p', async (path, code) => {
    mkdirSync(at('dir'))
    project.write('a', '')
    await expect(write(path, 'x')).rejects.toMatchObject({ code })
  })
})

describe('edit_file', () => {
  test.each([
    ['one place', 'a\nb\nc\n', 'b', 'x', {}, 'a\nx\nc\n'],
    ['all places', 'a b a b a', 'a', 'x', { replace_all: true }, 'x b x b x'],
    ['several lines', 'a\nb\nc\n', 'a\nb\n', '', {}, 'c\n'],
    ['no final newline stays', 'a\nb', 'b', 'c', {}, 'a\nc'],
    ['Windows line ends', 'a\r\nb\r\nc\r\n', 'a\nb', 'x\ny\nz', {}, 'x\r\ny\r\nz\r\nc\r\n'],
    ['Windows line ends on both sides', 'a\r\nb\r\n', 'a\r\nb', 'x\r\ny', {}, 'x\r\ny\r\n'],
    ['Unix line ends, other text', 'a\nb\n', 'a\r\nb', 'x\r\ny', {}, 'x\ny\n'],
    ['mixed line ends stay mixed', 'a\r\nb\nc\r\n', 'b', 'x', {}, 'a\r\nx\nc\r\n'],
    ['mixed line ends, where Windows lines are meant', 'a\nb\r\nc\r\nd\n', 'b\nc', 'x\ny', {}, 'a\nx\r\ny\r\nd\n'],
    ['a mark stays', '\uFEFFa\n', 'a', 'b', {}, '\uFEFFb\n'],
    ['replacement patterns are plain text', 'a', 'a', '$& $1 $$', {}, '$& $1 $$'],
    ['no regular expression', 'a.c abc', 'a.c', 'x', {}, 'x abc'],
    ['an empty file', '', '', 'new\n', {}, 'new\n'],
  ])('%s', async (_, before, old, now, more, after) => {
    project.write('f', before)
    await edit('f', old, now, more)
    expect(text('f')).toBe(after)
  })

  test('says what it did and where', async () => {
    project.write('src/a.ts', 'a\nb\nc\n', 0o755)
    const { effect, content, metadata, locations } = await edit('src/a.ts', 'b', 'x')
    expect(effect).toMatchObject({
      level: 'write',
      reason: 'Edit src/a.ts',
      locations: [{ path: 'src/a.ts', line: 2 }],
    })
    expect(content).toBe('Edited src/a.ts (3 lines, 6 bytes).')
    expect(metadata).toEqual({ path: 'src/a.ts', bytes_written: 6 })
    expect(locations).toEqual([{ path: 'src/a.ts', line: 2 }])
    expect(statSync(at('src/a.ts')).mode & 0o777).toBe(0o755)
  })

  test('creates a file from an empty text', async () => {
    expect((await edit('new/f', '', 'text')).effect.reason).toBe('Create new/f')
    expect(text('new/f')).toBe('text')
  })

  test.each(['old_string', 'old_str'])('takes %s for old', async alias => {
    project.write('f', 'a')
    const parsed = editFileTool.parse({ file_path: 'f', [alias]: 'a', new_string: 'b' })
    expect(parsed).toEqual({ path: 'f', old: 'a', new: 'b' })
  })

  test('leaves bytes alone that are no UTF-8', async () => {
    writeFileSync(at('f'), Buffer.from('caf\xe9 = 1\n', 'latin1'))
    await edit('f', '= 1', '= 2')
    expect(readFileSync(at('f'))).toEqual(Buffer.from('caf\xe9 = 2\n', 'latin1'))
    await expect(edit('f', '= 2', '= ü')).rejects.toThrow('not UTF-8')
    await expect(edit('f', 'é', 'x')).rejects.toThrow('not UTF-8')
  })

  test('whole lines with bytes in them can be named as they are shown', async () => {
    writeFileSync(at('f'), Buffer.from('caf\xe9 = 1\nx = 1\n', 'latin1'))
    await edit('f', 'caf\uFFFD = 1\nx = 1', 'caf\uFFFD = 1\ny = 2')
    expect(readFileSync(at('f'))).toEqual(Buffer.from('caf\xe9 = 1\ny = 2\n', 'latin1'))
    await expect(edit('f', 'caf\uFFFD', 'tea')).rejects.toThrow('whole lines')
    await expect(edit('f', 'y = 2', 'y = \uFFFD')).rejects.toThrow('only ASCII can be put into it')
  })

  test('an unsaved buffer of such a file leaves lines as they are', async () => {
    writeFileSync(at('f'), Buffer.from('caf\xe9\nx = 1\n', 'latin1'))
    project.context.unsaved = new Map([[at('f'), 'café\nx = 1\nunsaved\n']])
    await edit('f', 'x = 1', 'x = 2')
    expect(readFileSync(at('f'))).toEqual(Buffer.from('caf\xe9\nx = 2\nunsaved\n', 'latin1'))
  })

  test('UTF-16 stays UTF-16', async () => {
    writeFileSync(at('f'), Buffer.from('\uFEFFa\r\nb\r\n', 'utf16le'))
    await edit('f', 'a\nb', 'a\n\u00fc\nb')
    expect(readFileSync(at('f'))).toEqual(Buffer.from('\uFEFFa\r\n\u00fc\r\nb\r\n', 'utf16le'))
  })

  test('half an emoji is not found', async () => {
    project.write('f', 'x\u{1F600}y')
    for (const half of ['\ud83d', '\ude00', 'x\ud83d'])
      await expect(edit('f', half, 'Q')).rejects.toThrow('half of a character')
    await expect(edit('f', 'x', '\ud83d')).rejects.toThrow('half of a character')
    expect(text('f')).toBe('x\u{1F600}y')
  })

  test.each(['fifo', 'to-fifo'])('%s is no file, and nothing waits for it', async path => {
    execFileSync('mkfifo', [at('fifo')])
    symlinkSync('fifo', at('to-fifo'))
    await expect(call(writeFileTool, { path, content: 'x' }, project.context)).rejects.toThrow('not a regular file')
    await expect(edit(path, 'a', 'b')).rejects.toThrow('not a regular file')
    await expect(call(readFileTool, { path }, project.context)).rejects.toThrow('not a regular file')
  })

  test.each(['newdir/', 'newdir/.', 'a/newdir/'])('%s is a directory, not a file', async path => {
    await expect(call(writeFileTool, { path, content: 'x' }, project.context)).rejects.toThrow('names a directory')
    await expect(edit(path, '', 'x')).rejects.toThrow('names a directory')
    expect(readdirSync(project.path)).toEqual([])
  })

  test('a text that is there again and again is told of within bounds', async () => {
    project.write('f', 'a'.repeat(200_000))
    await expect(edit('f', 'a'.repeat(25_000), 'b')).rejects.toThrow('occurs more than 10 times')
    await expect(edit('f', `${'ab'.repeat(12_000)}ba`, 'b')).rejects.toThrow('not found')
  })

  test('edits what the model saw: the unsaved buffer, over the file on disk', async () => {
    project.write('f', 'disk\r\n')
    project.context.unsaved = new Map([[at('f'), 'buffer one\n']])
    const { effect } = await edit('f', 'one', 'two')
    expect(effect.danger).toBe('unsaved_buffer')
    expect(String(effect.changes![0]!.before)).toBe('disk\r\n')
    expect(text('f')).toBe('buffer two\r\n')
  })

  test('an edit of a file that had changed does not make it known', async () => {
    project.write('f', 'a\nb\n')
    await read('f')
    await edit('f', 'a', 'x')
    await write('f', 'known\nb\n')
    project.write('f', 'foreign\nb\n')
    await edit('f', 'b', 'y')
    await expect(write('f', 'z')).rejects.toMatchObject({ code: 'STALE_FILE' })
  })

  describe('fails and says what is there', () => {
    const SOURCE = 'function alpha() {\n\treturn 1\n}\n\nfunction beta() {\n\treturn 2\n}\n'
    test.each<[string, string, string[], string]>([
      [
        'white space',
        'function alpha() {\n    return 1\n}',
        ['only in whitespace', '1\tfunction alpha() {\n2\t\treturn 1\n3\t}'],
        'new',
      ],
      [
        'something near',
        'function betta() {\n\treturn 3',
        ['nearest lines', '5\tfunction beta() {\n6\t\treturn 2'],
        'new',
      ],
      ['nothing near', 'completely different words', ['nothing like it'], 'new'],
      ['line numbers', '1\tfunction alpha() {\n2\t\treturn 1', ['Leave out the line numbers'], 'new'],
      ['more than one', 'return', ['occurs 2 times (lines 2, 6)', 'replace_all'], 'new'],
      ['the work is done', 'function gamma() {', ['already there, on line 1'], 'function alpha() {'],
    ])('%s', async (_, old, words, now) => {
      project.write('f', SOURCE)
      const error = await edit('f', old, now).catch(error => error)
      expect(error.code).toBe('TOOL_FAILED')
      for (const part of words) expect(error.message).toContain(part)
      expect(text('f')).toBe(SOURCE)
    })

    test.each([
      ['it’s so', "it's so", "’ (U+2019) where old has ' (U+0027)"],
      ['say “yes”', 'say "yes"', '“ (U+201C) where old has " (U+0022)'],
      ['1–2', '1-2', '– (U+2013) where old has - (U+002D)'],
      ['cafe\u0301', 'café', 'Unicode normalization'],
      ['a\u00a0b', 'a b', 'whitespace'],
    ])('what looks like it: %s', async (there, old, words) => {
      project.write('f', `first\n${there}\n`)
      await expect(edit('f', old, 'NEW')).rejects.toThrow(words)
      await expect(edit('f', old, 'NEW')).rejects.toThrow(`2\t${there}`)
    })

    test('line ends', async () => {
      project.write('f', 'a\rb\nc\n')
      await expect(edit('f', 'ab\nc', 'x')).rejects.toThrow('only in line ends (\\r\\n)')
    })

    test('overlaps are more than one place', async () => {
      project.write('f', 'aaa')
      await expect(edit('f', 'aa', 'b')).rejects.toThrow('occurs 2 times')
    })

    test('a wrong name', async () => {
      project.write('server.ts', '')
      await expect(edit('sever.ts', 'a', 'b')).rejects.toThrow('did you mean "server.ts"?')
    })

    test.each([
      ['the same text', 'a', 'a', 'INVALID_PARAMS'],
      ['an empty text in a file that is not', '', 'x', 'INVALID_PARAMS'],
    ])('%s', async (_, old, now, code) => {
      project.write('f', 'a')
      await expect(edit('f', old, now)).rejects.toMatchObject({ code })
    })

    test('a binary file', async () => {
      project.write('f', 'a\0')
      await expect(edit('f', 'a', 'b')).rejects.toThrow('binary')
    })
  })

  test('a file that rules hide is not told of before they allow it', async () => {
    project.write('.env', 'KEY=secret\n')
    const effect = await editFileTool.effect({ path: '.env', old: 'KEY=secre', new: 'x' }, project.context)
    expect(effect.changes).toHaveLength(1)
    for (const old of ['KEY=wrong', 'e']) {
      const blind = await editFileTool.effect({ path: '.env', old, new: 'x' }, project.context)
      expect(blind).toEqual({ level: 'write', reason: 'Edit .env', reads: [at('.env')], writes: [at('.env')] })
      const running = editFileTool.run({ path: '.env', old, new: 'x' }, project.context, blind)
      await expect(running).rejects.toThrow('not found exactly once')
    }
  })

  test('a miss in a large file is explained', async () => {
    const lines = Array.from({ length: 120_000 }, (_, i) => `const value_${i} = compute(${i}, 'some words')`)
    project.write('large', lines.join('\n'))
    await expect(edit('large', "const valeu_60000 = compute(60000, 'some words')", 'x')).rejects.toThrow(
      '60001\tconst value_60000',
    )
    project.write('same', 'ab\n'.repeat(1_000_000))
    await expect(edit('same', `${'ab\n'.repeat(10_000)}c`, 'x')).rejects.toThrow('not found')
    project.write('line', 'x'.repeat(5_000_000))
    await expect(edit('line', 'xyz\nxxxxxyyyy\nxxxxx', 'x')).rejects.toThrow('not found')
  })
})

test('an edit is what replacing the only occurrence is', async () => {
  const word = fc.constantFrom('a', 'b', '\n', 'ab', ' ')
  const string = (maxLength: number) => fc.array(word, { maxLength }).map(parts => parts.join(''))
  await fc.assert(
    fc.asyncProperty(string(12), string(3), string(3), async (before, old, now) => {
      project.write('f', before)
      const times = before.split('').filter((_, i) => before.startsWith(old, i)).length
      const done = await edit('f', old, now).then(
        () => true,
        () => false,
      )
      expect(done).toBe(old !== now && (old === '' ? before === '' : times === 1))
      expect(text('f')).toBe(done ? before.split(old || '\0').join(now) || now : before)
    }),
    { numRuns: 200 },
  )
})
