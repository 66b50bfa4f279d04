import { describe, expect, test } from 'bun:test'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { McpServerConfig } from '../../../src/config/config.ts'
import { defaultServer } from '../../../src/config/settings.ts'
import type { ToolContext } from '../../../src/tools/tool.ts'
import { type Bench, withPool } from '../../support/mcp.ts'
import { browse, type HttpPeer, startHttpPeer } from '../../support/mcp-http.ts'

type Ask = NonNullable<ToolContext['ask']>

async function withHttp(
  auth: boolean,
  work: (bench: Bench, peer: HttpPeer) => Promise<void>,
  entry: Partial<McpServerConfig> = {},
) {
  const peer = await startHttpPeer({ auth })
  const server: McpServerConfig = { ...defaultServer('web'), url: peer.url, origin: 'a test', ...entry }
  try {
    await withPool([server], bench => work(bench, peer), { list_wait_ms: 10_000 })
  } finally {
    await peer.close()
  }
}

describe('a server at a URL', () => {
  test('is called, with the headers of its entry', async () => {
    await withHttp(
      false,
      async ({ call, pool }) => {
        expect((await call('web/echo', { text: 'hi' })).content).toBe('said hi')
        expect((await call('web/header')).content).toBe('mine')
        expect((await pool.status())[0]).toMatchObject({
          status: 'ready',
          transport: 'http',
          protocol: '2025-11-25',
          tool_count: 3,
        })
      },
      { headers: { 'X-Own': 'mine' } },
    )
  })

  test('that forgets the session gets a new one', async () => {
    await withHttp(false, async ({ call }, peer) => {
      await call('web/echo', { text: 'hi' })
      peer.forget('sessions')
      expect((await call('web/echo', { text: 'again' })).content).toBe('said again')
      expect(peer.asked.filter(method => method === 'initialize')).toHaveLength(2)
    })
  })

  test('may answer long, but not without end', async () => {
    await withHttp(false, async ({ call }) => {
      expect((await call('web/big', { bytes: 11_000_000 })).content).toHaveLength(11_000_000)
      await expect(call('web/big', { bytes: 68_000_000 })).rejects.toMatchObject({ code: 'MCP_SERVER_ERROR' })
      expect((await call('web/echo', { text: 'still here' })).content).toBe('said still here')
    })
  }, 180_000)

  test('that is not there says so', async () => {
    await withHttp(
      false,
      async ({ tools, pool }) => {
        await tools()
        expect((await pool.status())[0]).toMatchObject({ status: 'failed', tool_count: null })
      },
      { url: 'http://127.0.0.1:9/mcp' },
    )
  })
})

/** A person with a browser, and what they were asked. */
function person(answer: (url: string) => Promise<'accept' | 'decline' | 'cancel'>): {
  ask: Ask
  asked: Parameters<Ask>[0][]
} {
  const asked: Parameters<Ask>[0][] = []
  return {
    asked,
    async ask(question) {
      asked.push(question)
      return { action: await answer(question.url!) }
    },
  }
}
const visiting = () =>
  person(async url => {
    expect(await browse(url)).toBe('Signed in. You can close this window.')
    return 'accept'
  })

/** The tools of a session whose person is `ask`. */
const toolsWith = (bench: Bench, ask: Ask) => bench.pool.tools(bench.project, 'session', ask)

describe('signing in', () => {
  test('is a question with an address; the tokens are kept for the owner alone and used again', async () => {
    await withHttp(true, async (bench, peer) => {
      const { ask, asked } = visiting()
      expect((await toolsWith(bench, ask)).map(tool => tool.name)).toContain('web/echo')
      expect(asked).toEqual([
        {
          server: 'web',
          message: expect.stringContaining('sign in at 127.0.0.1'),
          url: expect.stringContaining('/authorize?'),
        },
      ])
      const query = new URL(asked[0]!.url!).searchParams
      expect(query.get('code_challenge_method')).toBe('S256')
      expect(query.get('resource')).toBe(peer.url)
      expect(query.get('redirect_uri')).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/callback\/[0-9a-f]{32}$/)
      expect((await bench.call('web/echo', { text: 'hi' })).content).toBe('said hi')

      const directory = join(bench.state, 'mcp', 'oauth')
      const [file] = readdirSync(directory)
      expect(statSync(join(directory, file!)).mode & 0o777).toBe(0o600)
      const { tokens } = JSON.parse(readFileSync(join(directory, file!), 'utf8'))
      expect(bench.pool.secrets()).toContain(tokens.access_token)
      expect(bench.pool.secrets()).toContain(tokens.refresh_token)
      expect(JSON.stringify(await bench.pool.status())).not.toContain(tokens.access_token)
    })
  })

  test('happens in the middle of a call when a token is refused; one that can be renewed is, silently', async () => {
    await withHttp(true, async (bench, peer) => {
      const { ask, asked } = visiting()
      await toolsWith(bench, ask)
      peer.forget('tokens')
      expect((await bench.call('web/echo', { text: 'renewed' }, { ask })).content).toBe('said renewed')
      expect(asked).toHaveLength(1)
      expect(peer.asked.filter(line => line === 'POST /token')).toHaveLength(2)
    })
  })

  const refusals: [string, HttpPeer['authorize'], string][] = [
    ['another state', { state: 'forged' }, 'another state'],
    ['another issuer', { iss: 'https://evil.example' }, 'failed'],
    ['a refusal', { error: 'access_denied' }, 'access_denied'],
  ]
  for (const [name, authorize, message] of refusals)
    test(`${name} signs nobody in`, async () => {
      await withHttp(true, async (bench, peer) => {
        Object.assign(peer.authorize, authorize)
        const { ask } = person(async url => {
          await browse(url)
          return 'accept'
        })
        await toolsWith(bench, ask)
        const [row] = await bench.pool.status()
        expect(row).toMatchObject({ status: 'failed', tool_count: null })
        expect(row!.last_error).toContain(message)
        expect(bench.pool.secrets()).toEqual([])
      })
    })

  test('can be declined, and cannot happen where nobody can be asked', async () => {
    await withHttp(true, async bench => {
      await toolsWith(bench, person(async () => 'decline').ask)
      expect((await bench.pool.status())[0]!.last_error).toBe('You did not sign in at the MCP server web.')
      await bench.pool.restart('web').catch(() => {})
      expect((await bench.pool.status())[0]!.last_error).toContain('use it in a session')
    })
  })

  test('the callback answers once, and only at its own path', async () => {
    await withHttp(true, async bench => {
      const { ask } = person(async url => {
        const redirect = new URL(new URL(url).searchParams.get('redirect_uri')!)
        expect((await fetch(new URL('/callback', redirect))).status).toBe(404)
        expect((await fetch(redirect, { method: 'POST' })).status).toBe(404)
        await browse(url)
        await expect(fetch(redirect)).rejects.toThrow()
        return 'accept'
      })
      expect((await toolsWith(bench, ask)).length).toBe(3)
    })
  })

  test('an entry with a key of its own is never asked to', async () => {
    await withHttp(
      true,
      async bench => {
        const { ask, asked } = visiting()
        await toolsWith(bench, ask)
        expect(asked).toEqual([])
        expect((await bench.pool.status())[0]).toMatchObject({ status: 'failed' })
      },
      { headers: { Authorization: 'Bearer wrong' } },
    )
  })
})
