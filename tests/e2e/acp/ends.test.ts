import { expect, test } from 'bun:test'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { startTimeOf } from '../../../src/base/processes.ts'
import { choose, modelHome, Peer } from '../../support/acp.ts'
import { Backend } from '../../support/backend.ts'
import { tempDir } from '../../support/temp.ts'

const project = () => tempDir({ 'a.txt': 'one\n' })
const sleep = { calls: [{ name: 'shell_exec', args: { command: 'echo $$ > pid; exec sleep 600' } }] }
const initialize = { jsonrpc: '2.0', id: 1, method: 'initialize', params: { protocolVersion: 1 } }

/** A session whose command runs, as a process with this id. */
async function running(peer: Peer, cwd: string, says: (...lines: any[]) => void) {
  const id = await peer.session(cwd)
  peer.answers.permission = async () => choose('allow_once')
  says(sleep)
  const answer = peer.prompt(id, 'wait').catch(error => error)
  await peer.until(seen => seen.sessionUpdate === 'tool_call_update' && seen.status === 'in_progress')
  const file = join(cwd, 'pid')
  while (!existsSync(file) || readFileSync(file, 'utf8') === '') await Bun.sleep(5)
  return { id, answer, pid: Number(readFileSync(file, 'utf8')) }
}

test('a client that closes stdin in mid-turn: everything ends, and the session goes on elsewhere', async () => {
  const { home, says, model } = await modelHome()
  const peer = await Peer.start(home)
  const cwd = project()
  const { id, answer, pid } = await running(peer, cwd, says)
  peer.process.stdin.end()
  expect(await peer.exited).toBe(0)
  await answer
  expect(startTimeOf(pid)).toBeNull()
  const other = await Peer.start(home)
  await other.agent.request('session/load', { sessionId: id, cwd, mcpServers: [] })
  expect(other.kinds()).toEqual([
    'user_message',
    'call execute pending',
    'update in_progress',
    'update failed',
    'usage',
  ])
  says({ text: 'going on' })
  expect(await other.prompt(id, 'and now?')).toMatchObject({ stopReason: 'end_turn' })
  expect(JSON.stringify(model.requests.at(-1)!.body.messages)).toContain('wait')
})

test('a kill: the session is resumed, and what ran is gone', async () => {
  const { home, says } = await modelHome()
  const peer = await Peer.start(home)
  const cwd = project()
  const { id, pid } = await running(peer, cwd, says)
  await peer.kill()
  const other = await Peer.start(home)
  await other.agent.request('session/resume', { sessionId: id, cwd, mcpServers: [] })
  says({ text: 'going on' })
  expect(await other.prompt(id, 'and now?')).toMatchObject({ stopReason: 'end_turn' })
  while (startTimeOf(pid) !== null) await Bun.sleep(20)
})

test('a session begun here is resumed over HTTP, and its log goes to a file', async () => {
  const { home, says } = await modelHome()
  const peer = await Peer.start(home)
  const id = await peer.session(project())
  says({ text: 'hello' })
  await peer.prompt(id, 'hi')
  expect(await peer.stop()).toBe(0)
  const backend = await Backend.start(home)
  expect(await backend.call(`POST /api/sessions/${id}/resume`)).toMatchObject({
    status: 200,
    body: { message_count: 2 },
  })
  expect(readFileSync(join(home.state, 'acp.log'), 'utf8')).toContain('info test 1 speaks version 1')
})

test('another client follows the same session over HTTP while it runs', async () => {
  const { home, says } = await modelHome()
  const peer = await Peer.start(home)
  const id = await peer.session(project())
  const { pid } = peer.process
  const where = join(home.state, `acp-${pid}.json`)
  const { url, token_file } = JSON.parse(readFileSync(where, 'utf8'))
  const headers = { authorization: `Bearer ${readFileSync(token_file, 'utf8')}`, 'content-type': 'application/json' }
  const body = JSON.stringify({ text: 'from elsewhere', wait: true })
  says({ text: 'hello both' })
  const answer = await fetch(`${url}/api/sessions/${id}/prompt`, { method: 'POST', headers, body })
  expect(await answer.json()).toMatchObject({ status: 'success', text: 'hello both' })
  await peer.next('usage_update')
  expect(peer.kinds()).toEqual(['agent_message', 'usage'])
  expect((await fetch(`${url}/api/sessions`)).status).toBe(401)
  await peer.stop()
  expect([where, token_file].filter(existsSync)).toEqual([])
})

