import { describe, expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { until } from '../../support/mcp.ts'
import { browse, startHttpPeer } from '../../support/mcp-http.ts'
import { madeEntry, peerEntry, rowOf, startServed, talk } from '../../support/mcp-servers.ts'
import { call } from '../../support/scripted.ts'
import { tempDir } from '../../support/temp.ts'

/** Nothing asks. */
const FREE = { config: { auto_approve_tools: ['peer/*'] } }

describe('a call', () => {
  test('is named server/tool everywhere, in the category of its entry, and asks without a rule', async () => {
    const served = await startServed([peerEntry({}, { category: 'voice' })])
    const { run, id, project } = await talk(served)
    const { call: announced, ...result } = await run('peer__echo', { text: 'hello' })
    expect({ ...announced }).toMatchObject({
      tool: 'peer/echo',
      category: 'voice',
      params: { text: 'hello' },
      requires_approval: true,
      reason: 'Call echo of the MCP server peer',
      remember: { session: 'peer/echo', project: 'peer/echo' },
    })
    expect(result).toMatchObject({ tool: 'peer/echo', status: 'success', result: { content: 'hello' } })
    expect(result.told).toContain('hello')
    const { body } = await served.backend.call(`GET /api/tools?project=${encodeURIComponent(project)}`)
    const listed = body.tools.find((tool: { name: string }) => tool.name === 'peer/echo')
    expect(listed).toEqual({ name: 'peer/echo', category: 'voice', description: 'Says it again.', approval: 'ask' })
    const { body: transcript } = await served.backend.call(`GET /api/sessions/${id}/transcript`)
    expect(transcript.tool_calls[0].tool).toBe('peer/echo')
  })

  test('that is rejected never reaches the server', async () => {
    const served = await startServed([peerEntry()])
    const { run } = await talk(served)
    const marker = join(tempDir(), 'marker')
    expect((await run('peer__crash_once', { marker }, 'reject')).status).toBe('rejected')
    expect(await rowOf(served.backend, 'peer')).toMatchObject({ status: 'ready', last_error: null })
  })

  test('that is remembered asks no more, in this session or in the project', async () => {
    const served = await startServed([peerEntry()])
    const one = await talk(served)
    expect((await one.run('peer__echo', { text: 'a' }, { remember: 'session' })).call.requires_approval).toBe(true)
    expect((await one.run('peer__echo', { text: 'b' })).call.requires_approval).toBe(false)
    expect((await one.run('peer__pid', {}, { remember: 'project' })).call.requires_approval).toBe(true)
    const { body } = await served.backend.call(`GET /api/rules?project=${encodeURIComponent(one.project)}`)
    expect(body.rules).toMatchObject([{ rule: 'peer/pid', action: 'allow' }])
    const two = await talk(served, {}, one.project)
    expect((await two.run('peer__pid')).call.requires_approval).toBe(false)
    expect((await two.run('peer__echo', { text: 'c' })).call.requires_approval).toBe(true)
  })

  test.each([
    ['allow = ["peer/*"]', 'success', false, 'auto'],
    ['allow = ["peer/echo"]', 'success', false, 'auto'],
    ['allow = ["peer/*"]\nask = ["peer/echo"]', 'success', true, 'ask'],
    ['allow = ["peer/echo"]\ndeny = ["peer/*"]', 'error', false, 'deny'],
    ['allow = ["other/*"]', 'success', true, 'ask'],
  ])('under %s', async (rules, status, asks, approval) => {
    const served = await startServed([peerEntry()], { config: `[permissions]\n${rules}` })
    const { run, project } = await talk(served)
    const result = await run('peer__echo', { text: 'x' })
    expect([result.status, result.call.requires_approval]).toEqual([status, asks])
    if (status === 'error') expect(result.error.code).toBe('PERMISSION_DENIED')
    const { body } = await served.backend.call(`GET /api/tools?project=${encodeURIComponent(project)}`)
    expect(body.tools.find((tool: { name: string }) => tool.name === 'peer/echo').approval).toBe(approval)
  })

  test.each([false, true])('of a tool that says it only reads, with trust_annotations = %p', async trusted => {
    const served = await startServed([madeEntry('sdk1', { trust_annotations: trusted })])
    const { run, project } = await talk(served)
    expect((await run('sdk1__add', { a: 2, b: 3 })).call.requires_approval).toBe(!trusted)
    const plan = await talk(served, { agent: 'plan' }, project)
    const planned = await plan.run('sdk1__add', { a: 2, b: 3 })
    expect(planned.status).toBe(trusted ? 'success' : 'error')
    const offered = served.model.requests.at(-1)!.body.tools.map((tool: any) => tool.function.name)
    expect(offered.filter((name: string) => name.startsWith('sdk1'))).toEqual(trusted ? ['sdk1__add'] : [])
    expect((await plan.run('sdk1__color')).status).toBe('error')
  })

  test('shows progress; an interrupt reaches the server, and the history stays valid', async () => {
    const served = await startServed([peerEntry()])
    const { stream, post, run } = await talk(served, FREE)
    const from = stream.frames.length
    served.says(call('peer__slow', {}))
    await post('prompt', { text: 'go' })
    const { data } = await stream.until(
      ({ event, data }) => event === 'tool.progress' && data.message.startsWith('step'),
      from,
    )
    expect({ ...data }).toMatchObject({ message: expect.stringMatching(/^step \d+$/), progress: expect.any(Number) })
    expect((await post('interrupt')).body.status).toBe('interrupted')
    await stream.idle(from)
    expect((await stream.next('tool.result', from)).data.error.code).toBe('INTERRUPTED')
    expect((await stream.next('turn.end', from)).data.outcome).toBe('interrupted')
    await until(
      async () => JSON.parse((await run('peer__pid')).result.content).cancelled !== null,
      'the server heard of it',
    )
    const { messages } = served.model.requests.at(-1)!.body
    const called = messages.flatMap((message: any) => message.tool_calls?.map((each: any) => each.id) ?? [])
    const answered = messages.flatMap((message: any) => message.tool_call_id ?? [])
    expect(answered).toEqual(called)
  })

  test('may bring images, structured content and resources: the model gets them', async () => {
    const served = await startServed([peerEntry()])
    const { run } = await talk(served, FREE)
    const blocks = await run('peer__blocks')
    expect(blocks.result.content).toContain('[image 1: image/png]')
    expect(blocks.told).toContain('data:image/png;base64,iVBORw0KGgo')
    expect(blocks.told).toContain('[resource a.txt file:///a.txt]')
    const structured = await run('peer__structured', { rows: 3 })
    expect(structured.result.content).toBe('rows[3]{id,name,size}:\n  0,row 0,0\n  1,row 1,10\n  2,row 2,20')
  })

  test('of 11 MB passes, of 100 MB fails alone', async () => {
    const served = await startServed([peerEntry()])
    const { run } = await talk(served, FREE)
    const { pid } = JSON.parse((await run('peer__pid')).result.content)
    const eleven = await run('peer__big', { bytes: 11_000_000 })
    expect(eleven.status).toBe('success')
    expect(eleven.result.content).toContain('of 11,000,000 left out here')
    const hundred = await run('peer__big', { bytes: 100_000_000 })
    expect(hundred.error.code).toBe('MCP_SERVER_ERROR')
    expect(hundred.message).toContain('the limit is 67108864')
    expect(JSON.parse((await run('peer__pid')).result.content).pid).toBe(pid)
  }, 180_000)

  test('that its server does not survive is a typed error; the next one starts it again', async () => {
    const served = await startServed([peerEntry()])
    const { run } = await talk(served, FREE)
    const { pid } = JSON.parse((await run('peer__pid')).result.content)
    const crashed = await run('peer__crash')
    expect(crashed.error).toMatchObject({ code: 'MCP_SERVER_ERROR', recoverable: true })
    expect(crashed.message).toContain('ended with exit code 3 during crash. The call may have done its work')
    expect(await rowOf(served.backend, 'peer')).toMatchObject({ status: 'failed' })
    expect(JSON.parse((await run('peer__pid')).result.content).pid).not.toBe(pid)
    let message = ''
    for (let i = 0; i < 10 && !message.includes('rests'); i++) message = (await run('peer__crash')).message
    expect(message).toMatch(/failed \d+ times and rests for another \d+ s/)
    expect((await served.backend.call('POST /api/mcp/peer/restart')).status).toBe(200)
    expect((await run('peer__echo', { text: 'back' })).status).toBe('success')
  }, 180_000)
})

describe('a question of a server', () => {
  test('is an event, listed while it waits, and answered over HTTP', async () => {
    const served = await startServed([peerEntry()])
    const { start, stream, post, view } = await talk(served, FREE)
    const from = await start('peer__ask')
    const { data: question } = await stream.next('question', from)
    expect({ ...question }).toMatchObject({
      kind: 'elicitation',
      server: 'peer',
      message: 'Which color?',
      schema: { properties: { color: { type: 'string' } } },
    })
    expect((await view()).pending_questions).toEqual([question])
    const { question_id } = question
    const answer = { question_id, action: 'accept', content: { color: 'blue' } }
    expect((await post('answer', answer)).body).toEqual({ status: 'answered', question_id })
    await stream.idle(from)
    expect({ ...(await stream.next('answer', from)).data }).toMatchObject(answer)
    expect((await stream.next('tool.result', from)).data.result.content).toBe(
      '{"action":"accept","content":{"color":"blue"}}',
    )
    expect((await view()).pending_questions).toEqual([])
    expect((await post('answer', answer)).body.error.code).toBe('ALREADY_DECIDED')
  })

  test.each([
    ['an interrupt', async (post: (action: string) => Promise<unknown>) => void (await post('interrupt'))],
    ["the server's death", async (_: unknown, pid: number) => void process.kill(pid, 'SIGKILL')],
  ])('is closed by %s', async (_, end) => {
    const served = await startServed([peerEntry()])
    const { start, run, stream, post, view } = await talk(served, FREE)
    const { pid } = JSON.parse((await run('peer__pid')).result.content)
    const from = await start('peer__ask')
    await stream.next('question', from)
    await end(post, pid)
    await stream.idle(from)
    expect((await stream.next('answer', from)).data.action).toBe('cancel')
    expect((await view()).pending_questions).toEqual([])
  })

  test('to sign in: the browser that comes back is the answer', async () => {
    const web = await startHttpPeer({ auth: true })
    try {
      const served = await startServed([{ name: 'web', url: web.url }])
      const { start, stream, view } = await talk(served)
      const from = await start('web/echo', { text: 'hi' })
      const { data: question } = await stream.next('question', from)
      expect({ ...question }).toMatchObject({
        kind: 'auth',
        server: 'web',
        url: expect.stringContaining('/authorize?'),
      })
      await browse(question.url)
      const { data: answer } = await stream.next('answer', from)
      expect({ ...answer }).toMatchObject({ question_id: question.question_id, action: 'accept' })
      expect((await view()).pending_questions).toEqual([])
    } finally {
      await web.close()
    }
  })

  test('to sign in at a restart: in the session that it was asked for', async () => {
    const web = await startHttpPeer({ auth: true })
    try {
      const served = await startServed([{ name: 'web', url: web.url }])
      const { id, stream, view } = await talk(served)
      const refused = await served.backend.call('POST /api/mcp/web/restart')
      expect([refused.status, refused.body.error.code]).toEqual([502, 'MCP_SERVER_ERROR'])
      const unknown = await served.backend.call('POST /api/mcp/web/restart?session=nobody')
      expect([unknown.status, unknown.body.error.code]).toEqual([404, 'SESSION_NOT_FOUND'])
      const restarted = served.backend.call(`POST /api/mcp/web/restart?session=${id}`)
      const { data: question } = await stream.next('question')
      expect({ ...question }).toMatchObject({ kind: 'auth', server: 'web' })
      await browse(question.url)
      expect((await restarted).body).toEqual({ status: 'restarted' })
      expect(await rowOf(served.backend, 'web')).toMatchObject({ status: 'ready' })
      expect((await view()).pending_questions).toEqual([])
    } finally {
      await web.close()
    }
  })
})

describe('the environment of a server', () => {
  test('has what its entry and the system give it, and no key of ours', async () => {
    const env = { OPENAI_API_KEY: 'sk-secret-of-ours', GITHUB_TOKEN: 'ghp_of_the_user', SOME: 'thing' }
    const served = await startServed([peerEntry({}, { env: { OWN: '${' + 'GITHUB_TOKEN}' } })], { env })
    const { run } = await talk(served, FREE)
    const { result } = await run('peer__env')
    const log = readFileSync((await savedLog(served.backend))!, 'utf8')
    expect(result.content).toContain('HOME')
    expect(result.content).toContain('"OWN"')
    expect(result.content).toContain('"SOME"')
    for (const name of ['OPENAI_API_KEY', 'GITHUB_TOKEN"', 'EMACS_AGENT', 'sk-secret', 'test-key'])
      expect(result.content).not.toContain(name)
    expect(log).not.toContain('sk-secret')
  })
})

const savedLog = async (backend: Awaited<ReturnType<typeof startServed>>['backend']): Promise<string | undefined> =>
  (await backend.call('GET /api/transcripts')).body.transcripts[0]?.paths.log

test('silent servers delay a prompt by seconds at most, and an interrupt not at all', async () => {
  const served = await startServed([peerEntry({ on: { initialize: 'ignore' } }, { name: 'silent' }), peerEntry()])
  const { stream, post } = await talk(served)
  served.says({ text: 'never asked' })
  await post('prompt', { text: 'hello' })
  await until(async () => (await rowOf(served.backend, 'silent'))?.status === 'starting', 'the server starts')
  await post('interrupt')
  expect((await stream.next('turn.end')).data.outcome).toBe('interrupted')
  expect((await rowOf(served.backend, 'silent'))?.status).toBe('starting') // nothing waited for it to fail
  expect(served.model.requests).toHaveLength(0)
})
