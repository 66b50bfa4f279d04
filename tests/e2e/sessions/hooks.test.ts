import { describe, expect, test } from 'bun:test'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { EventStream } from '../../support/backend.ts'
import type { Said } from '../../support/model-replies.ts'
import { call, pending, startScripted } from '../../support/scripted.ts'
import { tempDir } from '../../support/temp.ts'

type Hook = { on: string; command: string | string[]; match?: string; timeout_seconds?: number }

const toml = (hooks: Hook[]) =>
  hooks.map(
    hook =>
      `[[hooks]]\n${Object.entries(hook)
        .map(([key, value]) => `${key} = ${JSON.stringify(value)}`)
        .join('\n')}\n`,
  )

/** A session whose project has `a.txt`, with these hooks; `turn` lets the model make one call and answer. */
async function hooked(hooks: Hook[], permissions = '') {
  const { backend, says, model } = await startScripted({ config: `${permissions}\n${toml(hooks).join('\n')}` })
  const project = tempDir({ 'a.txt': 'one\n' })
  const id = await backend.session(project)
  const stream = await backend.events(`/api/sessions/${id}/events`)
  const hookEvents = (stream: EventStream) =>
    stream.frames.filter(({ event }) => event === 'hook').map(({ data }) => data)
  return {
    backend,
    project,
    id,
    stream,
    model,
    ran: () => hookEvents(stream),
    async turn(said: Said, prompt = 'go') {
      const from = stream.frames.length
      says(said, { text: 'ok' })
      const reply = await backend.call(`POST /api/sessions/${id}/prompt`, { text: prompt, wait: true })
      await stream.next('turn.end', from)
      const result = stream.frames.slice(from).find(({ event }) => event === 'tool.result')?.data
      const messages = model.requests.at(-1)?.body.messages ?? []
      return { reply, result, told: JSON.stringify(messages), messages }
    },
  }
}
const read = call('read_file', { path: 'a.txt' })
const write = call('write_file', { path: 'b.txt', content: 'new\n' })
const ALLOW = '[permissions]\nallow = ["write_file(**)"]\n'

describe('tool.call', () => {
  test('gets the call as JSON, and goes on when it exits with 0', async () => {
    const { project, turn, ran } = await hooked([{ on: 'tool.call', command: 'cat > seen.json' }])
    const { result } = await turn(read)
    expect(result.status).toBe('success')
    expect(JSON.parse(readFileSync(join(project, 'seen.json'), 'utf8'))).toMatchObject({
      on: 'tool.call',
      tool: 'read_file',
      params: { path: 'a.txt' },
      project_path: project,
      tool_call_id: expect.stringMatching(/^tc_/),
    })
    expect(ran()).toMatchObject([{ on: 'tool.call', command: 'cat > seen.json', outcome: 'ok' }])
  })

  test('exit status 2 blocks, with stderr as the reason', async () => {
    const { project, turn, ran } = await hooked([{ on: 'tool.call', command: 'echo not today >&2; exit 2' }], ALLOW)
    const { result, told } = await turn(write)
    expect(result).toMatchObject({ status: 'error', error: { code: 'PERMISSION_DENIED' } })
    expect(told).toContain('A hook of the user refused this call: not today')
    expect(existsSync(join(project, 'b.txt'))).toBe(false)
    expect(ran()).toMatchObject([{ outcome: 'blocked', reason: 'not today' }])
  })

  test('a pattern says which calls; it binds as a deny rule does', async () => {
    const { turn, ran } = await hooked([{ on: 'tool.call', match: 'shell_exec(git push *)', command: 'exit 2' }])
    expect((await turn(read)).result.status).toBe('success')
    expect(ran()).toEqual([])
    expect((await turn(call('shell_exec', { command: 'true; git push origin' }))).result.status).toBe('error')
  })

  test('changed parameters are judged as a new call', async () => {
    const answer = JSON.stringify({ params: { path: 'c.txt', content: 'changed' } })
    const rules = '[permissions]\nallow = ["write_file(**)"]\ndeny = ["write_file(secret/**)"]\n'
    const { project, turn } = await hooked([{ on: 'tool.call', command: `echo '${answer}'` }], rules)
    const { told } = await turn(write)
    expect(readFileSync(join(project, 'c.txt'), 'utf8')).toBe('changed')
    expect(existsSync(join(project, 'b.txt'))).toBe(false)
    expect(told).toContain('changed the parameters')
    const other = JSON.stringify({ params: { path: 'secret/x', content: '' } })
    const denied = await hooked([{ on: 'tool.call', command: `echo '${other}'` }], rules)
    expect((await denied.turn(write)).result.error.code).toBe('PERMISSION_DENIED')
  })

  test('"ask" puts an allowed call to the person, with the reason', async () => {
    const answer = JSON.stringify({ decision: 'ask', reason: 'look twice' })
    const { backend, id, stream, turn, project } = await hooked(
      [{ on: 'tool.call', command: `echo '${answer}'` }],
      ALLOW,
    )
    const done = turn(write)
    const { data } = await pending(stream)
    expect(data.reason).toContain('look twice')
    expect(existsSync(join(project, 'b.txt'))).toBe(false)
    await backend.call(`POST /api/sessions/${id}/approve`, { tool_call_id: data.tool_call_id })
    await done
    expect(readFileSync(join(project, 'b.txt'), 'utf8')).toBe('new\n')
  })

  test('context goes to the model', async () => {
    const { turn } = await hooked([{ on: 'tool.call', command: `echo '{"context":"mind the gap"}'` }])
    expect((await turn(read)).told).toContain('mind the gap')
  })
})

