import { describe, expect, test } from 'bun:test'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { EventStream } from '../../support/backend.ts'
import { chat } from '../../support/model-replies.ts'
import { end, type ModelSession, many, modelSessions, results } from '../../support/model-session.ts'
import { call, pending } from '../../support/scripted.ts'

const { scripted, session, expectGoesOn } = modelSessions()

describe('interrupt', () => {
  /** Starts the turn and resolves when it is in the phase. */
  const PHASES: [phase: string, start: (each: ModelSession) => Promise<unknown>, events: string, roles: string][] = [
    [
      'while the model has said nothing',
      async ({ ask }) => {
        const { requests } = scripted().model
        const next = scripted().model.asked(requests.length + 1)
        scripted().model.add({ body: [], hang: true })
        await ask('go')
        await next
      },
      'prompt thinking turn.end idle',
      'system user',
    ],
    [
      'while it thinks',
      async ({ ask, stream }) => {
        scripted().model.add({ body: chat({ thinking: 'hm' }).slice(0, 2), hang: true })
        await ask('go')
        await stream.next('thinking.delta')
      },
      'prompt thinking thinking.delta turn.end idle',
      'system user',
    ],
    [
      'while text streams: what was shown is kept',
      async ({ ask, stream }) => {
        scripted().model.add({ body: chat({ text: ['one ', 'two '] }).slice(0, 3), hang: true })
        await ask('go')
        await stream.until(({ data }) => data.content?.includes('two '))
      },
      'prompt thinking message.delta message turn.end idle',
      'system user assistant user',
    ],
    [
      'while a call is being written: nothing of it remains',
      async ({ ask, stream }) => {
        scripted().model.add({ body: chat(call('write_file', { path: 'x', content: 'y' })).slice(0, 2), hang: true })
        await ask('go')
        await stream.next('tool.draft')
      },
      'prompt thinking tool.draft turn.end idle',
      'system user',
    ],
    [
      'while a tool runs: it is gone with all it started',
      async ({ ask, stream, project }) => {
        const command = 'sleep 300 & echo $! > pid; wait'
        scripted().says(many(['shell_exec', { command }], ['read_file', { path: 'a.txt' }]))
        await ask('go')
        const { data } = await pending(stream)
        await scripted().backend.call(`POST /api/sessions/${await idOf(stream)}/approve`, {
          tool_call_id: data.tool_call_id,
        })
        while (!existsSync(join(project, 'pid')) || readFileSync(join(project, 'pid'), 'utf8') === '')
          await Bun.sleep(5)
      },
      'prompt thinking tool.draft message tool.call waiting_approval approval tool_execution tool.result tool.result turn.end idle',
      'system user assistant tool tool user',
    ],
    [
      'while an approval waits: it is cancelled, and every call has its result',
      async ({ ask, stream }) => {
        scripted().says(
          many(
            ['read_file', { path: 'a.txt' }],
            ['write_file', { path: 'x', content: '' }],
            ['read_file', { path: 'b.txt' }],
          ),
        )
        await ask('go')
        await pending(stream)
        await stream.until(({ data }) => data.state === 'waiting_approval')
      },
      'prompt thinking tool.draft message tool.call tool_execution tool.result tool.call waiting_approval approval tool.result tool.result turn.end idle',
      'system user assistant tool tool tool user',
    ],
    [
      'while it waits to try again',
      async ({ ask, stream }) => {
        scripted().says({ status: 429, headers: { 'retry-after': '50' }, body: '{}' })
        await ask('go')
        await stream.until(({ data }) => data.state === 'thinking' && data.details)
      },
      'prompt thinking error thinking turn.end idle',
      'system user',
    ],
  ]
  const idOf = async (stream: EventStream) => (await stream.next('session.created')).data.session_id
  const isRunning = (pid: number) =>
    existsSync(`/proc/${pid}/stat`) && !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))

  test.each(PHASES)('%s', async (_, start, events, roles) => {
    const each = await session()
    await start(each)
    const reply = await each.interrupt()
    expect(reply).toEqual({ status: 'interrupted', agent_state: 'idle', dropped: [] })
    await each.stream.idle()
    expect(each.stream.types()).toBe(`session.created idle ${events}`)
    expect((await end(each.stream)).outcome).toBe('interrupted')
    for (const result of results(each.stream).filter(result => result.status !== 'success'))
      expect({ ...result }).toMatchObject({ status: 'error', error: { code: 'INTERRUPTED' } })
    const approval = each.stream.stored.find(event => event.type === 'approval' && event.decision !== 'approved')
    if (approval) expect({ ...approval } as object).toMatchObject({ decision: 'cancelled', by: 'user' })
    const kept = each.stream.stored.find(event => event.type === 'message' && event.stop_reason === 'interrupted')
    if (kept) expect({ ...kept } as object).toMatchObject({ content: 'one two ', tool_calls: [] })
    const pid = join(each.project, 'pid')
    if (existsSync(pid)) expect(isRunning(Number(readFileSync(pid, 'utf8')))).toBe(false)

    // Once more changes nothing.
    const before = each.stream.frames.length
    expect(await each.interrupt()).toEqual({ status: 'interrupted', agent_state: 'idle', dropped: [] })
    const messages = await expectGoesOn(each)
    expect(messages.map(message => message.role).join(' ')).toBe(roles)
    expect(await each.stream.until(() => true, before)).toMatchObject({ event: 'prompt' })
    expect(existsSync(join(each.project, 'x'))).toBe(false)
  })

  test('with a queue: what waits is dropped and given back, in order, before the end of the turn', async () => {
    const each = await session()
    const { ask, stream } = each
    scripted().says(call('write_file', { path: 'x', content: '' }))
    await ask('first')
    await pending(stream)
    const queued = [await ask('second'), await ask('third', { when_busy: 'steer' }), await ask('fourth')]
    expect(queued.map(reply => reply.status)).toEqual(['queued', 'steered', 'queued'])
    expect((await each.view()).queued.map((each: any) => each.text)).toEqual(['second', 'third', 'fourth'])
    const replies = await Promise.all([each.interrupt(), each.interrupt()])
    const given = ['second', 'third', 'fourth'].map((text, i) => ({ turn_id: queued[i].turn_id, text }))
    expect(replies.map(reply => reply.dropped)).toContainEqual(given)
    // One that comes when the turn is over already has nothing to give back.
    for (const { dropped } of replies) expect([given, []]).toContainEqual(dropped)
    await stream.idle()
    expect(stream.types()).toEndWith(
      'prompt.queued prompt.queued prompt.queued approval tool.result prompt.dropped prompt.dropped prompt.dropped turn.end idle',
    )
    const messages = await expectGoesOn(each)
    expect(JSON.stringify(messages)).not.toMatch(/second|third|fourth/)
  })

  test('those who wait for the reply of a turn get one', async () => {
    const { ask, interrupt, stream } = await session()
    scripted().model.add({ body: chat({ text: ['partly', 'x'] }).slice(0, 2), hang: true })
    const waiting = ask('first', { wait: true })
    await stream.next('message.delta')
    const queued = ask('second', { wait: true })
    await stream.next('prompt.queued')
    await interrupt()
    expect(await waiting).toMatchObject({ status: 'interrupted', text: 'partly' })
    expect(await queued).toMatchObject({ status: 'interrupted', text: '' })
  })

  test('a tool that takes no notice is left behind within a second', async () => {
    const { ask, interrupt, stream, post, project } = await session()
    scripted().says(call('shell_exec', { command: "trap '' TERM INT HUP; echo > ready; while :; do sleep 1; done" }))
    await ask('go')
    const { data } = await pending(stream)
    await post('approve', { tool_call_id: data.tool_call_id })
    while (!existsSync(join(project, 'ready'))) await Bun.sleep(5)
    expect((await interrupt()).status).toBe('interrupted')
    expect(results(stream)[0]).toMatchObject({ status: 'error', error: { code: 'INTERRUPTED' } })
  })

  test('an idle session has nothing to interrupt', async () => {
    const { interrupt, stream } = await session()
    expect(await interrupt()).toEqual({ status: 'interrupted', agent_state: 'idle', dropped: [] })
    expect(stream.stored).toHaveLength(1)
  })
})
