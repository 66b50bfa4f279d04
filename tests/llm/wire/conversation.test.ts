import { afterAll, describe, expect, test } from 'bun:test'
import type { ModelMessage } from '../../../src/llm/provider.ts'
import { request } from '../../support/model-call.ts'
import { assistant, results, startDialogue } from '../../support/model-dialogue.ts'
import { FAMILIES } from '../../support/model-replies.ts'

const { server, toFamily, ask, bodyOf, twoRounds } = await startDialogue()
afterAll(() => server.close())

describe('a history that another family wrote', () => {
  for (const writer of FAMILIES)
    for (const reader of FAMILIES) {
      if (writer === reader) continue
      test(`${writer} → ${reader}: text, calls and results only`, async () => {
        const { messages, first } = await twoRounds(writer)
        const { asked } = await ask(toFamily(reader), reader, request({ messages }))
        expect(asked.text).not.toMatch(/Hm\.|sig-of|enc-of|id_1|id_2|rs_1/)
        for (const { tool_call_id } of first.reply.tool_calls)
          if (reader !== 'gemini') expect(asked.text).toContain(tool_call_id)
        expect(asked.text).toContain('Let me look.')
        expect(asked.text.indexOf('result 0')).toBeLessThan(asked.text.indexOf('result 1'))
        // Gemini refuses a call without a signature, unless told that it is not its own.
        if (reader === 'gemini') expect(asked.text).toContain('skip_thought_signature_validator')
      })
    }

  test('the same wire at another provider is another family', async () => {
    const { messages } = await twoRounds('chat')
    const elsewhere = toFamily('chat', { provider: 'deepseek' })
    expect(JSON.stringify(await bodyOf('chat', { messages }, elsewhere))).not.toMatch(/id_1|reasoning_content/)
  })

  test('Mistral takes ids of nine letters and digits only, the same each time', async () => {
    const { messages } = await twoRounds('anthropic')
    const mistral = toFamily('chat', { provider: 'mistral', model: 'mistral-small-latest' })
    const [once, twice] = [await bodyOf('chat', { messages }, mistral), await bodyOf('chat', { messages }, mistral)]
    const ids = once.messages.flatMap((each: { tool_call_id?: string }) => each.tool_call_id ?? [])
    expect(ids).toHaveLength(2)
    for (const id of ids) expect(id).toMatch(/^[a-zA-Z0-9]{9}$/)
    expect(new Set(ids).size).toBe(2)
    expect(once.messages).toEqual(twice.messages)
  })

  test('calls of the past are text in a request without tools, which Anthropic refuses otherwise', async () => {
    const { messages } = await twoRounds('anthropic')
    const body = await bodyOf('anthropic', { messages, tools: [] })
    expect(body.tools).toBeUndefined()
    expect(JSON.stringify(body.messages)).not.toMatch(/tool_use|"tool_result"/)
    expect(body.messages[2].content.map((block: { text: string }) => block.text.includes('result 1'))).toEqual([
      false,
      true,
    ])
    expect(body.system[0].text).toBe('You are a test.')
  })

  test('an id that a server gave twice goes back once', async () => {
    const first = await ask(toFamily('chat'), 'chat', request(), { calls: [{ id: 'same', name: 'read_file' }] })
    const second = await ask(toFamily('chat'), 'chat', request(), { calls: [{ id: 'same', name: 'read_file' }] })
    const messages = [
      { role: 'user' as const, text: 'Hello' },
      ...[first, second].flatMap(({ reply }) => [assistant(reply), ...results(reply)]),
    ]
    const body = await bodyOf('chat', { messages })
    const ids = body.messages.flatMap((each: { tool_call_id?: string }) => each.tool_call_id ?? [])
    expect(ids).toEqual(['same0', second.reply.tool_calls[0]!.tool_call_id])
  })
})

describe('what providers would refuse is mended', () => {
  const call = (id: string, tool = 'read_file') => ({ tool_call_id: id, tool, params: {} })
  const result = (id: string, content = 'x'): ModelMessage => ({
    role: 'tool',
    tool_call_id: id,
    tool: 'read_file',
    content,
    is_error: false,
  })
  const said = (text: string, calls: ReturnType<typeof call>[] = []): ModelMessage => ({
    role: 'assistant',
    text,
    tool_calls: calls,
    model: 'm',
  })

  const CASES: [string, ModelMessage[], [string, string][]][] = [
    [
      'a call without a result',
      [{ role: 'user', text: 'a' }, said('', [call('tc_1')]), { role: 'user', text: 'b' }],
      [
        ['user', 'a'],
        ['assistant', ''],
        ['tool', 'Error: No result was recorded; it is not known whether it ran.'],
        ['user', 'b'],
      ],
    ],
    [
      'a result without a call',
      [{ role: 'user', text: 'a' }, result('tc_9'), said('b'), { role: 'user', text: 'c' }],
      [
        ['user', 'a'],
        ['assistant', 'b'],
        ['user', 'c'],
      ],
    ],
    [
      'a result far behind its call',
      [{ role: 'user', text: 'a' }, said('', [call('tc_1')]), { role: 'user', text: 'b' }, result('tc_1')],
      [
        ['user', 'a'],
        ['assistant', ''],
        ['tool', 'x'],
        ['user', 'b'],
      ],
    ],
    ['an empty message', [{ role: 'user', text: 'a' }, said(' \n'), { role: 'user', text: 'b' }], [['user', 'a\n\nb']]],
    [
      'an empty result',
      [{ role: 'user', text: 'a' }, said('', [call('tc_1')]), result('tc_1', '')],
      [
        ['user', 'a'],
        ['assistant', ''],
        ['tool', '(no output)'],
      ],
    ],
    [
      'two of the user',
      [
        { role: 'user', text: 'a' },
        { role: 'user', text: 'b' },
      ],
      [['user', 'a\n\nb']],
    ],
    [
      'the model speaks last',
      [{ role: 'user', text: 'a' }, said('b')],
      [
        ['user', 'a'],
        ['assistant', 'b'],
        ['user', 'Continue exactly where your last message stops, without repeating any of it.'],
      ],
    ],
    ['nobody speaks', [], [['user', 'Continue exactly where your last message stops, without repeating any of it.']]],
  ]
  for (const [name, messages, expected] of CASES)
    test(name, async () => {
      const body = await bodyOf('chat', { messages })
      const found = body.messages
        .slice(1)
        .map((each: { role: string; content: string | null }) => [each.role, each.content ?? ''])
      expect(found).toEqual(expected)
      for (const family of FAMILIES) await bodyOf(family, { messages })
    })

  test('names of tools that no provider takes', async () => {
    const messages = [{ role: 'user' as const, text: 'a' }, said('', [call('tc_1', 'git hub/créer')]), result('tc_1')]
    const body = await bodyOf('chat', { messages })
    expect(body.messages[2].tool_calls[0].function.name).toBe('git_hub__cr_er')
  })
})
