import { beforeEach, describe, expect, test } from 'bun:test'
import { stringify } from 'smol-toml'
import {
  eventsIn,
  FAMILIES,
  type Families,
  flawsIn,
  follow,
  isSummary,
  type Line,
  logOf,
  openSession,
  startFamilies,
  storedOf,
} from '../../support/families.ts'
import { png } from '../../support/images.ts'
import { peerEntry } from '../../support/mcp-servers.ts'
import { say } from '../../support/model-replies.ts'
import { gate } from '../../support/model-server.ts'

let on: Families
beforeEach(async () => {
  on = await startFamilies('[models."test/some-model"]\nprices = { input = 1, output = 10 }\ncontext_window = 50000')
  on.summary = null
})
const SUMMARY = { text: 'A SUMMARY' }

const FILES = { 'a.txt': 'alpha and more of it\n'.repeat(400), 'AGENTS.md': 'Be kind. '.repeat(200) }
const read = (path: string): Line => ({ thinking: 'Hm.', calls: [{ name: 'read_file', args: { path } }] })
const usage = { input: 6000, output: 500 }

describe.each(FAMILIES)('%s', family => {
  test('a summary stands for all that was said, also after a kill and in a fork; a rewind takes it back', async () => {
    const { model, says } = on
    const { post, turn, view, backend, id, stream } = await openSession(on, family, FILES)
    const first = await turn('Read albatross', [read('a.txt'), { text: 'It says alpha.', usage }])
    const second = await turn('And bellbird?', [{ text: 'Not there.', usage }])
    const before = await view()
    await stream.settled(second.turn_id)
    const from = stream.frames.length
    on.says(SUMMARY)
    const { status, body } = await post('compact', { instructions: 'Keep the birds.' })
    expect({ status, body }).toEqual({
      status: 200,
      body: { tokens_before: before.context_tokens, tokens_after: expect.any(Number) },
    })
    expect(body.tokens_after).toBeLessThan(body.tokens_before)
    const asked = model.requests.at(-1)!
    expect(isSummary(asked)).toBe(true)
    expect(asked.text).toContain('The user asks of this summary: Keep the birds.')
    expect(asked.text).toMatch(/albatross.*bellbird/s)
    await stream.until(({ event, data }) => event === 'agent.state' && data.state === 'idle', from)
    const types = stream.frames.slice(from).map(({ event, data }) => data.state ?? event)
    expect(types).toEqual(['thinking', 'context.compacted', 'idle'])
    expect(storedOf(stream, 'context.compacted').at(-1)).toMatchObject({ summary: 'A SUMMARY', ...body })
    expect(storedOf(stream, 'context.compacted').at(-1)).not.toHaveProperty('turn_id')
    expect(await view()).toMatchObject({ context_tokens: body.tokens_after, message_count: before.message_count })
    expect((await view()).usage.input_tokens).toBeGreaterThan(before.usage.input_tokens)

    const { body: fork } = await post('fork')
    const other = await follow(backend, fork.session_id, says)
    backend.process.kill('SIGKILL')
    await backend.exited
    on.backend = await on.start()
    for (const session_id of [id, fork.session_id]) {
      await on.backend.call(`POST /api/sessions/${session_id}/resume`)
      const again = await follow(on.backend, session_id, says)
      await again.turn('Carry on', [{ text: 'Gladly.' }])
      const { text } = model.requests.at(-1)!
      expect(text).toContain('A SUMMARY')
      expect(text).not.toMatch(/albatross|bellbird|alpha/)
      await again.turn('And on', [{ text: 'Sure.' }])
      expect((await again.post('rewind', { turn_id: first.turn_id })).body.text).toBe('Read albatross')
      await again.turn('Anew', [{ text: 'Yes.' }])
      expect(model.requests.at(-1)!.text).not.toMatch(/SUMMARY|Carry on/)
    }
    expect(other.id).toBe(fork.session_id)
    expect(flawsIn(model)).toEqual([])
  })

  test('a rewind to after a summary keeps it; one to before it brings back what it stood for', async () => {
    const { model } = on
    const { post, turn } = await openSession(on, family, FILES)
    await turn('One albatross', [{ text: '1' }])
    const second = await turn('Two bellbirds', [{ text: '2' }])
    on.says(SUMMARY)
    await post('compact')
    const third = await turn('Three', [{ text: '3' }])
    await post('rewind', { turn_id: third.turn_id })
    await turn('Four', [{ text: '4' }])
    expect(model.requests.at(-1)!.text).toContain('A SUMMARY')
    await post('rewind', { turn_id: second.turn_id })
    await turn('Five', [{ text: '5' }])
    expect(model.requests.at(-1)!.text).toContain('albatross')
    expect(model.requests.at(-1)!.text).not.toMatch(/SUMMARY|bellbirds|Three|Four/)
    expect(flawsIn(model)).toEqual([])
  })
})

