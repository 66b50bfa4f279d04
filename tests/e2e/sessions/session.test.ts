import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type ChatCompletionRequest, LLMock } from '@copilotkit/aimock'
import { Backend, makeHome } from '../../support/backend.ts'
import { FAMILIES, type Family, type Said, say } from '../../support/model-replies.ts'
import { startModelServer } from '../../support/model-server.ts'
import { tempDir } from '../../support/temp.ts'

/** The configuration that makes a family of models out of one test server. */
const provider = (family: Family, url: string) =>
  ({
    anthropic: `model = "anthropic/claude-sonnet-5-5"\n[providers.anthropic]\napi_key = "test-key-anthropic"\nbase_url = "${url}"`,
    chat: `model = "test/some-model"\n[providers.test]\nkind = "openai-compatible"\napi_key = "test-key-chat"\nbase_url = "${url}/v1"`,
    responses: `model = "openai/gpt-6-luna"\n[providers.openai]\napi_key = "test-key-openai"\nbase_url = "${url}/v1"`,
    gemini: `model = "gemini/gemini-3.8-flash"\n[providers.gemini]\napi_key = "test-key-gemini"\nbase_url = "${url}/v1beta"`,
  })[family]

/** What the model says, turn by turn: to our own server, and to one that others wrote from the providers' documentation. */
const LINES: Said[] = [
  { text: ['Let me ', 'look.'], calls: [{ id: 'call_read', name: 'read_file', args: { path: 'greeting.txt' } }] },
  { calls: [{ id: 'call_edit', name: 'edit_file', args: { path: 'greeting.txt', old: 'Hello', new: 'Good day' } }] },
  { text: 'Done: it says **Good day** now.', usage: { input: 100, output: 20 } },
]

type Model = { url: string; bodies(): unknown[]; close(): Promise<unknown> }

async function ours(family: Family): Promise<Model> {
  const server = await startModelServer(...LINES.map(line => say(family, line)))
  return { url: server.url, bodies: () => server.requests.map(request => request.body), close: server.close }
}

async function aimock(): Promise<Model> {
  const mock = new LLMock({ port: 0 })
  LINES.forEach(({ text, calls }, turn) => {
    const toolCalls = calls?.map(({ name, args }) => ({ name, arguments: JSON.stringify(args) }))
    const response = { ...(text && { content: [text].flat().join('') }), ...(toolCalls && { toolCalls }) }
    // By the results it has been sent: families count messages differently.
    const predicate = ({ messages }: ChatCompletionRequest) =>
      messages.filter(({ role }) => role === 'tool').length === turn
    mock.addFixture({ match: { predicate }, response: response as never })
  })
  await mock.start()
  return { url: mock.url, bodies: () => mock.getRequests().map(request => request.body), close: () => mock.stop() }
}

const CASES = FAMILIES.flatMap(family => [
  ['our own server', family, () => ours(family)] as const,
  ['aimock', family, aimock] as const,
])

describe.each(CASES)('a whole session with %s as %s', (_, family, start) => {
  let model: Model
  let backend: Backend
  const project = tempDir({ 'greeting.txt': 'Hello\nworld\n' })

  beforeAll(async () => {
    model = await start()
    backend = await Backend.start(makeHome(provider(family, model.url)))
  })
  afterAll(async () => {
    await backend.stop()
    await model.close()
  })

  test('prompt, read, approval, edit, answer, transcript', async () => {
    const id = await backend.session(project)
    const stream = await backend.events(`/api/sessions/${id}/events`, 0)
    const accepted = await backend.call(`POST /api/sessions/${id}/prompt`, { text: 'Greet better' })
    expect(accepted).toMatchObject({ status: 200, body: { status: 'accepted', agent_state: 'thinking' } })

    const { data: pending } = await stream.until(({ event, data }) => event === 'tool.call' && data.requires_approval)
    expect(pending).toMatchObject({
      tool: 'edit_file',
      category: 'filesystem',
      params: { path: 'greeting.txt', old: 'Hello', new: 'Good day' },
      preview: { files: [{ path: 'greeting.txt' }] },
      locations: [{ path: 'greeting.txt' }],
    })
    expect(pending.preview.files[0].diff).toContain('-Hello\n+Good day\n')
    await stream.until(({ data }) => data.state === 'waiting_approval')
    const { body: view } = await backend.call(`GET /api/sessions/${id}`)
    expect(view).toMatchObject({
      agent_state: 'waiting_approval',
      pending_approvals: [{ tool_call_id: pending.tool_call_id }],
    })

    const approved = await backend.call(`POST /api/sessions/${id}/approve`, {
      tool_call_id: pending.tool_call_id,
      preview_hash: pending.preview.hash,
    })
    expect(approved).toMatchObject({ status: 200, body: { status: 'approved', tool_call_id: pending.tool_call_id } })
    await stream.idle()

    expect(stream.types()).toBe(
      [
        'session.created idle',
        'prompt thinking message.delta tool.draft message tool.call tool_execution tool.result',
        'thinking tool.draft message tool.call waiting_approval approval tool_execution tool.result file.changed',
        'thinking message.delta message turn.end idle',
      ].join(' '),
    )
    expect(readFileSync(join(project, 'greeting.txt'), 'utf8')).toBe('Good day\nworld\n')
    expect(stream.stored.map(event => event.id)).toEqual(stream.stored.map((_, i) => i + 1))

    const again = await backend.call(`POST /api/sessions/${id}/approve`, { tool_call_id: pending.tool_call_id })
    expect(again).toMatchObject({ status: 409, body: { error: { code: 'ALREADY_DECIDED' } } })

    const closed = await backend.call(`DELETE /api/sessions/${id}`)
    expect(closed).toMatchObject({ status: 200, body: { status: 'closed' } })
    const org: string = closed.body.transcript_path
    expect(readFileSync(org, 'utf8')).toContain('** User [')
    expect(readFileSync(org.replace(/\.org$/, '.md'), 'utf8')).toContain('Done: it says **Good day** now.')
    expect(JSON.parse(readFileSync(org.replace(/\.org$/, '.json'), 'utf8'))).toMatchObject({
      session_id: id,
      message_count: 3,
      tool_calls: [{ tool: 'read_file' }, { tool: 'edit_file', result: { status: 'success' } }],
      file_changes: [{ path: 'greeting.txt', operation: 'edit' }],
    })
    await stream.next('session.closed')
    expect((await backend.call(`GET /api/sessions/${id}`)).status).toBe(404)
    expect(existsSync(org.replace(/\.org$/, '.lock'))).toBe(false)
  })

  test('the model saw its own calls with their results, in the words of its family', () => {
    const bodies = model.bodies()
    expect(bodies).toHaveLength(3)
    const last = JSON.stringify(bodies[2])
    expect(last).toContain('Greet better')
    expect(last).toMatch(/1\\+tHello/)
    expect(last).toContain('Edited greeting.txt')
  })

  test('no key in any log, event or transcript', async () => {
    const { body } = await backend.call('GET /api/transcripts')
    const { paths } = body.transcripts[0]
    const everything = Object.values(paths as Record<string, string>).map(path => readFileSync(path, 'utf8'))
    expect([...everything, backend.stderr, backend.stdout].join('\n')).not.toContain('test-key-')
  })
})
