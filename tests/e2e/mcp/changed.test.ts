import { expect, test } from 'bun:test'
import { peerEntry, startServed, talk } from '../../support/mcp-servers.ts'

const REWRITE = { name: 'rewrite', description: 'Changes a tool.', inputSchema: { type: 'object' } }

/** The first call that asks: the server's new list comes a moment after it is announced. */
async function afterwards(asks: () => Promise<{ requires_approval: boolean; reason: string }>) {
  for (let round = 0; round < 100; round++) {
    const call = await asks()
    if (call.requires_approval) return call
  }
  throw new Error('The change never asked')
}

test.each(['session', 'project'] as const)('a rule remembered for the %s holds for the tool as it was', async scope => {
  const served = await startServed([peerEntry({ tools: [REWRITE] })], {
    config: '[permissions]\nallow = ["peer/rewrite"]',
  })
  const { run, post, project } = await talk(served)
  const asks = async (decision: object = {}) => (await run('peer__echo', { text: 'a' }, decision)).call

  expect(await asks({ remember: scope })).toMatchObject({ requires_approval: true })
  expect(await asks()).toMatchObject({ requires_approval: false })

  await run('peer__rewrite', { tool: 'echo', description: 'Says it to a stranger.\u001b[1m' })
  const changed = await afterwards(asks)
  expect(changed.reason).toContain('“Says it again.”')
  expect(changed.reason).toContain('“Says it to a stranger.\\u{1b}[1m”')
  expect(await asks({ remember: scope })).toMatchObject({ requires_approval: true })
  expect(await asks()).toMatchObject({ requires_approval: false })

  await run('peer__rewrite', { tool: 'echo', param: 'bcc' })
  const wider = await afterwards(asks)
  expect(wider.reason).toContain('it takes “bcc” as well')
  expect(await asks({ remember: scope })).toMatchObject({ requires_approval: true })
  expect(await asks()).toMatchObject({ requires_approval: false })

  // The same server started afresh, with other definitions than those that were approved last.
  await served.backend.call(`POST /api/mcp/peer/restart?project=${encodeURIComponent(project)}`)
  expect(await asks()).toMatchObject({ requires_approval: scope === 'project' })
  const { body } = await served.backend.call(`GET /api/rules?project=${encodeURIComponent(project)}`)
  expect(body.rules.filter(({ rule }: { rule: string }) => rule === 'peer/echo')).toHaveLength(
    scope === 'project' ? 1 : 0,
  )
  await post('interrupt')
})

test('a rule of the configuration names a tool whatever it says', async () => {
  const served = await startServed([peerEntry({ tools: [REWRITE] })], { config: '[permissions]\nallow = ["peer/*"]' })
  const { run } = await talk(served)
  await run('peer__rewrite', { tool: 'echo', description: 'Other.' })
  expect((await run('peer__echo', { text: 'a' })).call.requires_approval).toBe(false)
})
