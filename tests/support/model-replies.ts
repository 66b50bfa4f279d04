/**
 * Bodies of model servers, in the format of each family, from one description. Each is a list of frames, so that
 * `model-server.ts` writes them one by one; join them for a whole body.
 */
export type Said = {
  thinking?: string
  /** A list is streamed in these pieces. */
  text?: string | string[]
  /** `args` is JSON text where it should be broken, or cut. */
  calls?: { id?: string; name: string; args?: object | string }[]
  /** In the words of the family; otherwise what fits. */
  stop?: string
  usage?: { input?: number; output?: number; cache_read?: number; cache_write?: number }
}

export type Family = 'anthropic' | 'chat' | 'responses' | 'gemini'
export const FAMILIES: Family[] = ['anthropic', 'chat', 'responses', 'gemini']

export const say = (family: Family, said: Said): string[] => ({ anthropic, chat, responses, gemini })[family](said)

const sse = (data: unknown, event?: string): string =>
  `${event ? `event: ${event}\n` : ''}data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`

const list = (text: string | string[] | undefined): string[] => (text === undefined ? [] : [text].flat())
const json = (args: object | string | undefined): string =>
  typeof args === 'string' ? args : JSON.stringify(args ?? {})
const halves = (text: string): string[] => [text.slice(0, text.length >> 1), text.slice(text.length >> 1)]

function anthropic({ thinking, text, calls = [], stop, usage = {} }: Said): string[] {
  const typed = (data: { type: string } & Record<string, unknown>) => sse(data, data.type)
  const frames = [
    typed({
      type: 'message_start',
      message: {
        id: 'msg_1',
        role: 'assistant',
        content: [],
        usage: {
          input_tokens: usage.input ?? 10,
          cache_read_input_tokens: usage.cache_read ?? 0,
          cache_creation_input_tokens: usage.cache_write ?? 0,
          output_tokens: 1,
        },
      },
    }),
    typed({ type: 'ping' }),
  ]
  let index = 0
  const block = (start: object, deltas: object[]) => {
    frames.push(typed({ type: 'content_block_start', index, content_block: start }))
    for (const delta of deltas) frames.push(typed({ type: 'content_block_delta', index, delta }))
    frames.push(typed({ type: 'content_block_stop', index }))
    index++
  }
  if (thinking !== undefined)
    block({ type: 'thinking', thinking: '', signature: '' }, [
      { type: 'thinking_delta', thinking },
      { type: 'signature_delta', signature: `sig-of-${thinking}` },
    ])
  if (text !== undefined)
    block(
      { type: 'text', text: '' },
      list(text).map(each => ({ type: 'text_delta', text: each })),
    )
  for (const { id = `toolu_${index}`, name, args } of calls)
    block(
      { type: 'tool_use', id, name, input: {} },
      halves(json(args)).map(each => ({ type: 'input_json_delta', partial_json: each })),
    )
  return [
    ...frames,
    typed({
      type: 'message_delta',
      delta: { stop_reason: stop ?? (calls.length > 0 ? 'tool_use' : 'end_turn') },
      usage: { output_tokens: usage.output ?? 5 },
    }),
    typed({ type: 'message_stop' }),
  ]
}

export function chat({ thinking, text, calls = [], stop, usage = {} }: Said): string[] {
  const chunk = (delta: object, finish_reason: string | null = null) =>
    sse({
      id: 'chatcmpl-1',
      object: 'chat.completion.chunk',
      model: 'm',
      choices: [{ index: 0, delta, finish_reason }],
    })
  return [
    chunk({ role: 'assistant', content: null }),
    ...list(thinking).map(each => chunk({ reasoning_content: each })),
    ...list(text).map(each => chunk({ content: each })),
    ...calls.flatMap(({ id = `call_${name(calls)}`, name: tool, args }, index) => {
      const [first, second] = halves(json(args))
      return [
        chunk({
          tool_calls: [{ index, id: `${id}${index}`, type: 'function', function: { name: tool, arguments: first } }],
        }),
        chunk({ tool_calls: [{ index, function: { arguments: second } }] }),
      ]
    }),
    chunk({}, stop ?? (calls.length > 0 ? 'tool_calls' : 'stop')),
    sse({
      object: 'chat.completion.chunk',
      choices: [],
      usage: {
        prompt_tokens: (usage.input ?? 10) + (usage.cache_read ?? 0),
        completion_tokens: usage.output ?? 5,
        prompt_tokens_details: { cached_tokens: usage.cache_read ?? 0 },
      },
    }),
    sse('[DONE]'),
  ]
}

