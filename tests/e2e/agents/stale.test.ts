import { beforeAll, expect, test } from 'bun:test'
import { begun, isTask } from '../../support/delegating.ts'
import { call, type Scripted, startScripted } from '../../support/scripted.ts'

let scripted: Scripted
beforeAll(async () => {
  scripted = await startScripted({ config: '[permissions]\nallow = ["write_file", "edit_file"]\n' })
})

/** The agent reads a.txt, another one writes it, and the first makes its call. */
async function crossed(name: string, params: object) {
  const { id, stream, asked } = await begun(
    scripted,
    {},
    (asked, text) => {
      if (isTask(asked))
        return text.includes('You now') ? call('write_file', { path: 'a.txt', content: 'two\n' }) : { text: 'written' }
      if (text === 'go') return call('read_file', { path: 'a.txt' })
      if (text.startsWith('1')) return call('delegate', { agent: 'build', task: 'write' })
      return text === 'written' ? call(name, params) : { text: 'ok' }
    },
    6,
  )
  await stream.idle()
  return { result: asked().at(-1)!.body.messages.at(-1).content as string, stream, id }
}

test.each([
  ['write_file', { path: 'a.txt', content: 'mine\n' }],
  ['edit_file', { path: 'a.txt', old: 'one', new: 'mine' }],
])('%s on a file that another agent changed is STALE_FILE, with what changed', async (name, params) => {
  const { result, stream } = await crossed(name, params)
  const failed = stream.stored.findLast(event => event.type === 'tool.result')
  expect(failed).toMatchObject({ tool: name, error: { code: 'STALE_FILE' } })
  expect(result).toContain('a.txt has changed since you read it')
  expect(result).toContain('Changed by the agent build (write):')
  expect(result).toContain('-one\n+two')
})

test('an edit whose text still stands there once goes through', async () => {
  const { stream } = await crossed('edit_file', { path: 'a.txt', old: 'two', new: 'three' })
  expect(stream.stored.findLast(event => event.type === 'tool.result')).toMatchObject({ status: 'success' })
})

test('metrics are by agent, tool and outcome', async () => {
  const { text } = await scripted.backend.call('GET /metrics')
  expect(text).toContain('emacs_agent_tool_calls_total{agent="build",tool="delegate",outcome="success"} 3')
  expect(text).toContain('emacs_agent_tool_calls_total{agent="build",tool="write_file",outcome="error"} 1')
  expect(text).toContain('emacs_agent_delegations_total{agent="build",outcome="completed"} 3')
  expect(text).toContain('emacs_agent_turns_total{agent="build",outcome="completed"} 3')
  expect(text).toMatch(/emacs_agent_turn_ms_total\{agent="build"\} \d/)
})

test('one session has the same numbers as data, also after a resume', async () => {
  const { backend } = scripted
  const { stream, id } = await crossed('write_file', { path: 'a.txt', content: 'mine\n' })
  const { body } = await backend.call(`GET /api/sessions/${id}/metrics`)
  expect(body.turns).toEqual([{ agent: 'build', outcome: 'completed', value: 1 }])
  expect(body.delegations).toEqual([{ agent: 'build', outcome: 'completed', value: 1 }])
  expect(body.model_calls).toEqual([{ agent: 'build', value: 6 }])
  expect(body.tool_calls).toEqual([
    { agent: 'build', tool: 'read_file', outcome: 'success', value: 1 },
    { agent: 'build', tool: 'write_file', outcome: 'success', value: 1 },
    { agent: 'build', tool: 'delegate', outcome: 'success', value: 1 },
    { agent: 'build', tool: 'write_file', outcome: 'error', value: 1 },
  ])
  expect(body.errors).toEqual([])
  const used = stream.stored.flatMap(event => (event.type === 'message' ? event.usage.output_tokens : []))
  expect(body.tokens).toContainEqual({ agent: 'build', kind: 'output', value: used.reduce((a, b) => a + b) })
  await backend.call(`DELETE /api/sessions/${id}`)
  expect((await backend.call(`GET /api/sessions/${id}/metrics`)).status).toBe(404)
  await backend.call(`POST /api/sessions/${id}/resume`)
  expect((await backend.call(`GET /api/sessions/${id}/metrics`)).body).toEqual(body)
})