describe('compact', () => {
  test('nothing to summarise, twice, and a model that is none', async () => {
    const { post, turn } = await openSession(on, 'chat', FILES)
    expect(await post('compact')).toMatchObject({ status: 409, body: { error: { code: 'NOTHING_TO_DO' } } })
    await turn('One', [{ text: '1' }])
    on.says(SUMMARY)
    expect((await post('compact')).status).toBe(200)
    expect(await post('compact')).toMatchObject({ status: 409, body: { error: { code: 'NOTHING_TO_DO' } } })
    for (const body of [{ instructions: 7 }, { instructions: 'x'.repeat(10_001) }])
      expect((await post('compact', body)).status).toBe(400)
    const offline = await openSession(on, { model: 'offline/guide' }, FILES)
    await offline.post('prompt', { text: 'list files', wait: true })
    expect(await offline.post('compact')).toMatchObject({ status: 400, body: { error: { code: 'INVALID_REQUEST' } } })
  })

  test('a failure or an interrupt changes nothing; prompts wait meanwhile', async () => {
    const { model } = on
    const { post, turn, view, stream } = await openSession(on, 'chat', FILES)
    await turn('One albatross', [{ text: '1' }])
    const { last_event_id } = await view()
    on.says({ status: 401, body: '{"error":{"message":"no such key"}}' })
    expect(await post('compact')).toMatchObject({ status: 502, body: { error: { code: 'LLM_AUTH' } } })
    expect(await view()).toMatchObject({ last_event_id, agent_state: 'idle' })

    const held = gate()
    on.says(() => [held.wait])
    const asked = model.requests.length
    const compacting = post('compact')
    await model.asked(asked + 1)
    expect((await view()).agent_state).toBe('thinking')
    for (const action of ['compact', 'retry', 'fork', 'rewind'])
      expect(await post(action, { turn_id: 'turn_x' })).toMatchObject({ body: { error: { code: 'SESSION_BUSY' } } })
    expect(await post('interrupt')).toMatchObject({ status: 200 })
    expect(await compacting).toMatchObject({ status: 409, body: { error: { code: 'INTERRUPTED' } } })
    held.open()
    expect(await view()).toMatchObject({ last_event_id, agent_state: 'idle' })

    const second = gate()
    on.says(() => [second.wait, ...say('chat', { text: 'A SUMMARY' })], { text: '2' })
    const again = post('compact')
    await model.asked(asked + 2)
    const { body: queued } = await post('prompt', { text: 'Two' })
    expect(queued.status).toBe('queued')
    second.open()
    expect((await again).status).toBe(200)
    await stream.until(({ event, data }) => event === 'turn.end' && data.turn_id === queued.turn_id)
    expect(model.requests.at(-1)!.text).toContain('A SUMMARY')
    expect(model.requests.at(-1)!.text).not.toContain('albatross')
    expect(flawsIn(model)).toEqual([])
  })

  test('killed in the middle: the conversation is as it was', async () => {
    const { model, says } = on
    const { post, turn, backend, id, view } = await openSession(on, 'anthropic', FILES)
    await turn('One albatross', [{ text: '1' }])
    const { message_count, context_tokens } = await view()
    const held = gate()
    on.says(() => [held.wait])
    const asked = model.requests.length
    const compacting = post('compact').catch(() => null)
    await model.asked(asked + 1)
    backend.process.kill('SIGKILL')
    await compacting
    held.open()
    on.backend = await on.start()
    await on.backend.call(`POST /api/sessions/${id}/resume`)
    const again = await follow(on.backend, id, says)
    expect(await again.view()).toMatchObject({ message_count, context_tokens })
    await again.turn('Two', [{ text: '2' }])
    expect(model.requests.at(-1)!.text).toContain('albatross')
    expect(eventsIn(await logOf(on.backend, id)).some(event => event.type === 'context.compacted')).toBe(false)
  })
})

