import { describe, expect, test } from 'bun:test'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Backend, type Home, makeHome } from '../../support/backend.ts'
import { chat } from '../../support/model-replies.ts'
import { type ModelServer, startModelServer } from '../../support/model-server.ts'
import { type OAuthServer, startOAuthServer } from '../../support/oauth-server.ts'
import { tempDir } from '../../support/temp.ts'

const configOf = (oauth: string, model: ModelServer | null = null) => `
[providers.acme]
kind = "openai-compatible"
base_url = "${model?.url ?? 'http://127.0.0.1:9'}/v1"
[providers.acme.oauth]
client_id = "client-1"
${oauth}
`
const issuer = ({ url }: OAuthServer) => `issuer = "${url}"\nscope = "models.read"`
const fileOf = (home: Home) => join(home.state, 'sign-in/acme.json')

async function command(home: Home, ...argv: string[]) {
  const run = new Backend(argv, home.env, home.root)
  const code = await run.exited
  return { code, out: run.stdout, err: run.stderr }
}
const login = (home: Home) => command(home, 'login', 'acme')

describe('login', () => {
  test('shows the code, polls as slowly as it is asked to, and keeps the tokens for the owner alone', async () => {
    const server = startOAuthServer()
    server.answers.push('authorization_pending', 'authorization_pending')
    const home = makeHome(configOf(issuer(server)))
    const { code, out, err } = await login(home)
    expect([code, err]).toEqual([0, ''])
    expect(out).toBe(
      `Open ${server.url}/enter and enter the code WDJB-MJHT\n(or, with the code in it: ${server.url}/enter?user_code=WDJB-MJHT)\nSigned in at acme.\n`,
    )
    expect(server.forms.map(({ path }) => path)).toEqual(['/device', '/token', '/token', '/token'])
    expect(server.forms.at(-1)).toMatchObject({ grant_type: 'urn:ietf:params:oauth:grant-type:device_code' })
    expect(server.forms[0]).toMatchObject({ client_id: 'client-1', scope: 'models.read' })
    const kept = JSON.parse(readFileSync(fileOf(home), 'utf8'))
    expect([...server.access]).toEqual([kept.access_token])
    expect((statSync(fileOf(home)).mode & 0o777).toString(8)).toBe('600')
    expect((statSync(join(home.state, 'sign-in')).mode & 0o777).toString(8)).toBe('700')
  })

  test('takes endpoints and a secret from the configuration; a broken answer in between is tried again', async () => {
    const server = startOAuthServer({ client_secret: 'hush-hush-123' })
    server.broken = new Response('oops', { status: 503 })
    const home = makeHome(
      configOf(
        `client_secret = "\${SECRET}"\ndevice_authorization_endpoint = "${server.url}/device"\ntoken_endpoint = "${server.url}/token"`,
      ),
    )
    home.env['SECRET'] = 'hush-hush-123'
    expect(await login(home)).toMatchObject({ code: 0 })
    expect(existsSync(fileOf(home))).toBe(true)
  })

  test.each<[string, (server: OAuthServer) => void, RegExp]>([
    ['a refusal in the browser', server => void server.answers.push('access_denied'), /refused in the browser/],
    ['a code that has expired', server => void server.answers.push('expired_token'), /the code has expired/],
    ['an unknown client', server => void server.answers.push('unauthorized_client'), /unauthorized_client/],
    ['no token in the answer', server => void (server.broken = Response.json({ token: 1 })), /is no bearer token/],
  ])('%s is said, and leaves nothing', async (_, prepare, why) => {
    const server = startOAuthServer()
    prepare(server)
    const home = makeHome(configOf(issuer(server)))
    const { code, err } = await login(home)
    expect(code).toBe(1)
    expect(err).toMatch(why)
    expect(existsSync(fileOf(home))).toBe(false)
  })

  test('what is not configured is wrong use', async () => {
    const home = makeHome(configOf('issuer = "https://id.example"'))
    const wrong = await command(home, 'login', 'acne')
    expect(wrong.code).toBe(2)
    expect(wrong.err).toContain('(did you mean "acme"?)')
    expect((await command(home, 'login')).code).toBe(2)
    const broken = await Backend.start(makeHome(configOf('')))
    const { body } = await broken.call('GET /health')
    expect(body.problems[0]).toMatchObject({
      key: 'providers.acme.oauth',
      message: expect.stringContaining('an issuer'),
    })
    const plain = makeHome(configOf('issuer = "http://id.example"'))
    expect((await login(plain)).err).toContain('set issuer to an https address')
  })
})