/** What the bare binary answers to these lines, by order; what is no object is sent as it is. */
async function exchange(...lines: unknown[]): Promise<{ answers: any[]; code: number | null }> {
  const { home } = await modelHome()
  const backend = new Backend(['acp'], home.env, home.root)
  for (const line of lines) backend.process.stdin.write(`${typeof line === 'string' ? line : JSON.stringify(line)}\n`)
  while (backend.stdout.split('\n').length <= lines.length && backend.isAlive) await Bun.sleep(10)
  backend.process.stdin.end()
  const code = await backend.exited
  return {
    answers: backend.stdout
      .trim()
      .split('\n')
      .map(line => JSON.parse(line)),
    code,
  }
}

test('bad input: each answer has the code that JSON-RPC and ACP give it', async () => {
  const request = (id: number, method: string, params: object) => ({ jsonrpc: '2.0', id, method, params })
  const early = await exchange(request(1, 'session/list', {}))
  expect(early.answers).toMatchObject([{ id: 1, error: { code: -32600 } }])
  const { answers, code } = await exchange(
    { ...initialize, params: { protocolVersion: 99 } },
    '{"jsonrpc":',
    [initialize],
    'null',
    request(2, 'session/nosuch', {}),
    request(3, 'session/new', { cwd: 'relative', mcpServers: [] }),
    request(4, 'session/new', { cwd: 7 }),
    request(5, 'session/prompt', { sessionId: 'x', prompt: [] }),
    request(6, 'session/load', { sessionId: '../x', cwd: '/', mcpServers: [] }),
    request(7, 'session/fork', {}),
    request(8, 'authenticate', { methodId: 'x' }),
  )
  const byId = new Map(
    answers.map(answer => [answer.id ?? `none ${answer.error.code}`, answer.error?.code ?? 'answer']),
  )
  expect(Object.fromEntries(byId)).toEqual({
    1: 'answer',
    'none -32700': -32700,
    'none -32600': -32600,
    2: -32601,
    3: -32602,
    4: -32602,
    5: -32002,
    6: -32002,
    7: -32602,
    8: -32602,
  })
  expect(answers.find(({ id }) => id === 1).result.protocolVersion).toBe(1)
  expect(code).toBe(0)
})

test('a message of more than 32 MiB ends the connection', async () => {
  const { home } = await modelHome()
  const peer = await Peer.start(home)
  const id = await peer.session()
  peer.process.stdin.on('error', () => {}) // it does not read to the end
  peer.process.stdin.write(`{"jsonrpc":"2.0","method":"x","params":"${'x'.repeat(33 * 1024 * 1024)}"}\n`)
  expect(await peer.exited).toBe(0)
  expect(readFileSync(join(home.state, 'acp.log'), 'utf8')).toContain('33554432')
  const other = await Peer.start(home)
  await other.agent.request('session/resume', { sessionId: id, cwd: home.root, mcpServers: [] })
})

test('a cancel right behind its prompt is not lost, nor does it reach the next one', async () => {
  const { home, says } = await modelHome()
  const peer = await Peer.start(home)
  const id = await peer.session()
  for (let round = 0; round < 20; round++) {
    says({ body: [], hang: true })
    const answer = peer.prompt(id, `stop ${round}`)
    await peer.agent.notify('session/cancel', { sessionId: id })
    expect(await answer).toMatchObject({ stopReason: 'cancelled' })
    await peer.agent.notify('session/cancel', { sessionId: id })
    peer.seen.length = 0
  }
})
