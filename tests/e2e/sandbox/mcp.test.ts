import { describe, expect, test } from 'bun:test'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type Entry, peerEntry, startServed, talk } from '../../support/mcp-servers.ts'
import { hasBubblewrap, SANDBOXES } from '../../support/sandboxes.ts'

/** The peer behind a shell that first tries to write at home, and in the project. */
function trying(more: Partial<Entry> = {}): Entry {
  const { command, args } = peerEntry() as Entry & { command: string; args: string[] }
  const script = 'echo x > "$HOME/escaped"; echo x > inside; exec "$0" "$@"'
  return { name: 'peer', command: '/bin/sh', args: ['-c', script, command, ...args], ...more }
}
const config = '[sandbox]\nmode = "required"\n'
const FREE = { config: { auto_approve_tools: ['peer/*'] } }

describe.each(SANDBOXES)('MCP servers in the sandbox by %s', (by, isHere, env) => {
  test.skipIf(!isHere)(`they write in the project alone (needs ${by})`, async () => {
    const served = await startServed([trying()], { config, env: env() })
    const { run, project } = await talk(served, FREE)
    expect((await run('peer/echo', { text: 'hi' })).result?.content).toContain('hi')
    expect(existsSync(join(project, 'inside'))).toBe(true)
    expect(existsSync(join(served.home.root, 'escaped'))).toBe(false)
    const { body } = await served.backend.call(`GET /api/mcp?project=${encodeURIComponent(project)}`)
    expect(body.servers[0].stderr[0]).toContain('[in the sandbox: network off')
  })
})

test.skipIf(!hasBubblewrap)('an entry may have none (needs bubblewrap)', async () => {
  const served = await startServed([trying({ sandbox: 'off' })], { config })
  const { run } = await talk(served, FREE)
  await run('peer/echo', { text: 'hi' })
  expect(existsSync(join(served.home.root, 'escaped'))).toBe(true)
})