test('tool.result and file.changed: complaints go back to the model', async () => {
  const { turn, ran, project } = await hooked(
    [
      { on: 'file.changed', match: 'write_file(**)', command: 'cat > changed.json; echo "b.txt:1: no" >&2; exit 2' },
      { on: 'tool.result', command: ['sh', '-c', 'cat > result.json'] },
    ],
    ALLOW,
  )
  const { result, told } = await turn(write)
  expect(result.status).toBe('success')
  expect(told).toContain('[b.txt:1: no]')
  expect(JSON.parse(readFileSync(join(project, 'changed.json'), 'utf8'))).toMatchObject({
    path: 'b.txt',
    change: 'created',
  })
  expect(JSON.parse(readFileSync(join(project, 'result.json'), 'utf8'))).toMatchObject({ status: 'success' })
  expect(ran().map(({ on, outcome }) => [on, outcome])).toEqual([
    ['tool.result', 'ok'],
    ['file.changed', 'blocked'],
  ])
})

test('approval: a hook may refuse, never approve', async () => {
  const { turn, project } = await hooked([{ on: 'approval', command: 'echo too late in the day >&2; exit 2' }])
  const { result, told } = await turn(write)
  expect(result.status).toBe('rejected')
  expect(told).toContain('too late in the day')
  expect(existsSync(join(project, 'b.txt'))).toBe(false)
})

test('prompt: context comes before the answer, and a refusal ends the turn', async () => {
  const hook = `grep -q forbidden && { echo no >&2; exit 2; }; echo '{"context":"it is Friday"}'`
  const { turn, stream } = await hooked([{ on: 'prompt', command: hook }])
  expect((await turn({ text: 'hello' })).told).toContain('it is Friday')
  const from = stream.frames.length
  await turn({ text: 'never' }, 'something forbidden')
  expect((await stream.next('error', from)).data.message).toContain('A hook refused the prompt: no')
})

test('session.created and turn.end run beside everything else', async () => {
  const { turn, project, stream, ran } = await hooked([
    { on: 'session.created', command: 'cat > created.json' },
    { on: 'turn.end', command: 'cat > ended.json' },
  ])
  await turn(read)
  await stream.until(({ event, data }) => event === 'hook' && data.on === 'turn.end')
  expect(JSON.parse(readFileSync(join(project, 'ended.json'), 'utf8'))).toMatchObject({ outcome: 'completed' })
  await stream.until(({ event, data }) => event === 'hook' && data.on === 'session.created')
  expect(ran().map(({ outcome }) => outcome)).toEqual(['ok', 'ok'])
})

test.each([
  ['hangs', { command: 'sleep 600', timeout_seconds: 0.3 }, 'timeout'],
  ['floods', { command: 'yes | head -c 50000000' }, 'failed'],
  ['prints garbage', { command: 'echo "{oops"' }, 'failed'],
  ['prints something else', { command: 'echo \'{"decision":"allow"}\'' }, 'failed'],
  ['dies', { command: 'kill -9 $$' }, 'failed'],
  ['is not there', { command: ['/nowhere/at-all'] }, 'failed'],
])('a hook that %s costs itself', async (_, hook, outcome) => {
  const { turn, ran } = await hooked([{ on: 'tool.call', ...hook }])
  expect((await turn(read)).result.status).toBe('success')
  expect(ran()).toMatchObject([{ outcome }])
})

test('secrets reach no hook, and none in a reason reaches the log', async () => {
  const { turn, ran, project } = await hooked([
    { on: 'tool.call', command: 'env > env.txt; echo test-key-0123456789 >&2; exit 2' },
  ])
  await turn(read)
  expect(readFileSync(join(project, 'env.txt'), 'utf8')).not.toContain('test-key-0123456789')
  expect(JSON.stringify(ran())).not.toContain('test-key-0123456789')
})
