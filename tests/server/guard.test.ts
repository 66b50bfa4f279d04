import { describe, expect, test } from 'bun:test'
import type { AppError } from '../../src/base/errors.ts'
import { LARGEST_BODY } from '../../src/server/body.ts'
import { type Door, guard } from '../../src/server/guard.ts'

const TOKEN = 'a-token-of-some-length'

async function knock(door: Partial<Door>, request: Request): Promise<string> {
  try {
    const { body } = await guard({ token: TOKEN, allowed_hosts: [], loopback: true, ...door })(request)
    return `ok ${JSON.stringify(body)}`
  } catch (error) {
    const { status, code } = error as AppError
    return `${status} ${code}`
  }
}

type Ask = { headers?: Record<string, string>; method?: string; path?: string; body?: BodyInit }
function ask({ headers = {}, method = 'GET', path = '/api/sessions', body }: Ask): Request {
  const all = { host: '127.0.0.1:9420', authorization: `Bearer ${TOKEN}`, ...headers }
  const given = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== '(none)'))
  return new Request(`http://127.0.0.1:9420${path}`, { method, headers: given, body })
}

describe('Host', () => {
  test.each([
    ['127.0.0.1', 'ok'],
    ['127.0.0.1:9420', 'ok'],
    ['LOCALHOST:1', 'ok'],
    ['[::1]:9420', 'ok'],
    ['localhost.', '403'],
    ['127.0.0.1.', '403'],
    ['evil.example', '403'],
    ['127.0.0.1.evil.example', '403'],
    ['localhost, evil.example', '403'],
    ['localhost,localhost', '403'],
    ['user@localhost', '403'],
    ['0.0.0.0', '403'],
    ['[::ffff:127.0.0.1]', '403'],
    ['::1', '403'],
    ['', '403'],
    ['(none)', '403'],
  ])('%s → %s', async (host, want) => {
    expect(await knock({}, ask({ headers: { host } }))).toStartWith(want)
  })

  test('allowed_hosts adds names on loopback, and is all that counts elsewhere', async () => {
    const host = (name: string) => ask({ headers: { host: name } })
    expect(await knock({ allowed_hosts: ['Agent.test'] }, host('agent.TEST:80'))).toStartWith('ok')
    expect(await knock({ allowed_hosts: ['agent.test'], loopback: false }, host('localhost'))).toStartWith('403')
    expect(await knock({ loopback: false }, host('anything.example'))).toStartWith('ok')
  })
})

describe('the order of the checks', () => {
  test.each([
    [
      'a foreign Host before all else',
      { headers: { host: 'x', origin: 'y', authorization: '(none)' }, method: 'POST', body: '{' },
      '403',
    ],
    ['any Origin, ours too', { headers: { origin: 'http://127.0.0.1:9420', authorization: '(none)' } }, '403'],
    ['Origin null', { headers: { origin: 'null' } }, '403'],
    ['Sec-Fetch-Site cross-site', { headers: { 'sec-fetch-site': 'cross-site' } }, '403'],
    ['Sec-Fetch-Site same-origin', { headers: { 'sec-fetch-site': 'same-origin' } }, '403'],
    ['Sec-Fetch-Site none', { headers: { 'sec-fetch-site': 'none' } }, 'ok'],
    ['no token', { headers: { authorization: '(none)' } }, '401'],
    ['a wrong token', { headers: { authorization: 'Bearer nope' } }, '401'],
    ['a longer token', { headers: { authorization: `Bearer ${TOKEN}x` } }, '401'],
    ['another scheme', { headers: { authorization: `Basic ${TOKEN}` } }, '401'],
    ['no token on /health', { headers: { authorization: '(none)' }, path: '/health' }, 'ok'],
    ['no token on POST /health', { headers: { authorization: '(none)' }, path: '/health', method: 'POST' }, '401'],
    ['no token on an unknown route', { headers: { authorization: '(none)' }, path: '/nothing' }, '401'],
    ['no token before a wrong body', { headers: { authorization: '(none)' }, method: 'POST', body: 'x' }, '401'],
  ] as [string, Ask, string][])('%s', async (_, request, want) => {
    expect(await knock({}, ask(request))).toStartWith(want)
  })

  test('--no-auth skips the token alone', async () => {
    expect(await knock({ token: null }, ask({ headers: { authorization: '(none)' } }))).toStartWith('ok')
    expect(await knock({ token: null }, ask({ headers: { origin: 'null' } }))).toStartWith('403')
  })
})

describe('the body', () => {
  const json = { 'content-type': 'application/json' }
  const post = (body: BodyInit | undefined, headers: Record<string, string> = json) =>
    knock({}, ask({ method: 'POST', body, headers }))
  test.each([
    ['empty is {}', () => post(undefined, {}), 'ok {}'],
    ['empty with the type', () => post(''), 'ok {}'],
    ['an object', () => post('{"a":"é"}'), 'ok {"a":"é"}'],
    ['a charset', () => post('{}', { 'content-type': 'application/json; charset=utf-8' }), 'ok {}'],
    ['no type', () => post(new Uint8Array([123, 125]), {}), '415'],
    ['text/plain', () => post('{}', { 'content-type': 'text/plain' }), '415'],
    ['a type that only begins like it', () => post('{}', { 'content-type': 'application/jsonx' }), '415'],
    ['a Content-Encoding', () => post('{}', { ...json, 'content-encoding': 'gzip' }), '415'],
    ['invalid JSON', () => post('{"a":'), '400'],
    ['invalid UTF-8', () => post(new Uint8Array([123, 34, 0xff, 34, 58, 49, 125])), '400'],
    ['an array', () => post('[]'), '400'],
    ['null', () => post('null'), '400'],
    ['16 MiB', () => post(`{"a":"${'x'.repeat(LARGEST_BODY - 8)}"}`), 'ok'],
    ['16 MiB and a byte', () => post(`{"a":"${'x'.repeat(LARGEST_BODY - 7)}"}`), '413'],
    ['endless, without a length', () => post(endless()), '413'],
  ] as [string, () => Promise<string>, string][])('%s', async (_, send, want) => {
    expect(await send()).toStartWith(want)
  })
})

const endless = () =>
  new ReadableStream({
    pull(controller) {
      controller.enqueue(new Uint8Array(1024 * 1024).fill(32))
    },
  })
