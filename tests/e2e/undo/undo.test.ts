import { describe, expect, test } from 'bun:test'
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { put, startUndo, treeOf } from '../../support/undoing.ts'

const lines = (...some: (string | number)[]) => some.map(line => `${line}\n`).join('')
const TEXT = lines(...Array.from({ length: 19 }, (_, n) => `line ${n + 1}`))

describe('a turn is undone as it was', () => {
  test.each<[string, Record<string, string>, [string, object][]]>([
    ['a new file in new directories', {}, [['write_file', { path: 'a/b/c.txt', content: 'new\n' }]]],
    ['an edit with CRLF', { 'a.txt': 'one\r\ntwo\r\n' }, [['edit_file', { path: 'a.txt', old: 'two', new: 'three' }]]],
    ['an empty file that is filled', { 'a.txt': '' }, [['write_file', { path: 'a.txt', content: 'full\n' }]]],
    ['a deleted file', { 'a.txt': 'one\n' }, [['delete_file', { path: 'a.txt' }]]],
    ['a deleted directory', { 'd/a.txt': 'one\n', 'd/e/b.txt': '' }, [['delete_file', { path: 'd', recursive: true }]]],
    ['a moved file', { 'a.txt': 'one\n' }, [['move_file', { source: 'a.txt', dest: 'n/b.txt' }]]],
    ['a moved directory', { 'd/a.txt': 'one\n', 'd/b.txt': '' }, [['move_file', { source: 'd', dest: 'e' }]]],
    ['a copy', { 'a.txt': 'one\n' }, [['copy_file', { source: 'a.txt', dest: 'b.txt' }]]],
    ['a directory alone', {}, [['create_directory', { path: 'x/y' }]]],
    [
      'a command',
      { 'a.txt': 'one\n', 'b.sh': 'exit\n' },
      [['shell_exec', { command: 'rm a.txt; chmod 700 b.sh; mkdir q; ln -s b.sh l; printf "\\0" > q/bin' }]],
    ],
    ['a command that removes all', { 'a/b/c': 'one\n', d: 'x' }, [['shell_exec', { command: 'rm -rf a d' }]]],
    [
      'several calls on one file',
      { 'a.txt': TEXT },
      [
        ['edit_file', { path: 'a.txt', old: 'line 2\n', new: 'LINE 2\n' }],
        ['shell_exec', { command: 'sed -i s/19/NINE/ a.txt' }],
        ['move_file', { source: 'a.txt', dest: 'b.txt' }],
        ['edit_file', { path: 'b.txt', old: 'line 5', new: 'LINE 5' }],
      ],
    ],
  ])('%s', async (_, files, calls) => {
    const place = await startUndo(files)
    const before = treeOf(place.root)
    await place.turn(...calls)
    const after = treeOf(place.root)
    expect(after).not.toEqual(before)
    const undone = await place.post('undo')
    expect(undone).toMatchObject({ status: 200, body: { refused: [] } })
    expect(treeOf(place.root)).toEqual(before)
    expect(await place.changes()).toEqual([])
    expect((await place.post('undo')).body.error.code).toBe('NOTHING_TO_UNDO')
    expect(await place.post('redo')).toMatchObject({ status: 200, body: { refused: [] } })
    expect(treeOf(place.root)).toEqual(after)
    expect(await place.post('undo')).toMatchObject({ status: 200, body: { refused: [] } })
    expect(treeOf(place.root)).toEqual(before)
  })
})

test('links are restored as links, modes as modes', async () => {
  const place = await startUndo({ 'a.txt': 'one\n' })
  symlinkSync('a.txt', join(place.root, 'link'))
  put(place.root, 'run.sh', '#!/bin/sh\n', 0o755)
  const before = treeOf(place.root)
  await place.turn(
    ['delete_file', { path: 'link' }],
    ['edit_file', { path: 'run.sh', old: 'sh', new: 'bash' }],
    ['delete_file', { path: 'run.sh' }],
  )
  await place.post('undo')
  expect(treeOf(place.root)).toEqual(before)
})

test('the net change is one entry a file', async () => {
  const place = await startUndo({ 'a.txt': TEXT, 'b.txt': 'b\n', 'c.txt': 'c\n', 'm.sh': 'm\n' })
  const first = await place.turn(
    ['edit_file', { path: 'a.txt', old: 'line 2\n', new: 'LINE 2\n' }],
    ['edit_file', { path: 'a.txt', old: 'line 19', new: 'LINE 19' }],
    ['write_file', { path: 'c.txt', content: 'C\n' }],
  )
  const second = await place.turn(
    ['move_file', { source: 'b.txt', dest: 'd/b.txt' }],
    ['write_file', { path: 'c.txt', content: 'c\n' }],
    ['shell_exec', { command: 'chmod 755 m.sh' }],
    ['write_file', { path: 'n.txt', content: 'n\n' }],
  )
  writeFileSync(join(place.root, 'n.txt'), 'mine\n')
  const files = await place.changes()
  expect(files).toMatchObject([
    {
      path: 'a.txt',
      change: 'modified',
      added: 2,
      removed: 2,
      state: 'current',
      calls: [expect.any(String), expect.any(String)],
    },
    { path: 'd/b.txt', from: 'b.txt', change: 'created', added: 0, removed: 0, state: 'current' },
    { path: 'm.sh', change: 'modified', added: 0, removed: 0, mode: { before: '100644', after: '100755' } },
    { path: 'n.txt', change: 'created', added: 1, removed: 0, state: 'edited_since' },
  ])
  expect(files[0].diff).toContain('-line 2\n+LINE 2\n')
  expect((await place.changes(second)).map(file => file.path)).toEqual(['c.txt', 'd/b.txt', 'm.sh', 'n.txt'])
  expect((await place.changes(first)).map(file => file.path)).toEqual(files.map(file => file.path))
})

