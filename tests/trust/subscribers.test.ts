import { expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import type { Backend } from '../support/backend.ts'
import { FULL, figure, scaled } from '../support/figures.ts'
import { chat } from '../support/model-replies.ts'
import { startScripted } from '../support/scripted.ts'
import { tempDir } from '../support/temp.ts'

const MINUTES = FULL ? Number(process.env.TRUST_MINUTES ?? 10) : 0.05
const SESSIONS = scaled(8, 100)
const READERS = FULL ? 10 : 4
const STALLED = scaled(4, 50)
/** Each session has a turn so often; each turn some 60 KB. */
const PAUSE_MS = FULL ? 10_000 : 300
const TEXT = Array.from({ length: 16 }, (_, i) => `${i} ${'word '.repeat(800)}`)

/** By hand: fetch opens no more than some hundred connections at once. */
function request(backend: Backend, id: string, after: number): Socket {
  const { port } = backend.handshake
  const socket = connect(port, '127.0.0.1', () => {
    const headers = [
      `host: 127.0.0.1:${port}`,
      `authorization: ${backend.headers.authorization}`,
      `last-event-id: ${after}`,
    ]
    socket.write(`GET /api/sessions/${id}/events HTTP/1.1\r\n${headers.join('\r\n')}\r\n\r\n`)
  })
  socket.on('error', () => {})
  return socket
}

/** Follows a session, keeps the ids alone, and whether one was missing. */
function follow(backend: Backend, id: string, after: number) {
  const seen = { last: after, gaps: 0, socket: request(backend, id, after) }
  let line = ''
  let left = -1 // of the chunk; before the first one, the head of the answer
  const take = (text: string) => {
    const lines = (line + text).split('\n')
    line = lines.pop()!.slice(0, 100) // an id is at the beginning of a line
    for (const each of lines) {
      const found = Number(/^id: (\d+)$/.exec(each)?.[1] ?? Number.NaN)
      if (Number.isNaN(found)) continue
      if (found !== seen.last + 1) seen.gaps++
      seen.last = found
    }
  }
  let bytes = ''
  seen.socket.on('data', data => {
    bytes += data.toString('latin1')
    for (;;) {
      if (left > 0) {
        take(bytes.slice(0, left))
        const taken = Math.min(left, bytes.length)
        bytes = bytes.slice(taken)
        left -= taken
        if (left > 0) return
      }
      const head = left < 0 ? /^[\s\S]*?\r\n\r\n([0-9a-f]+)\r\n/i.exec(bytes) : /^\r\n([0-9a-f]+)\r\n/i.exec(bytes)
      if (!head) return
      left = Number.parseInt(head[1]!, 16)
      bytes = bytes.slice(head[0].length)
      if (left === 0) return
    }
  })
  return seen
}

/** A reader that takes nothing; cut off, it comes again. */
function stall(backend: Backend, id: string, stalled: { cut_off: number; over: boolean; sockets: Set<Socket> }) {
  const socket = request(backend, id, 0).pause()
  stalled.sockets.add(socket)
  socket.on('close', () => {
    stalled.sockets.delete(socket)
    if (stalled.over) return
    stalled.cut_off++
    setTimeout(() => stalled.over || stall(backend, id, stalled), 1000)
  })
}

const memory = (backend: Backend) =>
  Number(/RssAnon:\s+(\d+)/.exec(readFileSync(`/proc/${backend.process.pid}/status`, 'utf8'))![1]) / 1024
const median = (list: number[]) => list.toSorted((a, b) => a - b)[list.length >> 1]!

test.skipIf(process.platform !== 'linux')(
  'many sessions with many readers, some of which take nothing: flat memory, no gaps (needs /proc)',
  async () => {
    const { backend, model } = await startScripted()
    const again = () => {
      model.add(again)
      model.requests.length = 0 // only what it holds is of interest here
      return { body: chat({ text: TEXT }) }
    }
    for (let i = 0; i < 20; i++) model.add(again)
    const project = tempDir()
    const ids: string[] = []
    for (let i = 0; i < SESSIONS; i++) ids.push(await backend.session(project))
    const readers: { id: string; seen: ReturnType<typeof follow> }[] = []
    for (const id of ids) for (let i = 0; i < READERS; i++) readers.push({ id, seen: follow(backend, id, 0) })
    const stalled = { cut_off: 0, over: false, sockets: new Set<Socket>() }
    for (let i = 0; i < STALLED; i++) stall(backend, ids[i % ids.length]!, stalled)

    const end = Date.now() + MINUTES * 60_000
    const samples: number[] = []
    let turns = 0
    let at = 0
    while (Date.now() < end) {
      const { status } = await backend.call(`POST /api/sessions/${ids[at]}/prompt`, { text: 'go', wait: true })
      expect(status).toBe(200)
      turns++
      at = (at + 1) % ids.length
      samples.push(memory(backend))
      await Bun.sleep(PAUSE_MS / SESSIONS)
    }
    const lastOf = new Map<string, number>()
    for (const id of ids) lastOf.set(id, (await backend.call(`GET /api/sessions/${id}`)).body.last_event_id)
    const behind = () => readers.filter(({ id, seen }) => seen.last !== lastOf.get(id))
    for (let tries = 0; behind().length > 0 && tries < 200; tries++) await Bun.sleep(50)
    // Those that took nothing read it all now.
    stalled.over = true
    for (const socket of stalled.sockets) socket.destroy()
    const late = ids.slice(0, STALLED).map(id => ({ id, seen: follow(backend, id, 0) }))
    readers.push(...late)
    for (let tries = 0; behind().length > 0 && tries < 200; tries++) await Bun.sleep(50)
    for (const { seen } of readers) seen.socket.destroy()
    const third = Math.max(1, Math.floor(samples.length / 3))
    const [first, last] = [median(samples.slice(0, third)), median(samples.slice(-third))]
    const gaps = readers.reduce((sum, { seen }) => sum + seen.gaps, 0)
    figure(
      'subscribers',
      {
        sessions: SESSIONS,
        readers: readers.length,
        stalled: STALLED,
        cut_off_and_back: stalled.cut_off,
        turns,
        gaps,
        events_missing: behind().length,
      },
      `${MINUTES} minutes; private memory ${Math.round(first)} MiB in the first third, ${Math.round(last)} in the last, at most ${Math.round(Math.max(...samples))}; text of the sessions ${Math.round((turns * TEXT.join('').length) / 2 ** 20)} MiB`,
    )
    expect({ gaps, behind: behind().length }).toEqual({ gaps: 0, behind: 0 })
    // What sessions say stays in memory: some 70 KB a turn.
    expect(last - first).toBeLessThan(64 + turns * 0.3)
  },
  7_200_000,
)
