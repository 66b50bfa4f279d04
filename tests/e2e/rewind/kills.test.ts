import { expect, test } from 'bun:test'
import { spawnSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { Backend } from '../../support/backend.ts'
import { type Families, flawsIn, follow, type Line, logOf, MODELS, startFamilies } from '../../support/families.ts'
import { has } from '../../support/poor-disk.ts'
import { tempDir } from '../../support/temp.ts'

const noCompiler = has('cc') ? '' : ' (skipped: this machine lacks a C compiler)'
const LONG = Array.from({ length: 20_000 }, (_, i) => `line ${i}`).join('\n')
const read = (path: string): Line => ({ thinking: 'Hm.', calls: [{ name: 'read_file', args: { path } }] })
const print: Line = { calls: [{ name: 'shell_exec', args: { command: 'cat long.txt' } }] }
const CHANGES: Line[] = [
  { calls: [{ name: 'edit_file', args: { path: 'a.txt', old: 'alpha', new: 'beta' } }] },
  { calls: [{ name: 'write_file', args: { path: 'made/new.txt', content: 'new' } }] },
  { calls: [{ name: 'delete_file', args: { path: 'gone.txt' } }] },
]
const FILES = { 'a.txt': 'alpha\n', 'gone.txt': 'still here\n', 'long.txt': LONG }
/** The files that the second turn changes, with what stands in them before and after it. */
const BEFORE = { 'a.txt': 'alpha\n', 'gone.txt': 'still here\n', 'made/new.txt': null }
const AFTER = { 'a.txt': 'beta\n', 'gone.txt': null, 'made/new.txt': 'new' }
const filesOf = (project: string) =>
  Object.fromEntries(
    Object.keys(BEFORE).map(name => {
      const path = join(project, name)
      return [name, existsSync(path) ? readFileSync(path, 'utf8') : null]
    }),
  )

type Said = { backend: Backend; project: string; id: string; turn_id: string }
type Row = {
  name: string
  /** What is asked for; `turn_id` is that of the last turn. */
  run(said: Said): Promise<{ status: number }>
  lines?: Line[]
  /** The user's words in the conversation, before it and after it. */
  before: string[]
  after: string[][]
}

const TABLE: Row[] = [
  {
    name: 'rewind',
    run: ({ backend, id, turn_id }) => backend.call(`POST /api/sessions/${id}/rewind`, { turn_id }),
    before: ['One', 'Two'],
    after: [['One']],
  },
  {
    name: 'rewind with files',
    run: ({ backend, id, turn_id }) => backend.call(`POST /api/sessions/${id}/rewind`, { turn_id, files: true }),
    before: ['One', 'Two'],
    after: [['One']],
  },
  {
    name: 'retry',
    run: ({ backend, id }) => backend.call(`POST /api/sessions/${id}/retry`, { wait: true }),
    lines: [{ text: 'Better.' }],
    before: ['One', 'Two'],
    after: [['One', 'Two'], ['One']],
  },
  {
    name: 'fork',
    run: ({ backend, id }) => backend.call(`POST /api/sessions/${id}/fork`),
    before: ['One', 'Two'],
    after: [],
  },
  {
    name: 'compact',
    run: ({ backend, id }) => backend.call(`POST /api/sessions/${id}/compact`),
    lines: [{ text: 'A SUMMARY' }],
    before: ['One', 'Two'],
    after: [['One', 'Two']],
  },
]

/** A session with two turns, whose second has a result that is kept in a file of its own. */
async function twoTurns(on: Families, backend: Backend): Promise<Said> {
  const project = tempDir(FILES)
  const id = await backend.session(project, {
    model: MODELS.anthropic,
    config: { auto_approve_tools: ['shell_exec', 'edit_file', 'write_file', 'delete_file'] },
  })
  const { turn } = await follow(backend, id, on.says)
  await turn('One', [read('a.txt'), { text: '1' }])
  const { turn_id } = await turn('Two', [print, ...CHANGES, { text: '2' }])
  return { backend, project, id, turn_id }
}

const users = (transcript: any): string[] =>
  transcript.messages.filter((message: any) => message.role === 'user').map((message: any) => message.content)

/** A session that was killed is whole again: it resumes, stands where it may, and goes on. */
async function expectWhole(on: Families, backend: Backend, id: string, may: string[][]) {
  const resumed = await backend.call(`POST /api/sessions/${id}/resume`)
  expect(resumed.status).toBe(200)
  const { body: transcript } = await backend.call(`GET /api/sessions/${id}/transcript`)
  expect(may).toContainEqual(users(transcript))
  const { body: view } = await backend.call(`GET /api/sessions/${id}`)
  expect(view).toMatchObject({ message_count: transcript.message_count, agent_state: 'idle', queued: [] })
  const { turn } = await follow(backend, id, on.says)
  // What the model was to say before the kill it may say now.
  expect(await turn('Then', [{ text: 'Yes.' }])).toMatchObject({ status: 'success', text: expect.any(String) })
  return resumed.body.dropped as { text: string }[]
}

test.skipIf(noCompiler !== '').each(TABLE.map(row => [row.name, row] as const))(
  `%s: killed at each call that makes something last${noCompiler}`,
  async (name, { run, lines = [], before, after }) => {
    const library = join(tempDir(), 'kill-at.so')
    const source = join(import.meta.dir, '../../support/kill-at.c')
    expect(spawnSync('cc', ['-shared', '-fPIC', '-o', library, source]).status).toBe(0)
    let points = 0
    for (let isDone = false; !isDone; points++) {
      expect(points).toBeLessThan(200)
      const on = await startFamilies()
      on.summary = null
      const flag = join(tempDir(), 'kill-at')
      const killed = await Backend.start(on.home, { env: { LD_PRELOAD: library, KILL_AT: flag } })
      const said = await twoTurns(on, killed)
      on.says(...lines)
      writeFileSync(flag, String(points + 1))
      const reply = await run(said).catch(() => null)
      isDone = reply !== null
      if (reply) expect([200, 201]).toContain(reply.status)
      killed.process.kill('SIGKILL')
      await killed.exited

      const { body } = await on.backend.call('GET /api/transcripts')
      const sessions: any[] = body.transcripts
      expect(sessions.map(session => session.status)).not.toContain('damaged')
      const from = on.model.requests.length
      const may = reply && after.length > 0 ? after.slice(0, 1) : [before, ...after]
      const dropped = await expectWhole(on, on.backend, said.id, may)
      const { body: own } = await on.backend.call(`GET /api/sessions/${said.id}/transcript`)
      // The files go with the conversation, all of them or none.
      const isBack = name === 'rewind with files' && users(own).length === 2
      expect(filesOf(said.project)).toEqual(isBack ? BEFORE : AFTER)
      // A prompt that was to be sent again is not lost.
      if (name === 'retry' && users(own).length === 2) expect(dropped).toMatchObject([{ text: 'Two' }])
      const forks = sessions.filter(session => session.session_id !== said.id)
      if (name === 'fork' && reply) expect(forks).toHaveLength(1)
      for (const fork of forks) {
        await expectWhole(on, on.backend, fork.session_id, [before])
        const log = await logOf(on.backend, fork.session_id)
        const [call] = readFileSync(log, 'utf8').match(/tc_[a-z0-9]+(?=","tool":"shell_exec","params")/) ?? []
        expect(existsSync(join(log.replace(/\.jsonl$/, '.spill'), call!))).toBe(true)
      }
      expect(flawsIn(on.model, from)).toEqual([])
      await on.backend.stop()
      await on.model.close()
    }
    console.log(`${name}: ${points - 1} kills`)
    expect(points).toBeGreaterThan(1)
  },
)

test('a log that ends at any byte of what these wrote: before it or after it, and nothing between', async () => {
  const on = await startFamilies()
  on.summary = null
  let cuts = 0
  for (const { name, run, lines = [], before, after } of TABLE) {
    if (after.length === 0 || name === 'rewind with files') continue
    const said = await twoTurns(on, on.backend)
    const log = await logOf(on.backend, said.id)
    const old = readFileSync(log).length
    on.says(...lines)
    await run(said)
    const whole = readFileSync(log)
    for (let length = old; length <= whole.length; length += 1 + Math.floor((whole.length - old) / 40), cuts++) {
      const id = randomUUID()
      writeFileSync(join(dirname(log), `session-${id}.jsonl`), whole.subarray(0, length))
      const dropped = await expectWhole(on, on.backend, id, [before, ...after])
      const { body } = await on.backend.call(`GET /api/sessions/${id}/transcript`)
      if (name === 'retry' && users(body).length === 2) expect(dropped).toMatchObject([{ text: 'Two' }])
    }
  }
  process.stdout.write(`${cuts} cuts\n`)
  expect(flawsIn(on.model)).toEqual([])
})
