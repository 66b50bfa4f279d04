import { expect, test } from 'bun:test'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Peer } from '../../support/acp.ts'
import { Backend, makeHome } from '../../support/backend.ts'
import { startOAuthServer } from '../../support/oauth-server.ts'

/** A provider that is signed in at; `key` is that of Anthropic. */
function world(key?: string) {
  const server = startOAuthServer()
  const home = makeHome(
    `[providers.acme]\nkind = "openai-compatible"\nbase_url = "http://127.0.0.1:9/v1"\n[providers.acme.oauth]\nclient_id = "client-1"\nissuer = "${server.url}"`,
  )
  if (key) home.env['ANTHROPIC_API_KEY'] = key
  return { home, server, tokens: join(home.state, 'sign-in/acme.json') }
}

const refusal = (request: Promise<unknown>) =>
  request.then(
    () => null,
    ({ code, message }) => ({ code, message }),
  )

test('keys are variables that a client may set; a terminal is offered to a client that has one', async () => {
  const { home } = world()
  const plain = await Peer.start(home)
  expect(plain.initialized.authMethods!.map(({ id }) => id)).toEqual(['anthropic', 'openai', 'gemini'])
  expect(plain.initialized.agentCapabilities).toMatchObject({ auth: { logout: {} } })
  const able = await Peer.start(home, { auth: { terminal: true } })
  const terminals = able.initialized.authMethods!.filter(method => 'type' in method && method.type === 'terminal')
  expect(terminals).toMatchObject([
    { id: 'login-acme', args: ['--login', 'acme'] },
    { id: 'login', args: ['--login'] },
  ])
})

test('authenticate: succeeds with the key, else names the variable; a method that is none is refused', async () => {
  const without = await Peer.start(world().home)
  const authenticate = (peer: Peer, methodId: string) => refusal(peer.agent.request('authenticate', { methodId }))
  expect(await authenticate(without, 'anthropic')).toMatchObject({
    code: -32000,
    message: expect.stringContaining('ANTHROPIC_API_KEY'),
  })
  expect(await authenticate(without, 'login-acme')).toMatchObject({ code: -32602 })
  const peer = await Peer.start(world('sk-ant-0123456789').home)
  expect(await authenticate(peer, 'anthropic')).toBeNull()
})

test('the terminal signs in, and logout forgets it', async () => {
  const { home, tokens } = world()
  const peer = await Peer.start(home)
  const signIn = new Backend(['acp', '--login', 'acme'], home.env, home.root)
  expect(await signIn.exited).toBe(0)
  expect(signIn.stdout).toContain('Signed in at acme.')
  expect(existsSync(tokens)).toBe(true)
  await peer.agent.request('logout', {})
  expect(existsSync(tokens)).toBe(false)
})

test('the terminal without a provider shows what is configured', async () => {
  const { home } = world()
  const shown = new Backend(['acp', '--login'], home.env, home.root)
  await shown.exited
  expect(shown.stdout).toContain('ANTHROPIC_API_KEY')
  const wrong = new Backend(['acp', 'acme'], home.env, home.root)
  expect(await wrong.exited).toBe(2)
})
