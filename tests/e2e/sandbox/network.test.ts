import { beforeAll, describe, expect, test } from 'bun:test'
import { spawnSync } from 'node:child_process'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { atEnd } from '../../support/at-end.ts'
import { hasBubblewrap, hasLandlock, pathWithout } from '../../support/sandboxes.ts'
import { call, startScripted } from '../../support/scripted.ts'
import { working } from '../../support/working-session.ts'

const hasCurl = spawnSync('curl', ['--version']).status === 0
const requests: string[] = []
let port: number

beforeAll(async () => {
  const server = createServer((request, reply) => {
    requests.push(`${request.method} ${request.url} ${request.headers.host}`)
    reply.end('answered\n')
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  port = (server.address() as AddressInfo).port
  atEnd(() => void server.close())
})

describe.skipIf(!hasBubblewrap || !hasCurl)('the network of the sandbox (needs bubblewrap and curl)', () => {
  async function asked(network: string, script: string) {
    const config = `[sandbox]\nmode = "required"\nauto_approve_sandboxed = true\nnetwork = ${network}\n`
    const { make } = await working(await startScripted({ config }), { 'go.sh': script })
    requests.length = 0
    return make(call('shell_exec', { command: 'sh go.sh' }))
  }

  test('a list: its hosts are reached through the proxy, by both ways, and no others', async () => {
    const { told, data } = await asked(
      '["127.0.0.1", "*.example.org"]',
      [
        `curl -sS http://127.0.0.1:${port}/plain`,
        `curl -sS -p http://127.0.0.1:${port}/tunnel`,
        `curl -sS -p http://localhost:${port}/no`,
        `curl -sS http://127.0.0.2:${port}/no`,
        `curl -sS --noproxy '*' http://127.0.0.1:${port}/direct`,
        `curl -sSf http://example.org.evil.test/no`,
      ].join('\n'),
    )
    expect(data.sandbox.network).toEqual(['127.0.0.1', '*.example.org'])
    expect(requests).toEqual([`GET /plain 127.0.0.1:${port}`, `GET /tunnel 127.0.0.1:${port}`])
    expect(told).toContain('does not let out to 127.0.0.2')
    expect(told).toContain('[exit status 22]')
    expect(told).toContain('outside_sandbox: true')
  })

  test('on: everything; off: nothing but a loopback of its own', async () => {
    expect((await asked('"on"', `curl -sS http://127.0.0.1:${port}/on`)).told).toContain('answered')
    const serve = 'python3 -m http.server 8123 --bind 127.0.0.1 >/dev/null 2>&1 &'
    const { told } = await asked(
      '"off"',
      `${serve}\ncurl -sS http://127.0.0.1:${port}/off\ncurl -sS --retry 30 --retry-delay 1 --retry-connrefused http://127.0.0.1:8123/go.sh 2>/dev/null`,
    )
    expect(requests).toEqual([])
    expect(told).toContain('http.server')
  })
})

test.skipIf(!hasLandlock)(
  'a list where only Landlock is: refused, with what would serve (needs Landlock)',
  async () => {
    const config = '[sandbox]\nmode = "required"\nnetwork = ["example.org"]\n'
    const { make } = await working(await startScripted({ config, env: { PATH: pathWithout('bwrap') } }), {})
    const { how, told } = await make(call('shell_exec', { command: 'echo hi' }))
    expect(how).toBe('PERMISSION_DENIED')
    expect(told).toContain('bubblewrap')
  },
)
