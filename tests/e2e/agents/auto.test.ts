import { beforeAll, expect, test } from 'bun:test'
import { type Scripted, startScripted } from '../../support/scripted.ts'
import { tempDir } from '../../support/temp.ts'

let scripted: Scripted
beforeAll(async () => {
  scripted = await startScripted({ config: 'agent = "auto"\n' })
})

/** The prompts of a session as the log has them. */
async function prompts(session: object, ...bodies: object[]) {
  const { backend, says } = scripted
  const id = await backend.session(tempDir(), session)
  const stream = await backend.events(`/api/sessions/${id}/events`)
  for (const body of bodies) {
    says({ text: 'ok' })
    await backend.call(`POST /api/sessions/${id}/prompt`, { ...body, wait: true })
  }
  await stream.until(() => stream.stored.filter(({ type }) => type === 'turn.end').length === bodies.length)
  const { agent } = (await backend.call(`GET /api/sessions/${id}`)).body
  return { agent, prompts: stream.stored.flatMap(event => (event.type === 'prompt' ? [event] : [])) }
}

test('a rule chooses for each prompt, and says why', async () => {
  const { agent, prompts: found } = await prompts(
    {},
    { text: 'Explain the parser.' },
    { text: 'fix the test plan' },
    { text: 'Explain the parser.', agent: 'build' },
  )
  expect(agent).toBe('auto')
  expect(found.map(({ agent, agent_reason }) => [agent, agent_reason])).toEqual([
    ['plan', 'A sentence begins with "explain", and none asks for a change.'],
    ['build', 'A sentence begins with "fix".'],
    ['build', undefined],
  ])
})

test('for one prompt of a session with an agent', async () => {
  const { agent, prompts: found } = await prompts({ agent: 'build' }, { text: 'Explain it.', agent: 'auto' })
  expect([agent, found[0]!.agent]).toEqual(['build', 'plan'])
})
