import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { versionOf } from '../../src/llm/anthropic-request.ts'
import type { Endpoint } from '../../src/llm/endpoint.ts'
import type { ModelMessage, ModelReply, ModelRequest } from '../../src/llm/provider.ts'
import { needsResponses, stream } from '../../src/llm/stream.ts'
import { endpointFor, KEY, outcomeOf, READ_FILE, request } from '../support/model-call.ts'
import { FAMILIES, type Family, say } from '../support/model-replies.ts'
import { type Asked, type ModelServer, startModelServer } from '../support/model-server.ts'

let server: ModelServer
beforeAll(async () => {
  server = await startModelServer()
})
afterAll(() => server.close())

type Said = Parameters<typeof say>[1]

/** Makes one call and gives what was asked and answered. */
async function ask(endpoint: Endpoint, family: Family, asked: ModelRequest, said: Said = { text: 'Hi' }) {
  server.add(say(family, said))
  const { reply, error } = await outcomeOf(stream(endpoint, asked, new AbortController().signal))
  if (error) throw error
  return { reply: reply!, asked: server.requests.at(-1)! }
}

const toFamily = (family: Family, more: Partial<Endpoint> = {}) => endpointFor(family, server.url, more)
const bodyOf = async (family: Family, more: Partial<ModelRequest> = {}, endpoint = toFamily(family)) =>
  (await ask(endpoint, family, request(more))).asked.body

const assistant = (reply: ModelReply, model = 'test/model'): ModelMessage => ({
  role: 'assistant',
  text: reply.text,
  ...(reply.thinking && { thinking: reply.thinking }),
  tool_calls: reply.tool_calls,
  model,
  ...(reply.provider_data && { provider_data: reply.provider_data }),
})
const results = (reply: ModelReply): ModelMessage[] =>
  reply.tool_calls.map(({ tool_call_id, tool }, index) => ({
    role: 'tool',
    tool_call_id,
    tool,
    content: `result ${index}`,
    is_error: index === 1,
  }))

const THOUGHT: Said = {
  thinking: 'Hm.',
  text: 'Let me look.',
  calls: [
    { id: 'id_1', name: 'read_file', args: { path: 'a' } },
    { id: 'id_2', name: 'read_file', args: { path: 'b' } },
  ],
}

/** Two rounds: what the model said in the first goes back in the second, with results in the wrong order. */
async function twoRounds(family: Family) {
  const first = await ask(toFamily(family), family, request(), THOUGHT)
  const messages: ModelMessage[] = [
    { role: 'user', text: 'Hello' },
    assistant(first.reply),
    ...results(first.reply).reverse(),
  ]
  const second = await ask(toFamily(family), family, request({ messages }))
  return { first, second, messages }
}

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

describe('images', () => {
  const image = { media_type: 'image/png', data: 'A'.repeat(4096) }
  const messages: ModelMessage[] = [
    { role: 'user', text: 'Look', images: [image] },
    { role: 'assistant', text: '', tool_calls: [{ tool_call_id: 'tc_1', tool: 'shoot', params: {} }], model: 'm' },
    { role: 'tool', tool_call_id: 'tc_1', tool: 'shoot', content: 'Shot.', is_error: false, images: [image] },
  ]
  for (const family of FAMILIES) {
    test(`${family}: both reach a model that takes them`, async () => {
      const { asked } = await ask(toFamily(family), family, request({ messages }))
      expect(asked.text.split(image.data)).toHaveLength(3)
    })
    test(`${family}: a model that takes none is told`, async () => {
      const endpoint = toFamily(family)
      endpoint.info = { ...endpoint.info, images: false }
      const { asked } = await ask(endpoint, family, request({ messages }))
      expect(asked.text).not.toContain(image.data)
      expect(asked.text.match(/An image \(image\/png, 3 kB\) was left out: this model takes no images/g)).toHaveLength(
        2,
      )
    })
  }
})

