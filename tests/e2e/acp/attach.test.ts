import { beforeAll, expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { choose, edit, modelHome, Peer } from '../../support/acp.ts'
import { Backend, makeHome } from '../../support/backend.ts'
import { tempDir } from '../../support/temp.ts'

let world: Awaited<ReturnType<typeof modelHome>>
let server: Backend
beforeAll(async () => {
  world = await modelHome()
  server = await Backend.start(world.home, { argv: ['serve', '--port', '0'] })
  server.handshake.token = readFileSync(server.handshake.token_file!, 'utf8')
})

const attached = () => Peer.start(world.home, {}, ['--attach', server.handshake.url])
const project = () => tempDir({ 'a.txt': 'one\ntwo\n' })

test('the sessions are those of the server, and outlive the client', async () => {
  const cwd = project()
  const peer = await attached()
  const id = await peer.session(cwd)
  expect((await server.call(`GET /api/sessions/${id}`)).body).toMatchObject({ project_path: cwd })
  peer.answers.permission = async () => choose('allow_once')
  world.says(edit, { text: 'done' })
  expect(await peer.prompt(id, 'edit')).toMatchObject({ stopReason: 'end_turn' })
  expect(peer.text('agent_message_chunk')).toBe('done')
  expect(readFileSync(join(cwd, 'a.txt'), 'utf8')).toBe('one\n2\n')
  expect(await peer.stop()).toBe(0)
  expect((await server.call(`GET /api/sessions/${id}`)).body).toMatchObject({ status: 'active', agent_state: 'idle' })
})

test('a client that dies leaves its question to others, and its turn goes on', async () => {
  const cwd = project()
  const peer = await attached()
  const id = await peer.session(cwd)
  const stream = await server.events(`/api/sessions/${id}/events`, 0)
  const asked = Promise.withResolvers<void>()
  peer.answers.permission = () => {
    asked.resolve()
    return new Promise(() => {})
  }
  world.says(edit, { text: 'done' })
  peer.prompt(id, 'edit').catch(() => {})
  await asked.promise
  await peer.kill()
  const { body } = await server.call(`GET /api/sessions/${id}`)
  const [{ tool_call_id }] = body.pending_approvals
  expect((await server.call(`POST /api/sessions/${id}/approve`, { tool_call_id })).status).toBe(200)
  await stream.idle()
  expect(stream.stored.at(-1)).toMatchObject({ type: 'turn.end', outcome: 'completed' })
  expect(readFileSync(join(cwd, 'a.txt'), 'utf8')).toBe('one\n2\n')
  const again = await attached()
  await again.agent.request('session/load', { sessionId: id, cwd, mcpServers: [] })
  expect(again.text('user_message_chunk')).toBe('edit')
  await server.call(`DELETE /api/sessions/${id}`)
})

test('what no message is gets the answer that it gets over stdio', async () => {
  const peer = new Backend(['acp', '--attach', server.handshake.url], world.home.env, world.home.root)
  peer.process.stdin.write('{"jsonrpc":\n[]\n{"jsonrpc":"2.0","id":1,"method":"session/list","params":{}}\n')
  while (peer.stdout.split('\n').length < 4)
    await new Promise<void>(resolve => peer.process.stdout.once('data', () => resolve()))
  peer.process.stdin.end()
  expect(await peer.exited).toBe(0)
  const answers = peer.stdout.trim().split('\n')
  expect(answers.map(line => JSON.parse(line).error.code)).toEqual([-32700, -32600, -32600])
})

test('by address, with the token in the environment', async () => {
  const { url, token } = server.handshake
  const home = makeHome()
  const relay = (env: Record<string, string>) =>
    new Backend(['acp', '--attach', url], { ...home.env, ...env }, home.root)
  const peer = relay({ EMACS_AGENT_TOKEN: token! })
  peer.process.stdin.write(
    '{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":1,"clientCapabilities":{}}}\n',
  )
  expect(await peer.firstLine()).toMatchObject({ id: 1, result: { protocolVersion: 1 } })
  peer.process.stdin.end()
  expect(await peer.exited).toBe(0)
  const wrong = relay({ EMACS_AGENT_TOKEN: 'x'.repeat(20) })
  expect(await wrong.exited).toBe(2)
  expect(wrong.stderr).toContain('EMACS_AGENT_TOKEN')
})

test('another program that listens on this machine is sent no token of ours', async () => {
  const heard: (string | null)[] = []
  const foreign = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch: request => {
      heard.push(request.headers.get('authorization'))
      return Response.json({ status: 'ok' })
    },
  })
  try {
    const peer = new Backend(['acp', '--attach', foreign.url.origin], world.home.env, world.home.root)
    expect(await peer.exited).toBe(2)
    expect(heard).toEqual([null])
  } finally {
    await foreign.stop(true)
  }
})

test('without a server it says what to start; one that ends takes the client along', async () => {
  const home = makeHome()
  const other = await Backend.start(home, { argv: ['serve', '--port', '0'] })
  home.env['EMACS_AGENT_PORT'] = String(other.handshake.port)
  const peer = new Backend(['acp', '--attach'], home.env, home.root)
  peer.process.stdin.write(
    '{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":1,"clientCapabilities":{}}}\n',
  )
  await peer.firstLine()
  await other.stop()
  expect(await peer.exited).toBe(1)
  const none = new Backend(['acp', '--attach'], home.env, home.root)
  expect(await none.exited).toBe(2)
  expect(none.stderr).toContain('Start one with `serve`')
})
