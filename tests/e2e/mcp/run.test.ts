import { describe, expect, test } from 'bun:test'
import { stringify } from 'smol-toml'
import { browse, startHttpPeer } from '../../support/mcp-http.ts'
import { type Entry, madeEntry, peerEntry } from '../../support/mcp-servers.ts'
import { hasTerminal, onTerminal, run, withModel } from '../../support/program.ts'
import { call } from '../../support/scripted.ts'
import { tempDir } from '../../support/temp.ts'

const withServers = (servers: Entry[]) => withModel(stringify({ mcp_servers: servers }))
const lastTold = ({ requests }: Awaited<ReturnType<typeof withModel>>['model']) =>
  requests.at(-1)!.body.messages.findLast((message: { role: string }) => message.role === 'tool').content

describe('run, where nobody can be asked', () => {
  test.each([[[]], [['--json']]])('declines what servers ask %p', async flags => {
    const { home, says, model } = await withServers([peerEntry()])
    says(call('peer__ask', {}), { text: 'so be it' })
    const { code, stdout } = await run(['run', 'ask', '--yes', ...flags], { home, cwd: tempDir() })
    expect(code).toBe(0)
    expect(lastTold(model)).toBe('{"action":"decline"}')
    expect(stdout).toContain(flags.length > 0 ? '"type":"question"' : 'peer asks: Which color?\n  Declined')
  })
})

describe.skipIf(!hasTerminal)(`run on a terminal${hasTerminal ? '' : ' (skipped: no script of util-linux)'}`, () => {
  test.each([
    ['y\r', 'red\r', '{"action":"accept","content":{"color":"red"}}'],
    ['n\r', '', '{"action":"decline"}'],
    ['y\r', '\r', '{"action":"accept","content":{"color":"green"}}'],
  ])('asks what servers ask: %j %j', async (first, second, expected) => {
    const { home, says, model } = await withServers([madeEntry('sdk1')])
    says(call('sdk1__color', {}), { text: 'thanks' })
    const terminal = onTerminal(['run', 'color', '--yes'], { home, cwd: tempDir() })
    const at = await terminal.until('sdk1 asks: Which color?')
    await terminal.until('Answer?', at)
    terminal.type(first)
    if (second) {
      await terminal.until('color (string, default "green"): ', at)
      terminal.type(second)
    }
    expect((await terminal.ended).code).toBe(0)
    expect(lastTold(model)).toBe(expected)
  })

  test('shows where to sign in, and goes on when the browser is back', async () => {
    const web = await startHttpPeer({ auth: true })
    try {
      const { home, says, model } = await withServers([{ name: 'web', url: web.url }])
      says(call('web__echo', { text: 'hi' }), { text: 'done' })
      const terminal = onTerminal(['run', 'echo', '--yes'], { home, cwd: tempDir() })
      await terminal.until('Press Enter once you have been there')
      const [url] = /http:\/\/127\.0\.0\.1:\d+\/authorize\?\S+/.exec(terminal.stdout.replaceAll('\r\n', '\n'))!
      expect(await browse(url)).toContain('Signed in')
      expect((await terminal.ended).code).toBe(0)
      expect(lastTold(model)).toBe('said hi')
    } finally {
      await web.close()
    }
  })
})
