import { expect, test } from 'bun:test'
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { readEvents } from '../../../src/session/lines.ts'
import { Backend, makeHome } from '../../support/backend.ts'
import { type Damage, damagesOf, everyEvent } from '../../support/damage.ts'
import { tempDir } from '../../support/temp.ts'
import { logOf } from '../../transcript/events.ts'

const idOf = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`
/** The binary meets each damage of this many; all of them meet its readers in tests/session/damage.test.ts. */
const EVERY = 9

const project = tempDir()
const log = logOf(...everyEvent).map(event => (event.id === 1 ? { ...event, project_path: project } : event))
const lines = log.map(event => JSON.stringify(event))

/** The logs of damaged sessions, where the backend of a fresh home looks for them. */
function damagedHome() {
  const home = makeHome()
  const damages: Damage[] = log.flatMap((event, index) =>
    [...damagesOf(event as never)].map(damage => ({ ...damage, text: lines.with(index, damage.text).join('\n') })),
  )
  const chosen = damages.filter((_, n) => n % EVERY === 0)
  const day = join(home.transcripts, 'demo', '2026-11-23')
  mkdirSync(day, { recursive: true })
  for (const [n, { text }] of chosen.entries()) writeFileSync(join(day, `session-${idOf(n)}.jsonl`), `${text}\n`)
  return { home, chosen, day }
}

test('one damaged field fails nothing but a session whose beginning is unreadable', async () => {
  const { home, chosen, day } = damagedHome()
  // Neither is a log with a name that is no day, nor a directory and a FIFO in the place of one.
  mkdirSync(join(home.transcripts, 'demo', 'notes'))
  writeFileSync(join(home.transcripts, 'demo', 'notes', `session-${idOf(99_999)}.jsonl`), '{}\n')
  mkdirSync(join(day, `session-${idOf(99_998)}.jsonl`))
  Bun.spawnSync(['mkfifo', join(day, `session-${idOf(99_997)}.jsonl`)])

  const backend = await Backend.start(home)
  const listed: { session_id: string; status: string }[] = []
  for (let cursor = ''; ; ) {
    const { status, body } = await backend.call(`GET /api/transcripts?limit=100${cursor}`)
    expect(status).toBe(200)
    listed.push(...body.transcripts)
    if (!body.next_cursor) break
    cursor = `&cursor=${body.next_cursor}`
  }
  const found = new Map(listed.map(({ session_id, status }) => [session_id, status]))
  expect(found.size).toBe(chosen.length + 1)
  expect((await backend.call('GET /api/transcripts/search?q=needle&limit=100')).status).toBe(200)

  for (const [n, { name, type }] of chosen.entries()) {
    const id = idOf(n)
    const isDamaged = found.get(id) === 'damaged'
    if (isDamaged) expect(`${name}: ${type}`).toEndWith('session.created')
    for (const format of ['json', 'markdown', 'org']) {
      const { status, text } = await backend.call(`GET /api/sessions/${id}/transcript?format=${format}`)
      expect([name, format, status]).toEqual([name, format, isDamaged ? 500 : 200])
      expect(/\\ud[89a-f]/i.test(text)).toBe(false)
    }
    const resumed = await backend.call(`POST /api/sessions/${id}/resume`)
    expect([name, resumed.status, resumed.body.error?.code]).toEqual([
      name,
      isDamaged ? 500 : 200,
      isDamaged ? 'TRANSCRIPT_ERROR' : undefined,
    ])
    if (isDamaged) continue
    const view = await backend.call(`GET /api/sessions/${id}`)
    expect([name, view.status, view.body.session_id]).toEqual([name, 200, id])
    const stream = await backend.events(`/api/sessions/${id}/events`, 0)
    await stream.next('session.resumed')
    const ended = await backend.call(`DELETE /api/sessions/${id}`)
    expect([name, ended.status]).toEqual([name, 200])
    stream.close()
  }
  expect((await backend.call('GET /api/transcripts')).status).toBe(200)
}, 300_000)

test.each([
  ['deleted', (path: string) => rmSync(path)],
  ['deleted with its directory', (path: string) => rmSync(dirname(path), { recursive: true })],
  [
    'replaced',
    (path: string) => {
      writeFileSync(`${path}.new`, 'mine\n')
      renameSync(`${path}.new`, path)
    },
  ],
  ['emptied', (path: string) => writeFileSync(path, '')],
])('a log that is %s under a live session is noticed, and nothing acknowledged is lost', async (what, harm) => {
  const home = makeHome()
  const backend = await Backend.start(home)
  const id = await backend.session(project)
  await backend.call(`PATCH /api/sessions/${id}`, { title: 'before' })
  const listed = (await backend.call('GET /api/transcripts')).body.transcripts
  const path = listed[0].paths.log
  const before = readEvents(readFileSync(path), path).events

  harm(path)
  const refused = await backend.call(`PATCH /api/sessions/${id}`, { title: 'lost' })
  expect([refused.status, refused.body.error.code]).toEqual([500, 'TRANSCRIPT_ERROR'])
  expect(refused.body.error.message).toContain(what.startsWith('deleted') ? 'deleted' : 'replaced or changed')
  expect(readEvents(readFileSync(path), path).events).toEqual(before)
  if (what === 'replaced') {
    const aside = readdirSync(dirname(path)).find(name => name.startsWith(`session-${id}.jsonl.`))!
    expect(readFileSync(join(dirname(path), aside), 'utf8')).toBe('mine\n')
  }

  expect((await backend.call(`POST /api/sessions/${id}/resume`)).status).toBe(200)
  expect((await backend.call(`GET /api/sessions/${id}`)).body.title).toBe('before')
  expect((await backend.call(`PATCH /api/sessions/${id}`, { title: 'after' })).status).toBe(200)
  expect((await backend.call(`DELETE /api/sessions/${id}`)).status).toBe(200)
  expect(readFileSync(path, 'utf8')).toContain('after')
})
