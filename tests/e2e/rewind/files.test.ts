import { beforeAll, expect, test } from 'bun:test'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  type Families,
  flawsIn,
  follow,
  type Line,
  openSession,
  startFamilies,
  storedOf,
} from '../../support/families.ts'
import { say } from '../../support/model-replies.ts'
import { gate } from '../../support/model-server.ts'

let on: Families
beforeAll(async () => {
  on = await startFamilies()
})

const edit = (path: string, old: string, text: string): Line => ({
  calls: [{ name: 'edit_file', args: { path, old, new: text } }],
})
const write = (path: string, content: string): Line => ({ calls: [{ name: 'write_file', args: { path, content } }] })
const FILES = { 'a.txt': 'one\ntwo\nthree\n', 'b.txt': 'b\n' }
const config = { auto_approve_tools: ['edit_file', 'write_file', 'delete_file', 'shell_exec'] }
const open = () => openSession(on, 'anthropic', FILES, { config })
const textOf = (project: string, name: string) =>
  existsSync(join(project, name)) ? readFileSync(join(project, name), 'utf8') : null

test('the files of that turn and of all later ones go back with the conversation', async () => {
  const { project, turn, post, stream, id, backend, view } = await open()
  await turn('One', [edit('a.txt', 'one', 'ONE'), { text: '1' }])
  const second = await turn('Two', [edit('a.txt', 'two', 'TWO'), write('c.txt', 'c'), { text: '2' }])
  await turn('Three', [edit('a.txt', 'three', 'THREE'), edit('b.txt', 'b', 'B'), { text: '3' }])
  await stream.settled(second.turn_id)
  const from = stream.frames.length
  const { status, body } = await post('rewind', { turn_id: second.turn_id, files: true })
  expect(status).toBe(200)
  expect(body).toMatchObject({ text: 'Two', refused: [] })
  expect(body.restored.map(({ path, change }: any) => `${change} ${path}`).sort()).toEqual([
    'deleted c.txt',
    'modified a.txt',
    'modified b.txt',
  ])
  expect([textOf(project, 'a.txt'), textOf(project, 'b.txt'), textOf(project, 'c.txt')]).toEqual([
    'ONE\ntwo\nthree\n',
    'b\n',
    null,
  ])
  await stream.next('undo', from)
  expect(stream.frames.slice(from).map(({ event }) => event)).toEqual(['session.rewound', 'undo'])
  expect(storedOf(stream, 'undo').at(-1)).toMatchObject({ kind: 'rewind', turn_id: second.turn_id, refused: [] })
  expect((await view()).message_count).toBe(2)
  const { body: changes } = await backend.call(`GET /api/sessions/${id}/changes`)
  expect(changes.files).toMatchObject([{ path: 'a.txt', added: 1, removed: 1, state: 'current' }])
  await turn('Go on', [edit('a.txt', 'two', 'zwei'), { text: 'Done.' }])
  expect(textOf(project, 'a.txt')).toBe('ONE\nzwei\nthree\n')
  expect(on.model.requests.at(-1)!.text).not.toContain('TWO')
  expect(flawsIn(on.model)).toEqual([])
})

test('what somebody edited since is refused with the reason; the conversation goes back all the same', async () => {
  const { project, turn, post, view } = await open()
  const first = await turn('One', [edit('a.txt', 'one', 'ONE'), edit('b.txt', 'b', 'B'), { text: '1' }])
  writeFileSync(join(project, 'a.txt'), 'mine\n')
  const { body } = await post('rewind', { turn_id: first.turn_id, files: true })
  expect(body).toMatchObject({
    text: 'One',
    restored: [{ path: 'b.txt', change: 'modified' }],
    refused: [{ path: 'a.txt', reason: expect.any(String), diff: expect.any(String) }],
  })
  expect([textOf(project, 'a.txt'), textOf(project, 'b.txt')]).toEqual(['mine\n', 'b\n'])
  expect((await view()).message_count).toBe(0)
})

test('turns that were rewound without their files are later ones too; nothing changed is nothing to undo', async () => {
  const { project, turn, post, stream } = await open()
  const first = await turn('One', [edit('a.txt', 'one', 'ONE'), { text: '1' }])
  const second = await turn('Two', [edit('a.txt', 'ONE', 'uno'), { text: '2' }])
  expect((await post('rewind', { turn_id: second.turn_id })).body).toMatchObject({ restored: [], refused: [] })
  expect(textOf(project, 'a.txt')).toBe('uno\ntwo\nthree\n')
  expect((await post('rewind', { turn_id: first.turn_id, files: true })).body).toMatchObject({
    restored: [{ path: 'a.txt' }],
    refused: [],
  })
  expect(textOf(project, 'a.txt')).toBe(FILES['a.txt'])
  const third = await turn('Three', [{ text: '3' }])
  await stream.settled(third.turn_id)
  const from = stream.frames.length
  expect((await post('rewind', { turn_id: third.turn_id, files: true })).body).toEqual({
    text: 'Three',
    restored: [],
    refused: [],
  })
  await stream.next('session.rewound', from)
  expect(stream.frames.slice(from).map(({ event }) => event)).toEqual(['session.rewound'])
})

test('to a prompt that steered: only what came after it', async () => {
  const { project, post, stream } = await open()
  const held = gate()
  const made = say('anthropic', { calls: [{ name: 'edit_file', args: { path: 'a.txt', old: 'one', new: 'ONE' } }] })
  on.says(() => [held.wait, ...made], edit('b.txt', 'b', 'B'), { text: 'Done.' })
  const asked = on.model.requests.length + 1
  const { body: first } = await post('prompt', { text: 'Change' })
  await on.model.asked(asked)
  const { body: steer } = await post('prompt', { text: 'b as well', when_busy: 'steer' })
  held.open()
  await stream.until(({ event, data }) => event === 'turn.end' && data.turn_id === first.turn_id)
  await stream.until(({ event, data }) => event === 'agent.state' && data.state === 'idle')
  expect((await post('rewind', { turn_id: steer.turn_id, files: true })).body).toMatchObject({
    text: 'b as well',
    restored: [{ path: 'b.txt' }],
  })
  expect([textOf(project, 'a.txt'), textOf(project, 'b.txt')]).toEqual(['ONE\ntwo\nthree\n', 'b\n'])
})

test('a fork changes for itself, and gives back no more than that', async () => {
  const { project, turn, post, backend } = await open()
  const first = await turn('One', [edit('a.txt', 'one', 'ONE'), { text: '1' }])
  const { body: fork } = await post('fork')
  const other = await follow(backend, fork.session_id, on.says)
  const changes = async () => (await backend.call(`GET /api/sessions/${fork.session_id}/changes`)).body.files
  expect(await changes()).toEqual([])
  await other.turn('Two', [edit('a.txt', 'two', 'TWO'), { text: '2' }])
  expect(await changes()).toMatchObject([{ path: 'a.txt', added: 1, removed: 1 }])
  expect((await other.post('rewind', { turn_id: first.turn_id, files: true })).body).toMatchObject({
    text: 'One',
    restored: [{ path: 'a.txt' }],
  })
  expect(textOf(project, 'a.txt')).toBe('ONE\ntwo\nthree\n')
  expect((await other.post('undo')).body.error.code).toBe('NOTHING_TO_UNDO')
  expect((await post('undo')).body).toMatchObject({ restored: [{ path: 'a.txt' }] })
  expect(textOf(project, 'a.txt')).toBe(FILES['a.txt'])
})
