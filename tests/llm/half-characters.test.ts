import { afterAll, expect, test } from 'bun:test'
import type { ModelMessage } from '../../src/llm/provider.ts'
import { request } from '../support/model-call.ts'
import { startDialogue } from '../support/model-dialogue.ts'
import { FAMILIES } from '../support/model-replies.ts'

const { server, toFamily, ask } = await startDialogue()
afterAll(() => server.close())

/** Whole pairs stay; halves of them, anywhere in a request, become the sign for what cannot be read. */
test.each(FAMILIES)('%s: half a character reaches nobody', async family => {
  const messages: ModelMessage[] = [
    { role: 'user', text: 'cut \ud83d here, whole 😀, written \\ud83d' },
    {
      role: 'assistant',
      text: '',
      tool_calls: [{ tool_call_id: 'tc_1', tool: 'read_file', params: { path: '\udc00x\\' } }],
      model: 'm',
    },
    { role: 'tool', tool_call_id: 'tc_1', tool: 'read_file', content: '\ud83d\ude00\udbff', is_error: false },
  ]
  const { asked } = await ask(toFamily(family), family, request({ messages }))
  expect(asked.text.replaceAll('\\\\ud83d', '')).not.toMatch(/\\ud[89a-f]/)
  expect(asked.text).toContain('cut \\ufffd here, whole 😀, written \\\\ud83d')
  expect(asked.text).toContain('😀\\ufffd')
})