describe('a session of a provider that is signed in', () => {
  async function signedIn() {
    const server = startOAuthServer()
    const model = await startModelServer()
    const home = makeHome(`model = "acme/m"\n${configOf(issuer(server), model)}`)
    const run = async (backend: Backend, text = 'Go') => {
      const id = await backend.session(tempDir())
      return (await backend.call(`POST /api/sessions/${id}/prompt`, { text, wait: true })).body
    }
    const bearer = () => model.requests.at(-1)?.headers.authorization?.replace('Bearer ', '')
    return { server, model, home, run, bearer, [Symbol.asyncDispose]: () => model.close() }
  }
  const expire = (home: Home) => {
    const kept = JSON.parse(readFileSync(fileOf(home), 'utf8'))
    writeFileSync(fileOf(home), JSON.stringify({ ...kept, expires_at: Date.now() - 1 }))
    return kept
  }

  test('sends the token, renews it in time, and shows it to nobody', async () => {
    await using at = await signedIn()
    const { server, model, home, run, bearer } = at
    const backend = await Backend.start(home)
    const state = async () => (await backend.call('GET /api/models')).body.models.find((m: any) => m.id === 'acme/m')
    expect(await state()).toMatchObject({ usable: false, reason: 'No key. Run: emacs-agent-backend login acme' })
    expect(await run(backend)).toMatchObject({ status: 'error', error: { code: 'LLM_AUTH' } })

    // The running server sees what `login` brought, and says a token as little as any key.
    expect((await login(home)).code).toBe(0)
    expect((await state()).reason ?? '').not.toContain('login')
    const [access] = server.access
    model.add(chat({ text: `Your token is ${access}.` }))
    expect(await run(backend)).toMatchObject({ status: 'success', text: expect.not.stringContaining(access!) })
    expect(bearer()).toBe(access)

    const before = expire(home)
    model.add(chat({ text: 'Again.' }), chat({ text: 'And again.' }))
    await Promise.all([run(backend, 'Two'), run(backend, 'Three')])
    const kept = JSON.parse(readFileSync(fileOf(home), 'utf8'))
    expect(bearer()).toBe(kept.access_token)
    expect(kept.access_token).not.toBe(before.access_token)
    expect(kept.refresh_token).not.toBe(before.refresh_token)
    // Two that found it expired renewed it once: the server takes each refresh token once.
    expect(server.forms.filter(({ grant_type }) => grant_type === 'refresh_token')).toHaveLength(1)
  })

  test('a refresh token that is not taken any more wants a new sign-in', async () => {
    await using at = await signedIn()
    const { server, home, run } = at
    await login(home)
    server.refresh.clear()
    expire(home)
    const backend = await Backend.start(home)
    const { error } = await run(backend)
    expect(error).toMatchObject({ code: 'LLM_AUTH', message: expect.stringContaining('login acme') })
    expect(existsSync(fileOf(home))).toBe(false)
  })

  test('tokens of another client are not sent', async () => {
    await using at = await signedIn()
    const { home, run, model } = at
    await login(home)
    const kept = JSON.parse(readFileSync(fileOf(home), 'utf8'))
    writeFileSync(fileOf(home), JSON.stringify({ ...kept, server: 'https://elsewhere.example' }))
    const backend = await Backend.start(home)
    expect(await run(backend)).toMatchObject({ status: 'error', error: { code: 'LLM_AUTH' } })
    expect(model.requests).toEqual([])
  })

  test('logout revokes and deletes', async () => {
    await using at = await signedIn()
    const { server, home } = at
    await login(home)
    const [refresh] = server.refresh
    const out = await command(home, 'logout', 'acme')
    expect(out).toMatchObject({ code: 0, out: 'Signed out at acme: the tokens are deleted, and revoked.\n' })
    expect(server.forms.at(-1)).toMatchObject({ path: '/revoke', token: refresh! })
    expect(existsSync(fileOf(home))).toBe(false)
    expect((await command(home, 'logout', 'acme')).out).toBe('You were not signed in at acme.\n')
  })
})