describe('context', () => {
  const sum = (parts: any[]) => parts.reduce((total, part) => total + part.tokens, 0)
  const of = (parts: any[], kind: string) => parts.filter(part => part.kind === kind)

  test('what fills the window, by kind; the parts add up to what was counted', async () => {
    const { backend, id, post, turn, view } = await openSession(on, 'chat', { ...FILES, 'cat.png': png(9, 9) as never })
    const context = async () => (await backend.call(`GET /api/sessions/${id}/context`)).body
    const fresh = await context()
    expect(fresh).toMatchObject({ window: 50_000, used: 0 })
    expect(fresh.parts.map((part: any) => part.kind)).toEqual(['system', 'tools', 'instructions'])
    expect(of(fresh.parts, 'instructions')[0].tokens).toBeGreaterThan(400)

    await turn(
      'Read it',
      [read('a.txt'), { calls: [{ name: 'list_directory', args: {} }] }, { text: 'Read.', usage }],
      {
        attachments: [{ path: 'a.txt' }],
      },
    )
    const full = await context()
    expect(full).toMatchObject({ window: 50_000, used: (await view()).context_tokens })
    expect(full.used).toBe(6500)
    expect(sum(full.parts)).toBe(full.used)
    expect(of(full.parts, 'files')).toEqual([{ kind: 'files', name: 'a.txt', tokens: expect.any(Number) }])
    expect(of(full.parts, 'files')[0].tokens).toBeGreaterThan(3000)
    expect(of(full.parts, 'tool_results')).toMatchObject([{ name: 'list_directory' }])
    expect(of(full.parts, 'conversation')).toHaveLength(1)

    on.says(SUMMARY)
    await post('compact')
    const compacted = await context()
    expect(compacted.used).toBe((await view()).context_tokens)
    expect(sum(compacted.parts)).toBe(compacted.used)
    expect(compacted.parts.map((part: any) => part.kind)).toEqual(['system', 'tools', 'instructions', 'summary'])
    const nowhere = '00000000-0000-4000-8000-000000000000'
    expect((await backend.call(`GET /api/sessions/${nowhere}/context`)).status).toBe(404)
  })

  test('MCP servers, skills and what was read of them, instructions of deeper directories', async () => {
    const families = await startFamilies(stringify({ mcp_servers: [peerEntry()] }))
    const files = {
      'AGENTS.md': 'Be kind.',
      'deep/AGENTS.md': 'Be deep. '.repeat(100),
      'deep/b.txt': 'beta',
      '.agents/skills/pdf/SKILL.md': `---\nname: pdf\ndescription: Reads PDFs\n---\n\n${'With care. '.repeat(100)}\n`,
    }
    const { backend, id, turn } = await openSession(families, 'chat', files, {
      config: { auto_approve_tools: ['peer/echo'] },
    })
    await turn('Read it', [
      { calls: [{ name: 'skill', args: { name: 'pdf' } }] },
      { calls: [{ name: 'peer__echo', args: { text: 'hello' } }] },
      read('deep/b.txt'),
      { text: 'Read.', usage: { input: 9000, output: 0 } },
    ])
    const { parts, used } = (await backend.call(`GET /api/sessions/${id}/context`)).body
    expect(sum(parts)).toBe(used)
    expect(of(parts, 'skills')).toMatchObject([{ name: 'pdf' }, { kind: 'skills' }])
    expect(of(parts, 'mcp').map(({ name }: any) => name)).toContain('peer')
    expect(of(parts, 'files')).toMatchObject([{ name: 'deep/b.txt' }])
    expect(of(parts, 'tool_results').map(({ name }: any) => name)).toEqual(['peer/echo'])
    expect(of(parts, 'instructions')[0].tokens).toBeGreaterThan(of(parts, 'files')[0].tokens)
  })
})