const name = (calls: unknown[]): string => (calls.length > 1 ? 'many_' : 'one_')

function responses({ thinking, text, calls = [], stop, usage = {} }: Said): string[] {
  const typed = (data: { type: string } & Record<string, unknown>) => sse(data, data.type)
  const frames = [typed({ type: 'response.created', response: { id: 'resp_1', status: 'in_progress', error: null } })]
  const output: object[] = []
  const item = (added: object, deltas: { type: string; delta: string }[], done: object) => {
    const output_index = output.length
    frames.push(typed({ type: 'response.output_item.added', output_index, item: added }))
    for (const delta of deltas) frames.push(typed({ ...delta, output_index }))
    frames.push(typed({ type: 'response.output_item.done', output_index, item: done }))
    output.push(done)
  }
  if (thinking !== undefined) {
    const reasoning = { type: 'reasoning', id: 'rs_1', encrypted_content: `enc-of-${thinking}` }
    item({ ...reasoning, summary: [] }, [{ type: 'response.reasoning_summary_text.delta', delta: thinking }], {
      ...reasoning,
      summary: [{ type: 'summary_text', text: thinking }],
    })
  }
  if (text !== undefined) {
    const message = { type: 'message', id: 'msg_1', role: 'assistant' }
    item(
      { ...message, content: [] },
      list(text).map(delta => ({ type: 'response.output_text.delta', delta })),
      { ...message, content: [{ type: 'output_text', text: list(text).join('') }] },
    )
  }
  for (const [at, { id = `call_r${at}`, name, args }] of calls.entries()) {
    const call = { type: 'function_call', id: `fc_${at}`, call_id: id, name }
    item(
      { ...call, arguments: '' },
      halves(json(args)).map(delta => ({ type: 'response.function_call_arguments.delta', delta })),
      { ...call, arguments: json(args) },
    )
  }
  const response = {
    id: 'resp_1',
    object: 'response',
    status: stop ? 'incomplete' : 'completed',
    ...(stop && { incomplete_details: { reason: stop } }),
    output,
    usage: {
      input_tokens: (usage.input ?? 10) + (usage.cache_read ?? 0),
      output_tokens: usage.output ?? 5,
      input_tokens_details: { cached_tokens: usage.cache_read ?? 0 },
    },
  }
  return [...frames, typed({ type: stop ? 'response.incomplete' : 'response.completed', response })]
}

function gemini({ thinking, text, calls = [], stop = 'STOP', usage = {} }: Said): string[] {
  const usageMetadata = {
    promptTokenCount: (usage.input ?? 10) + (usage.cache_read ?? 0),
    cachedContentTokenCount: usage.cache_read ?? 0,
    candidatesTokenCount: usage.output ?? 5,
  }
  const event = (parts: object[], finishReason?: string) =>
    `data: ${JSON.stringify({ candidates: [{ content: { parts, role: 'model' }, index: 0, ...(finishReason && { finishReason }) }], usageMetadata })}\r\n\r\n`
  return [
    ...list(thinking).map(each => event([{ text: each, thought: true }])),
    ...list(text).map(each => event([{ text: each }])),
    ...calls.map(({ name, args }, at) =>
      event([{ functionCall: { name, args: args ?? {} }, ...(at === 0 && { thoughtSignature: `sig-of-${name}` }) }]),
    ),
    event([{ text: '' }], stop),
  ]
}
