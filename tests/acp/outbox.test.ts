import { expect, test } from 'bun:test'
import type { SessionUpdate } from '@agentclientprotocol/sdk'
import { createOutbox } from '../../src/acp/outbox.ts'
import { gate } from '../support/model-server.ts'

const said = (text: string, messageId = 'm'): SessionUpdate => ({
  sessionUpdate: 'agent_message_chunk',
  messageId,
  content: { type: 'text', text },
})
const printed = (data: string, terminal_id = 't'): SessionUpdate => ({
  sessionUpdate: 'tool_call_update',
  toolCallId: terminal_id,
  _meta: { terminal_output: { terminal_id, data } },
})

/** What is sent of `updates` when the client reads the first one only after all were added. */
async function sentOf(...updates: SessionUpdate[]): Promise<SessionUpdate[]> {
  const sent: SessionUpdate[] = []
  const { wait, open } = gate()
  const outbox = createOutbox(async update => {
    sent.push(update)
    if (sent.length === 1) await wait
  })
  outbox.add(said('first', 'other'))
  outbox.add(...updates)
  open()
  await outbox.drained()
  return sent.slice(1)
}

test('pieces of one message become one while nobody reads; those of two stay two', async () => {
  expect(await sentOf(said('a'), said('b'), said('c', 'n'))).toEqual([said('ab'), said('c', 'n')])
})

test('so does the output of one command, up to its end', async () => {
  expect(await sentOf(printed('a'), printed('b'), printed('c', 'u'))).toEqual([printed('ab'), printed('c', 'u')])
  const much = Array.from({ length: 100 }, (_, i) => printed(String(i % 10).repeat(10_000)))
  const [only, ...others] = await sentOf(...much)
  expect(others).toEqual([])
  const { data } = only!._meta!['terminal_output'] as { data: string }
  expect(data.length).toBeLessThan(300_000)
  expect(data.endsWith('9'.repeat(10_000))).toBe(true)
})

test('what says more than the output stays as it is', async () => {
  const done: SessionUpdate = { ...printed('b'), status: 'completed' } as SessionUpdate
  expect(await sentOf(printed('a'), done)).toEqual([printed('a'), done])
})
