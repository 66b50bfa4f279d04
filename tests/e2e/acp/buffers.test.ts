import { beforeAll, expect, test } from 'bun:test'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { call, choose, modelHome, Peer } from '../../support/acp.ts'
import { tempDir } from '../../support/temp.ts'

let world: Awaited<ReturnType<typeof modelHome>>
const says: typeof world.says = (...lines) => world.says(...lines)

beforeAll(async () => {
  world = await modelHome()
})

test('reads see what its buffers hold, and a write over unsaved text says so', async () => {
  const cwd = tempDir({ 'a.txt': 'one\ntwo\n', 'b.txt': 'beta\r\n' })
  const able = await Peer.start(world.home, { fs: { readTextFile: true } })
  const id = await able.session(cwd)
  able.answers.read = async path => (path.endsWith('a.txt') ? 'one\nTWO unsaved\n' : 'beta\n')
  const reads = ['a.txt', 'b.txt'].map(path => ({ id: path, name: 'read_file', args: { path } }))
  says({ calls: reads }, { text: 'ok' })
  await able.prompt(id, 'read')
  expect(JSON.stringify(world.model.requests.at(-1)!.body.messages)).toContain('TWO unsaved')
  able.answers.permission = async () => choose('reject_once')
  says(call('edit_file', { path: 'b.txt', old: 'beta', new: 'B' }), call('write_file', { path: 'a.txt', content: 'x' }))
  says({ text: 'ok' })
  await able.prompt(id, 'write')
  const log = world.home.transcripts
  const events = await Array.fromAsync(new Bun.Glob(`**/session-${id}.jsonl`).scan(log))
  const asked = (await Bun.file(join(log, events[0]!)).text())
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))
    .filter(event => event.type === 'tool.call' && event.requires_approval)
  expect(asked.map(({ danger }) => danger)).toEqual([undefined, 'unsaved_buffer'])
  able.answers.read = async () => {
    throw new Error('no buffer')
  }
  says(call('read_file', { path: 'a.txt' }), { text: 'ok' })
  await able.prompt(id, 'read again')
  expect(JSON.stringify(world.model.requests.at(-1)!.body.messages.at(-1))).toContain('two')
})

test.each([
  ['saves what it is given', true],
  ['keeps it in its buffer', false],
])('a write over unsaved text is made by a client that can, which %s', async (_, saves) => {
  const cwd = tempDir({ 'a.txt': 'one\ntwo\n', 'b.txt': 'beta\n' })
  const able = await Peer.start(world.home, { fs: { readTextFile: true, writeTextFile: true } })
  const id = await able.session(cwd)
  const buffers: Record<string, string> = { [join(cwd, 'a.txt')]: 'one\nTWO unsaved\n' }
  able.answers.read = async path => buffers[path] ?? readFileSync(path, 'utf8')
  const written: string[] = []
  able.answers.write = async (path, content) => {
    written.push(path)
    buffers[path] = content
    if (saves) writeFileSync(path, content)
  }
  able.answers.permission = async () => choose('allow_once')
  says(
    call('edit_file', { path: 'a.txt', old: 'TWO unsaved', new: '2' }),
    call('write_file', { path: 'b.txt', content: 'B\n' }),
    { text: 'ok' },
  )
  await able.prompt(id, 'write')
  expect(written).toEqual([join(cwd, 'a.txt')])
  expect(buffers[join(cwd, 'a.txt')]).toBe('one\n2\n')
  expect(readFileSync(join(cwd, 'a.txt'), 'utf8')).toBe(saves ? 'one\n2\n' : 'one\ntwo\n')
  expect(readFileSync(join(cwd, 'b.txt'), 'utf8')).toBe('B\n')
  const told = JSON.stringify(world.model.requests.at(-1)!.body.messages)
  expect(told.includes('not saved yet')).toBe(!saves)
})

test('a client that refuses a write fails the call, and nothing is changed', async () => {
  const cwd = tempDir({ 'a.txt': 'one\n' })
  const able = await Peer.start(world.home, { fs: { readTextFile: true, writeTextFile: true } })
  const id = await able.session(cwd)
  able.answers.read = async () => 'unsaved\n'
  able.answers.write = async () => {
    throw new Error('the buffer is read-only')
  }
  able.answers.permission = async () => choose('allow_once')
  says(call('write_file', { path: 'a.txt', content: 'x' }), { text: 'ok' })
  await able.prompt(id, 'write')
  expect(able.kinds()).toContain('update failed')
  expect(readFileSync(join(cwd, 'a.txt'), 'utf8')).toBe('one\n')
})