describe('effort and output', () => {
  const CLAUDES: [string, Partial<ModelRequest>, object][] = [
    ['claude-sonnet-5-5', {}, { thinking: { type: 'adaptive', display: 'summarized' } }],
    [
      'claude-opus-4-6',
      { effort: 'high' },
      { thinking: { type: 'adaptive', display: 'summarized' }, output_config: { effort: 'high' } },
    ],
    [
      'claude-fable-5-1',
      { effort: 'low' },
      { thinking: { type: 'adaptive', display: 'summarized' }, output_config: { effort: 'low' } },
    ],
    [
      'claude-haiku-4-5-20251001',
      { effort: 'low', max_output_tokens: 4_096 },
      { max_tokens: 4_096, thinking: { type: 'enabled', budget_tokens: 2_048 } },
    ],
    ['claude-haiku-4-5', {}, { thinking: undefined, output_config: undefined }],
    ['claude-opus-4-5', { effort: 'medium' }, { output_config: { effort: 'medium' } }],
    ['claude-3-5-haiku-latest', { effort: 'high' }, { thinking: undefined, output_config: undefined }],
    ['stories260k', { effort: 'high' }, { thinking: undefined, output_config: undefined }],
  ]
  for (const [model, asked, expected] of CLAUDES)
    test(`${model} ${JSON.stringify(asked)}`, async () => {
      const { thinking, output_config, max_tokens } = await bodyOf('anthropic', asked, toFamily('anthropic', { model }))
      expect({ thinking, output_config, max_tokens }).toMatchObject(expected)
    })

  test('output is bounded by the model, and by us', async () => {
    for (const [max_output, expected] of [
      [undefined, 8_192],
      [4_000, 4_000],
      [128_000, 32_000],
    ] as const) {
      const endpoint = toFamily('anthropic')
      if (max_output) endpoint.info = { ...endpoint.info, max_output }
      expect((await bodyOf('anthropic', {}, endpoint)).max_tokens).toBe(expected)
    }
  })

  test('the others', async () => {
    const asked = { effort: 'high', max_output_tokens: 99 } as const
    expect(await bodyOf('chat', asked)).toMatchObject({ reasoning_effort: 'high', max_tokens: 99 })
    expect(await bodyOf('responses', asked)).toMatchObject({
      reasoning: { effort: 'high', summary: 'auto' },
      max_output_tokens: 99,
      prompt_cache_key: 'session-1',
    })
    expect((await bodyOf('gemini', asked)).generationConfig).toEqual({
      maxOutputTokens: 99,
      thinkingConfig: { includeThoughts: true, thinkingLevel: 'high' },
    })
    const gpt4 = toFamily('responses', { model: 'gpt-4.1' })
    expect(await bodyOf('chat', asked, gpt4)).toMatchObject({
      max_completion_tokens: 99,
      prompt_cache_key: 'session-1',
    })
  })

  test('which models of OpenAI need the Responses API', () => {
    for (const model of ['gpt-5', 'gpt-5.5-codex', 'gpt-6-astra', 'gpt-6.1-terra', 'o3', 'o4-mini', 'gpt-10'])
      expect(needsResponses(model), model).toBe(true)
    for (const model of ['gpt-4o', 'gpt-4.1', 'gpt-3.5-turbo', 'gpt-oss-120b', 'omni'])
      expect(needsResponses(model), model).toBe(false)
  })

  test('versions of Claude', () => {
    const of = (model: string) => Object.values(versionOf(model)).join('.')
    expect(of('claude-sonnet-4-5-20250929')).toBe('4.5')
    expect(of('claude-sonnet-4.5')).toBe('4.5')
    expect(of('claude-opus-4-20250514')).toBe('4.0')
    expect(of('claude-3-7-sonnet-20250219')).toBe('3.7')
    expect(of('claude-opus-5')).toBe('5.0')
    expect(of('anthropic/claude-fable-5-1')).toBe('5.1')
  })
})

