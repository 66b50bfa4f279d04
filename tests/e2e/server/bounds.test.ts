import { afterAll, beforeAll, expect, test } from 'bun:test'
import { connect, type Socket } from 'node:net'
import { Backend, makeHome } from '../../support/backend.ts'
import { expectError } from '../../support/refused.ts'
import { tempDir } from '../../support/temp.ts'

let backend: Backend
let id: string
const open: Socket[] = []

beforeAll(async () => {
  backend = await Backend.start(makeHome())
  id = await backend.session(tempDir())
})
afterAll(() => {
  for (const socket of open) socket.destroy()
})

const MIB = 1024 * 1024

/** A POST that sends `bytes` of its body of 16 MiB and then nothing more. Resolves once they were taken. */
async function begin(bytes: number): Promise<{ socket: Socket; answer: Promise<string> }> {
  const socket = connect(backend.handshake.port, '127.0.0.1')
  open.push(socket)
  const answer = new Promise<string>(resolve => {
    let text = ''
    socket.on('data', data => (text += data))
    socket.on('error', () => {}) // it is closed on us in mid-body, as it should be
    socket.on('close', () => resolve(text))
  })
  const head = [
    `POST /api/sessions/${id}/prompt HTTP/1.1`,
    'Host: 127.0.0.1',
    `Authorization: ${backend.headers.authorization}`,
    'Content-Type: application/json',
    `Content-Length: ${16 * MIB}`,
  ]
  socket.write(`${head.join('\r\n')}\r\n\r\n{"text":"`)
  await new Promise(resolve => socket.write('x'.repeat(bytes - 9), resolve))
  return { socket, answer }
}

test.each([
  ['a body nested too deeply', `{"text":"x","context":${'['.repeat(4_000_000)}`],
  ['one nested too deeply that is valid', `{"text":"x","more":${'['.repeat(65)}${']'.repeat(65)}}`],
  ['one of too many values', `{"text":"x","more":[${'1,'.repeat(100_000)}1]}`],
])('%s is refused before it is parsed', async (_, body) => {
  expectError(await backend.call(`POST /api/sessions/${id}/prompt`, body), 400, 'INVALID_REQUEST')
  expectError(await backend.call('POST /api/sessions', body), 400, 'INVALID_REQUEST')
})

test('bodies within the bounds are taken', async () => {
  const deep = `{"title":"deep","more":${'['.repeat(63)}${']'.repeat(63)}}`
  expect((await backend.call(`PATCH /api/sessions/${id}`, deep)).status).toBe(200)
  const wide = `{"title":"wide","more":[${'[],'.repeat(90_000)}1]}`
  expect((await backend.call(`PATCH /api/sessions/${id}`, wide)).status).toBe(200)
})

test('all bodies under way hold a bounded number of bytes; one beyond it is turned away, and its room is free again', async () => {
  const stalled = await Promise.all(Array.from({ length: 4 }, () => begin(16 * MIB - 64)))
  // What they sent is known to be read once there is no room for as much again.
  let refused = ''
  while (!refused.includes('503')) refused = await (await begin(2 * MIB)).answer.then(text => text, String)
  expect(refused).toStartWith('HTTP/1.1 503')
  expect(refused).toContain('"code":"OVERLOADED"')
  for (const { socket } of stalled) socket.destroy()
  let status = 503
  while (status === 503) status = (await backend.call(`PATCH /api/sessions/${id}`, { title: 'x'.repeat(400) })).status
  expect(status).toBe(200)
})

test('whether a session is saved cannot be changed, and that is said', async () => {
  const answer = await backend.call(`PATCH /api/sessions/${id}`, { config: { save_transcript: false } })
  expectError(answer, 400, 'INVALID_REQUEST', 'save_transcript')
  const untouched = await backend.call(`PATCH /api/sessions/${id}`, { config: { save_transcript: null } })
  expect(untouched.body.config.save_transcript).toBe(true)
})