describe('what somebody edited since', () => {
  test('is merged where other hunks moved', async () => {
    const place = await startUndo({ 'a.txt': TEXT })
    await place.turn(['edit_file', { path: 'a.txt', old: 'line 2\n', new: 'LINE 2\n' }])
    writeFileSync(join(place.root, 'a.txt'), `mine\n${TEXT.replace('line 2\n', 'LINE 2\n').replace('line 8\n', '')}`)
    expect((await place.post('undo')).body).toMatchObject({
      restored: [{ path: 'a.txt', change: 'modified' }],
      refused: [],
    })
    expect(readFileSync(join(place.root, 'a.txt'), 'utf8')).toBe(`mine\n${TEXT.replace('line 8\n', '')}`)
  })

  test('is refused with the three-way difference where the same lines changed', async () => {
    const place = await startUndo({ 'a.txt': TEXT, 'b.txt': 'b\n' })
    await place.turn(
      ['edit_file', { path: 'a.txt', old: 'line 2\n', new: 'LINE 2\n' }],
      ['write_file', { path: 'b.txt', content: 'B\n' }],
    )
    writeFileSync(join(place.root, 'a.txt'), TEXT.replace('line 2\n', 'mine\n'))
    const { body } = await place.post('undo')
    expect(body).toMatchObject({
      restored: [{ path: 'b.txt' }],
      refused: [{ path: 'a.txt', reason: 'it was edited since' }],
    })
    for (const line of ['mine', 'LINE 2', 'line 2']) expect(body.refused[0].diff).toContain(line)
    expect(readFileSync(join(place.root, 'a.txt'), 'utf8')).toBe(TEXT.replace('line 2\n', 'mine\n'))
    expect((await place.post('undo')).body.error.code).toBe('NOTHING_TO_UNDO')
  })
})

test('a call, a path, a hunk, or an earlier turn alone', async () => {
  const place = await startUndo({ 'a.txt': TEXT, 'b.txt': 'b\n' })
  const first = await place.turn(['edit_file', { path: 'a.txt', old: 'line 2\n', new: 'LINE 2\n' }])
  await place.turn(
    ['edit_file', { path: 'a.txt', old: 'line 19', new: 'LINE 19' }],
    ['write_file', { path: 'b.txt', content: 'B\n' }],
  )
  const read = (path: string) => readFileSync(join(place.root, path), 'utf8')
  expect((await place.post('undo', { turn_id: first, dry_run: true })).body.restored).toEqual([
    { path: 'a.txt', change: 'modified' },
  ])
  expect(read('a.txt')).toContain('LINE 2')
  await place.post('undo', { turn_id: first })
  expect(read('a.txt')).toBe(TEXT.replace('line 19', 'LINE 19'))
  await place.post('redo')
  const [a, b] = await place.changes()
  const second = a.diff.slice(a.diff.lastIndexOf('@@ -'))
  expect((await place.post('undo', { hunks: [{ path: 'a.txt', diff: second }] })).body).toMatchObject({
    restored: [{ path: 'a.txt' }],
    refused: [],
  })
  expect(read('a.txt')).toBe(TEXT.replace('line 2\n', 'LINE 2\n'))
  expect((await place.post('undo', { tool_call_id: b.calls[0] })).body.restored).toEqual([
    { path: 'b.txt', change: 'modified' },
  ])
  expect((await place.post('undo', { paths: ['a.txt'] })).body.restored).toEqual([
    { path: 'a.txt', change: 'modified' },
  ])
  expect(read('a.txt')).toBe(TEXT)
  expect(await place.changes()).toEqual([])
})

test('an undo is an event, is told to the model, and is in the transcript', async () => {
  const place = await startUndo({ 'a.txt': 'one\n' })
  await place.turn(['write_file', { path: 'a.txt', content: 'two\n' }])
  const { body } = await place.post('undo')
  const undo = (await place.events()).find(event => event.type === 'undo')
  expect(undo).toMatchObject({
    undo_id: body.undo_id,
    kind: 'undo',
    files: [
      { path: 'a.txt', before_hash: expect.stringMatching(/^sha256:/), after_hash: expect.stringMatching(/^sha256:/) },
    ],
    refused: [],
  })
  await place.turn()
  expect(JSON.stringify(place.model.requests.at(-1)!.body)).toContain('undid your changes to these files: a.txt')
  const transcript = await place.backend.call(`GET /api/sessions/${place.id}/transcript?format=markdown`)
  expect(transcript.text).toContain('Undone')
})

test('bad input is an answer, and changes nothing', async () => {
  const place = await startUndo({ 'a.txt': 'one\n' })
  mkdirSync(join(place.root, 'd'))
  const none = await place.turn()
  const code = async (body?: object) => (await place.post('undo', body)).body.error?.code
  expect(await code()).toBe('NOTHING_TO_UNDO')
  expect(await code({ turn_id: 'turn_nope' })).toBe('NOT_FOUND')
  expect(await code({ tool_call_id: 'tc_nope' })).toBe('INVALID_TOOL_CALL')
  expect(await code({ turn_id: none })).toBe('NOTHING_TO_UNDO')
  expect(await code({ paths: 3 })).toBe('INVALID_REQUEST')
  expect((await place.post('redo')).body.error.code).toBe('NOTHING_TO_UNDO')
  expect((await place.post('redo', { undo_id: 'undo_nope' })).body.error.code).toBe('NOT_FOUND')
  const unknown = await place.backend.call(`GET /api/sessions/${place.id}/changes?since=turn_nope`)
  expect(unknown.body.error.code).toBe('NOT_FOUND')
})
