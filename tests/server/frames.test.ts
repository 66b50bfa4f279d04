import { expect, test } from 'bun:test'
import { streamFrames } from '../../src/server/frames.ts'

const encoder = new TextEncoder()
const frame = (text: string) => encoder.encode(text)
const KB = 1024

/** A log and its live listeners, as a session has them: what was not taken live is replayed from the cursor. */
function source(log: string[], size = 1) {
  let cursor = 0
  let reads = 0
  const listeners = new Set<(text: string) => void>()
  const stream = streamFrames({
    *backlog() {
      while (cursor < log.length) {
        reads++
        yield frame(log[cursor++]!.padEnd(size))
      }
      yield frame('<state>')
    },
    subscribe(send) {
      const listener = (text: string) => {
        if (cursor < log.length && send(frame(text.padEnd(size)), { stored: true, last: text === 'last' }))
          cursor = log.length
      }
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    isOver: () => false,
  })
  return {
    reader: stream.body!.getReader(),
    append(text: string) {
      log.push(text)
      for (const listener of listeners) listener(text)
    },
    get reads() {
      return reads
    },
    get isLive() {
      return listeners.size > 0
    },
  }
}

const decoder = new TextDecoder()
const read = async (reader: { read(): Promise<{ done: boolean; value?: Uint8Array }> }) => {
  const { done, value } = await reader.read()
  return done ? null : decoder.decode(value).trim()
}

test('replay, then the state, then live, in order', async () => {
  const { reader, append } = source(['1', '2'])
  expect([await read(reader), await read(reader), await read(reader)]).toEqual(['1', '2', '<state>'])
  append('3')
  append('last')
  expect([await read(reader), await read(reader), await read(reader)]).toEqual(['3', 'last', null])
})

test('a long replay is read as it is taken, and counts against nothing', async () => {
  const log = Array.from({ length: 1000 }, (_, i) => String(i))
  const subject = source(log, 8 * KB)
  expect(await read(subject.reader)).toBe('0')
  expect(subject.reads).toBeLessThan(30)
  subject.append('1000')
  for (let i = 1; i <= 1000; i++) expect(await read(subject.reader)).toBe(String(i))
  expect(await read(subject.reader)).toBe('<state>')
})

test('a live reader that stops reading is queued 1 MiB, then put back to replaying, and misses nothing stored', async () => {
  const subject = source([], 64 * KB)
  expect(await read(subject.reader)).toBe('<state>')
  for (let i = 0; i < 400; i++) subject.append(String(i))
  expect(subject.isLive).toBe(false)
  for (let i = 0; i < 400; i++) expect(await read(subject.reader)).toBe(String(i))
  expect(await read(subject.reader)).toBe('<state>')
  expect(subject.isLive).toBe(true)
  subject.append('400')
  expect(await read(subject.reader)).toBe('400')
})

test('what is large and stored comes in pieces, and queues nothing for one that does not read', async () => {
  const subject = source([], 1000 * KB)
  expect(await read(subject.reader)).toBe('<state>')
  for (const text of ['a', 'b', 'c']) subject.append(text)
  expect(subject.reads).toBe(1)
  expect(subject.isLive).toBe(false)
  const sizes: number[] = []
  let all = ''
  while (!all.includes('<state>')) {
    const { value } = await subject.reader.read()
    sizes.push(value!.length)
    all += decoder.decode(value)
  }
  expect(Math.max(...sizes)).toBe(64 * KB)
  expect(all.replace(/ +/g, ' ')).toBe('a b c <state>')
  subject.append('last')
  await subject.reader.read()
})

test('one that takes nothing is cut off', async () => {
  const subject = source([], 64 * KB)
  await read(subject.reader)
  for (let i = 0; i < 40; i++) subject.append(String(i))
  const { promise, resolve } = Promise.withResolvers<string>()
  subject.reader.closed.catch((error: Error) => resolve(error.message))
  expect(await promise).toContain('too far behind')
})

test('cancelling stops listening', async () => {
  const subject = source([])
  await read(subject.reader)
  expect(subject.isLive).toBe(true)
  await subject.reader.cancel()
  expect(subject.isLive).toBe(false)
})

test('a source that sends too much while it is subscribed to is left, and subscribed to again once', async () => {
  let listening = 0
  let rounds = 0
  const stream = streamFrames({
    *backlog() {
      yield frame('<state>')
    },
    subscribe(send) {
      listening++
      rounds++
      if (rounds === 1) for (let i = 0; i < 2 * KB; i++) send(frame('x'.repeat(KB)))
      return () => listening--
    },
    isOver: () => false,
  })
  const reader = stream.body!.getReader()
  while (rounds < 2) await reader.read()
  expect(listening).toBe(1)
  await reader.cancel()
  expect(listening).toBe(0)
})
