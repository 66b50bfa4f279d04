import { expect, test } from 'bun:test'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { readEvents } from '../../src/session/lines.ts'
import { Backend } from '../support/backend.ts'
import { FULL, figure, random, scaled } from '../support/figures.ts'
import { FUZZ_SEED } from '../support/fuzz.ts'
import { many } from '../support/model-session.ts'
import { startScripted } from '../support/scripted.ts'
import { tempDir } from '../support/temp.ts'

const VALUES = [
  null,
  true,
  -1,
  2 ** 60,
  '',
  'x',
  '../../x',
  '\u0000\u202e',
  [],
  [null],
  {},
  { type: 'x' },
  'a'.repeat(5000),
]

/** The log of a real session: calls of several kinds, a queue, a rewind, an undo, a mode. */
async function realLog() {
  const scripted = await startScripted()
  const { backend, says } = scripted
  const id = await backend.session(tempDir({ 'a.txt': 'one\n' }), { config: { mode: 'accept-edits' } })
  const post = (action: string, body: object) => backend.call(`POST /api/sessions/${id}/${action}`, body)
  says(many(['edit_file', { path: 'a.txt', old: 'one', new: 'two' }], ['read_file', { path: 'a.txt' }]), { text: 'ok' })
  await post('prompt', { text: 'first', wait: true })
  says(
    many(['write_file', { path: 'b.txt', content: 'b\n' }], ['todo', { items: [{ title: 't', status: 'pending' }] }]),
    {
      text: 'ok',
    },
  )
  await post('prompt', { text: 'second', wait: true })
  await post('undo', {})
  says({ text: 'third answer' })
  const third = await post('prompt', { text: 'third', wait: true })
  await post('rewind', { turn_id: third.body.turn_id })
  await backend.call(`PATCH /api/sessions/${id}`, { title: 'T', config: { mode: 'ask' } })
  const { body } = await backend.call('GET /api/transcripts')
  const log: string = body.transcripts[0].paths.log
  await backend.stop()
  return { id, log, home: scripted.home }
}

test('logs that were cut or damaged: every intact event is back, and the list always answers', async () => {
  const { id, log, home } = await realLog()
  const bytes = readFileSync(log)
  const whole = readEvents(bytes, log)
  expect(whole.bad_lines).toEqual([])

  let cuts = 0
  let lost = 0
  const step = FULL ? 1 : 7
  for (let at = bytes.indexOf(10) + 1; at <= bytes.length; at += step) {
    const { events } = readEvents(bytes.subarray(0, at), log)
    const intact = whole.events.filter((_, i) => i < bytes.subarray(0, at).toString('latin1').split('\n').length - 1)
    const kept = new Set(events.map(event => event.id))
    lost += intact.filter(event => !kept.has(event.id)).length
    cuts++
  }

  // One field of one line, and the same files on the disk of a backend.
  const pick = random(FUZZ_SEED)
  const lines = bytes.toString().trimEnd().split('\n')
  const damaged = scaled(60, 2000)
  const ids: string[] = []
  const day = dirname(log)
  mkdirSync(day, { recursive: true })
  let beginnings = 0
  for (let n = 0; n < damaged; n++) {
    const index = pick(lines.length)
    const event = JSON.parse(lines[index]!)
    damageOne(event, pick)
    const own = id.slice(0, -6) + (0x100000 + n).toString(16)
    ids.push(own)
    if (index === 0) beginnings++
    const text = lines.with(index, JSON.stringify(event)).map(line => line.replaceAll(id, own))
    writeFileSync(join(day, `session-${own}.jsonl`), `${text.join('\n')}\n`)
    const { events } = readEvents(Buffer.from(`${text.join('\n')}\n`), join(day, `session-${own}.jsonl`))
    const kept = new Set(events.map(each => JSON.stringify({ ...each, session_id: undefined })))
    const others = whole.events.filter((_, i) => i !== index)
    lost += others.filter(each => !kept.has(JSON.stringify({ ...each, session_id: undefined }))).length
  }
  const backend = await Backend.start(home)
  const listed = new Set<string>()
  let answers = 0
  for (let cursor = ''; ; ) {
    const { status, body } = await backend.call(`GET /api/transcripts?limit=500${cursor && `&cursor=${cursor}`}`)
    expect(status).toBe(200)
    answers++
    for (const each of body.transcripts) listed.add(each.session_id)
    if (!body.next_cursor) break
    cursor = encodeURIComponent(body.next_cursor)
  }
  const search = await backend.call('GET /api/transcripts/search?q=third&limit=1000')
  expect(search.status).toBe(200)
  let resumed = 0
  let refused = 0
  for (const own of ids) {
    const { status, body } = await backend.call(`POST /api/sessions/${own}/resume`)
    if (status === 200) {
      resumed++
      await backend.call(`DELETE /api/sessions/${own}`)
    } else {
      expect([status, body.error.code]).toEqual([500, 'TRANSCRIPT_ERROR'])
      refused++
    }
  }
  figure(
    'damaged logs',
    { byte_cuts: cuts, damaged_fields: damaged, intact_events_lost: lost },
    { sessions_listed: listed.size, pages: answers, resumed, refused_for_their_beginning: refused },
  )
  expect({ lost, unlisted: ids.filter(own => !listed.has(own)) }).toEqual({ lost: 0, unlisted: [] })
  expect(refused).toBeLessThanOrEqual(beginnings)
  await backend.stop()
}, 1_800_000)

/** Somewhere in it, a value becomes another one, or goes. */
function damageOne(event: any, pick: ReturnType<typeof random>): void {
  let at = event
  for (;;) {
    const keys = Object.keys(at)
    const key = keys[pick(keys.length)]
    if (key === undefined) return
    const value = at[key]
    if (typeof value === 'object' && value !== null && Object.keys(value).length > 0 && pick(2) === 0) {
      at = value
      continue
    }
    if (pick(8) === 0) delete at[key]
    else at[key] = pick.of(VALUES)
    return
  }
}