describe('what a server refuses is left out, once and for all', () => {
  const CASES: [Family, string, string, Partial<ModelRequest>][] = [
    ['chat', 'stream_options', "Unknown parameter: 'stream_options'.", {}],
    ['chat', 'reasoning_effort', 'Unrecognized request argument supplied: reasoning_effort', { effort: 'low' }],
    ['responses', 'summary', 'Your organization must be verified to generate reasoning summaries.', {}],
    ['responses', 'prompt_cache_key', "Unknown parameter: 'prompt_cache_key'", {}],
    ['anthropic', 'thinking', 'adaptive thinking is not supported on this model', {}],
    ['anthropic', 'output_config', 'This model does not support the effort parameter.', { effort: 'low' }],
    ['gemini', 'thinkingConfig', 'Thinking is not enabled for this model', {}],
  ]
  for (const [family, word, message, more] of CASES)
    test(`${family}: ${word}`, async () => {
      const endpoint = toFamily(family, { model: family === 'anthropic' ? `claude-opus-5-5-${word}` : `gpt-5-${word}` })
      const before = server.requests.length
      server.add({ status: 400, body: JSON.stringify({ error: { type: 'invalid_request_error', message } }) })
      await ask(endpoint, family, request(more))
      await ask(endpoint, family, request(more))
      const [first, second, third, ...rest] = server.requests.slice(before) as [Asked, Asked, Asked]
      expect(rest).toEqual([])
      expect(first.text).toContain(`"${word}"`)
      expect(second.text).not.toContain(`"${word}"`)
      expect(third.text).not.toContain(`"${word}"`)
    })

  test('a history of thinking that is refused is left out of that request only', async () => {
    const { messages } = await twoRounds('anthropic')
    const body = JSON.stringify({ error: { message: 'messages.1.content.0: Invalid `signature` in `thinking` block' } })
    server.add({ status: 400, body })
    expect(JSON.stringify(await bodyOf('anthropic', { messages }))).not.toContain('sig-of')
    expect(JSON.stringify(await bodyOf('anthropic', { messages }))).toContain('sig-of')
  })

  test('a server without the Responses API is asked over chat completions, from then on at once', async () => {
    const endpoint = toFamily('responses', { model: 'gpt-5-elsewhere' })
    const before = server.requests.length
    server.add({ status: 404, body: '{"error":"404 page not found"}' })
    await ask(endpoint, 'chat', request())
    await ask(endpoint, 'chat', request())
    const paths = server.requests.slice(before).map(({ path }) => path)
    expect(paths).toEqual(['/v1/responses', '/v1/chat/completions', '/v1/chat/completions'])
  })
})

describe('what goes along', () => {
  const NAMES: Record<Family, string[]> = {
    anthropic: ['anthropic-version', 'x-api-key'],
    chat: ['authorization'],
    responses: ['authorization'],
    gemini: ['x-goog-api-key'],
  }
  const ALWAYS = ['accept', 'accept-encoding', 'connection', 'content-length', 'content-type', 'host', 'user-agent']
  for (const family of FAMILIES)
    test(`${family}: the key, and no more of us than needed`, async () => {
      const { asked } = await ask(toFamily(family, { headers: { 'X-Team': 'emacs' } }), family, request())
      expect(Object.keys(asked.headers).sort()).toEqual([...ALWAYS, ...NAMES[family], 'x-team'].sort())
      expect(asked.headers['x-team']).toBe('emacs')
      expect(JSON.stringify(asked.headers).split(KEY)).toHaveLength(2)
      const { api_key: _, ...without } = toFamily(family)
      const open = await ask(without, family, request())
      expect(Object.keys(open.asked.headers).sort()).toEqual(
        [...ALWAYS, ...NAMES[family].filter(name => !/key|auth/.test(name))].sort(),
      )
    })

  test('nothing of the environment of the SDKs', async () => {
    const script = `
      const { stream } = await import(${JSON.stringify(new URL('../../src/llm/stream.ts', import.meta.url).href)})
      const info = { id: 'x/y', provider: 'x', usable: true }
      for (const [kind, model, base_url] of ${JSON.stringify([
        ['anthropic', 'claude-opus-5-5', server.url],
        ['openai', 'gpt-6-luna', `${server.url}/v1`],
      ])}) {
        const endpoint = { provider: 'x', kind, model, base_url, headers: {}, info }
        const call = stream(endpoint, { model, system: '', messages: [{ role: 'user', text: 'Hi' }], tools: [] }, new AbortController().signal)
        for await (const _ of call);
      }`
    const before = server.requests.length
    server.add(say('anthropic', { text: 'Hi' }), say('responses', { text: 'Hi' }))
    const child = Bun.spawn([process.execPath, '-e', script], {
      env: {
        ...Object.fromEntries(
          ['ANTHROPIC', 'OPENAI'].flatMap(name => [
            [`${name}_API_KEY`, 'from-env'],
            [`${name}_BASE_URL`, 'http://127.0.0.1:9'],
            [`${name}_CUSTOM_HEADERS`, 'x-env: from-env'],
            [`${name}_LOG`, 'debug'],
          ]),
        ),
        ANTHROPIC_AUTH_TOKEN: 'from-env',
        OPENAI_ORG_ID: 'from-env',
        OPENAI_PROJECT_ID: 'from-env',
        HOME: '/nonexistent',
      },
      stdout: 'pipe',
      stderr: 'pipe',
    })
    expect([
      await child.exited,
      await new Response(child.stderr).text(),
      await new Response(child.stdout).text(),
    ]).toEqual([0, '', ''])
    expect(server.requests).toHaveLength(before + 2)
    for (const asked of server.requests.slice(before))
      expect(JSON.stringify([asked.headers, asked.text])).not.toContain('from-env')
  })
})
