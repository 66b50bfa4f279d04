import { afterAll, describe, expect, test } from 'bun:test'
import type { ModelMessage } from '../../src/llm/provider.ts'
import { READ_FILE, request } from '../support/model-call.ts'
import { assistant, results, startDialogue, THOUGHT } from '../support/model-dialogue.ts'
import { FAMILIES } from '../support/model-replies.ts'

const { server, toFamily, ask, bodyOf, twoRounds } = await startDialogue()
afterAll(() => server.close())

describe('the second round', () => {
  test('Claude gets thinking back unchanged, in order, and all results in one message', async () => {
    const { second } = await twoRounds('anthropic')
    expect(second.asked.body.messages).toEqual([
      { role: 'user', content: [{ type: 'text', text: 'Hello', cache_control: { type: 'ephemeral' } }] },
      {
        role: 'assistant',
        content: [
          { type: 'thinking', thinking: 'Hm.', signature: 'sig-of-Hm.' },
          { type: 'text', text: 'Let me look.' },
          { type: 'tool_use', id: 'id_1', name: 'read_file', input: { path: 'a' } },
          { type: 'tool_use', id: 'id_2', name: 'read_file', input: { path: 'b' } },
        ],
      },
      {
        role: 'user',
        content: [
          { type: 'tool_result', tool_use_id: 'id_1', content: [{ type: 'text', text: 'result 0' }] },
          {
            type: 'tool_result',
            tool_use_id: 'id_2',
            content: [{ type: 'text', text: 'result 1' }],
            is_error: true,
            cache_control: { type: 'ephemeral' },
          },
        ],
      },
    ])
  })

  test('chat completions get their ids and their reasoning back', async () => {
    const { second } = await twoRounds('chat')
    expect(second.asked.body.messages.slice(1)).toEqual([
      { role: 'user', content: 'Hello' },
      {
        role: 'assistant',
        content: 'Let me look.',
        reasoning_content: 'Hm.',
        tool_calls: [
          { id: 'id_10', type: 'function', function: { name: 'read_file', arguments: '{"path":"a"}' } },
          { id: 'id_21', type: 'function', function: { name: 'read_file', arguments: '{"path":"b"}' } },
        ],
      },
      { role: 'tool', tool_call_id: 'id_10', content: 'result 0' },
      { role: 'tool', tool_call_id: 'id_21', content: 'Error: result 1' },
    ])
  })

  test('Responses get the encrypted reasoning back, and nothing is stored there', async () => {
    const { second } = await twoRounds('responses')
    expect(second.asked.path).toBe('/v1/responses')
    expect(second.asked.body).toMatchObject({ store: false, include: ['reasoning.encrypted_content'] })
    expect(second.asked.body.input).toEqual([
      { role: 'user', content: [{ type: 'input_text', text: 'Hello' }] },
      {
        type: 'reasoning',
        id: 'rs_1',
        encrypted_content: 'enc-of-Hm.',
        summary: [{ type: 'summary_text', text: 'Hm.' }],
      },
      { role: 'assistant', content: 'Let me look.' },
      { type: 'function_call', call_id: 'id_1', name: 'read_file', arguments: '{"path":"a"}' },
      { type: 'function_call', call_id: 'id_2', name: 'read_file', arguments: '{"path":"b"}' },
      { type: 'function_call_output', call_id: 'id_1', output: 'result 0' },
      { type: 'function_call_output', call_id: 'id_2', output: 'Error: result 1' },
    ])
  })

  test("Google's own API gets its signatures back", async () => {
    const { second } = await twoRounds('gemini')
    expect(second.asked.path).toBe('/v1beta/models/gemini-4-argon:streamGenerateContent?alt=sse')
    expect(second.asked.body.contents).toEqual([
      { role: 'user', parts: [{ text: 'Hello' }] },
      {
        role: 'model',
        parts: [
          { text: 'Let me look.' },
          { functionCall: { name: 'read_file', args: { path: 'a' } }, thoughtSignature: 'sig-of-read_file' },
          { functionCall: { name: 'read_file', args: { path: 'b' } } },
        ],
      },
      {
        role: 'user',
        parts: [
          { functionResponse: { name: 'read_file', response: { output: 'result 0' } } },
          { functionResponse: { name: 'read_file', response: { error: 'result 1' } } },
        ],
      },
    ])
  })

  test('begins with the bytes of the first', async () => {
    const system = 'You are a careful agent. '.repeat(400)
    const tools = Array.from({ length: 20 }, (_, index) => ({ ...READ_FILE, name: `tool_${index}` }))
    const lines = ['family     first request   second   unchanged prefix']
    for (const family of FAMILIES) {
      const stable = { system, tools }
      const first = await ask(toFamily(family), family, request(stable), THOUGHT)
      const messages = [{ role: 'user' as const, text: 'Hello' }, assistant(first.reply), ...results(first.reply)]
      const second = await ask(toFamily(family), family, request({ ...stable, messages }))
      const [a, b] = [first.asked.text, second.asked.text]
      let same = 0
      while (same < a.length && a[same] === b[same]) same++
      lines.push(
        `${family.padEnd(10)} ${`${a.length} bytes`.padEnd(15)} ${`${b.length}`.padEnd(8)} ${((100 * same) / a.length).toFixed(2)} %`,
      )
      expect(same / a.length).toBeGreaterThan(0.99)
    }
    process.stdout.write(`\n${lines.join('\n')}\n`)
  })

  test("Claude's breakpoints: one behind tools and system, two on the last user messages, never more than 4", async () => {
    const rounds = Array.from({ length: 6 }, (_, index): ModelMessage[] => [
      {
        role: 'assistant',
        text: '',
        model: 'm',
        tool_calls: [{ tool_call_id: `tc_${index}`, tool: 'read_file', params: {} }],
      },
      { role: 'tool', tool_call_id: `tc_${index}`, tool: 'read_file', content: 'x', is_error: false },
    ]).flat()
    const body = await bodyOf('anthropic', { messages: [{ role: 'user', text: 'Hello' }, ...rounds] })
    expect(JSON.stringify(body).match(/cache_control/g)).toHaveLength(3)
    expect(body.system[0].cache_control).toEqual({ type: 'ephemeral' })
    const marked = body.messages.flatMap((message: { content: object[] }, index: number) =>
      message.content.some(block => 'cache_control' in block) ? [index] : [],
    )
    expect(marked).toEqual([10, 12])
  })
})
