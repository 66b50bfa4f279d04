import { afterAll, describe, expect, test } from 'bun:test'
import type { ModelMessage, ModelRequest } from '../../src/llm/provider.ts'
import { stream } from '../../src/llm/stream.ts'
import { outcomeOf, request } from '../support/model-call.ts'
import { startDialogue } from '../support/model-dialogue.ts'
import { type Family, say } from '../support/model-replies.ts'
import type { Asked, Piece, Reply } from '../support/model-server.ts'

const { server, toFamily } = await startDialogue()
afterAll(() => server.close())

const call = (id: string, text = '', thinking?: string): ModelMessage => ({
  role: 'assistant',
  text,
  ...(thinking && { thinking }),
  tool_calls: [{ tool_call_id: id, tool: 'read_file', params: { path: 'a' } }],
  model: 'other/model',
})
const result = (id: string): ModelMessage => ({
  role: 'tool',
  tool_call_id: id,
  tool: 'read_file',
  content: 'text',
  is_error: false,
})
/** A call, a turn that broke off behind its result, and another call. */
const messages: ModelMessage[] = [
  { role: 'user', text: 'Go' },
  call('tc_1', '', 'I wonder.'),
  result('tc_1'),
  { role: 'user', text: 'Go on' },
  call('tc_2'),
  result('tc_2'),
]

/** What the server answers now; one script that comes back for each request. */
let answer: (asked: Asked) => Reply | Piece[]
const always = (asked: Asked): Reply | Piece[] => {
  server.add(always)
  return answer(asked)
}
server.add(always)

let models = 0
/** A server that refuses what `isBad` finds, in these words; gives the bodies of two calls of one model. */
async function twoCalls(
  family: Family,
  isBad: (body: any) => boolean,
  refusal: { status?: number; message: string },
  more: Partial<ModelRequest> = {},
) {
  const model = `${family === 'anthropic' ? 'claude-opus-5-5' : 'some-model'}-${models++}`
  const endpoint = toFamily(family, { model })
  const from = server.requests.length
  const { status = 400, message } = refusal
  answer = ({ body }) =>
    isBad(body)
      ? { status, body: JSON.stringify({ error: { message, type: 'invalid_request_error' } }) }
      : say(family, { text: 'Hi' })
  const made = () => outcomeOf(stream(endpoint, request({ messages, ...more }), new AbortController().signal))
  const [first, second] = [await made(), await made()]
  return { bodies: server.requests.slice(from).map(({ body }) => body as any), first, second }
}

const roles = (body: any): string[] => body.messages.map(({ role }: any) => role)
const follows = (body: any, role: string, before: string): boolean =>
  roles(body).some((each, i) => each === role && roles(body)[i - 1] === before)
const callers = (body: any): any[] => body.messages.filter((each: any) => each.tool_calls)

type Case = [what: string, words: string[], isBad: (body: any) => boolean, then?: (body: any) => void]
const CHAT: Case[] = [
  [
    'the system role',
    [
      'System role not supported',
      "Unsupported value: 'messages[0].role' does not support 'system' with this model.",
      'Developer instruction is not enabled for models/gemma',
      'Only user and assistant roles are supported!',
      'messages[0]: unsupported message', // no hint at all
    ],
    body => roles(body).includes('system'),
    body => expect(body.messages[0].content).toBe('You are a test.\n\nGo'),
  ],
  [
    'a user right after a tool',
    [
      "Unexpected role 'user' after role 'tool'",
      'After the optional system message, conversation roles must alternate user/assistant/user/assistant/...',
      'A tool message must be followed by an assistant message',
      'Invalid order of messages',
    ],
    body => follows(body, 'user', 'tool'),
    body => expect(roles(body).slice(3, 6)).toEqual(['tool', 'assistant', 'user']),
  ],
  [
    'null as content',
    [
      'messages.2.content: Input should be a valid string',
      "Invalid value for 'content': expected a string, got null.",
      '1 validation error: messages -> 2 -> content none is not an allowed value',
      "'content' is a required property of messages",
      "'NoneType' object is not iterable: content",
    ],
    body => body.messages.some((each: any) => each.content === null),
    body => expect(callers(body).map(each => each.content)).toEqual(['', '']),
  ],
  [
    'no text at all',
    [
      'message at position 2 with role "assistant" must not be empty',
      'messages: text content blocks must be non-empty',
    ],
    body => body.messages.some((each: any) => !each.content),
  ],
  [
    'a call without its reasoning',
    [
      'The `reasoning_content` in the thinking mode must be passed back to the API.',
      'thinking is enabled but reasoning_content is missing in assistant tool call message at index 2',
      'assistant messages: reasoning is required',
    ],
    body => callers(body).some(each => each.reasoning_content === undefined),
    body => expect(callers(body).map(each => each.reasoning_content)).toEqual(['I wonder.', '']),
  ],
  [
    'a result without a name',
    [
      'GenerateContentRequest.contents[2].parts[0].function_response.name: Name cannot be empty.',
      'tool messages must have a name',
    ],
    body => body.messages.some((each: any) => each.role === 'tool' && !each.name),
    body => expect(body.messages.find((each: any) => each.role === 'tool').name).toBe('read_file'),
  ],
  [
    'an id of our own',
    [
      'Tool call id was tc_1 but must be a-z, A-Z, 0-9, with a length of 9.',
      "Invalid 'messages[2].tool_calls[0].id': does not match pattern",
    ],
    body => callers(body).some(each => !/^[a-zA-Z0-9]{9}$/.test(each.tool_calls[0].id)),
  ],
]

describe.each(CHAT)('a server that does not take %s', (_, words, isBad, then) => {
  test.each(words)('%s', async message => {
    const { bodies, first, second } = await twoCalls('chat', isBad, { message })
    expect([first.reply?.text, second.reply?.text]).toEqual(['Hi', 'Hi'])
    // The second call knows.
    expect(bodies.slice(0, -2).every(isBad)).toBe(true)
    expect(isBad(bodies.at(-1))).toBe(false)
    then?.(bodies.at(-1))
  })
})

describe('other shapes', () => {
  test('a template that fails with 500 is a refusal, too', async () => {
    const message = 'Jinja Exception: Conversation roles must alternate user/assistant/user/assistant/...'
    const { first } = await twoCalls('chat', body => follows(body, 'user', 'tool'), { status: 500, message })
    expect(first.reply?.text).toBe('Hi')
  })

  test('where no role but user and assistant may be, calls are told in the text', async () => {
    const message = 'Conversation roles must alternate user/assistant/user/assistant/...'
    const { bodies, first } = await twoCalls('chat', body => body.tools || roles(body).includes('tool'), { message })
    expect(first.reply?.text).toBe('Hi')
    expect(roles(bodies.at(-1))).not.toContain('tool')
    expect(JSON.stringify(bodies.at(-1))).toContain('tool_result')
  })

  test('images of a result stand behind an answer as well', async () => {
    const seen: ModelMessage[] = [
      { role: 'user', text: 'Go' },
      call('tc_1'),
      { ...result('tc_1'), images: [{ media_type: 'image/png', data: 'AAAA' }] } as ModelMessage,
    ]
    const isBad = (body: any) => follows(body, 'user', 'tool')
    const { bodies } = await twoCalls(
      'chat',
      isBad,
      { message: "Unexpected role 'user' after role 'tool'" },
      { messages: seen },
    )
    expect(roles(bodies.at(-1))).toEqual(['system', 'user', 'assistant', 'tool', 'assistant', 'user'])
  })

  test('marks of a cache are left out of a request that may not have them', async () => {
    const isBad = (body: any) => JSON.stringify(body).includes('cache_control')
    const { first, bodies } = await twoCalls('anthropic', isBad, {
      message: 'system.0.cache_control: Extra inputs are not permitted',
    })
    expect(first.reply?.text).toBe('Hi')
    expect(isBad(bodies.at(-1))).toBe(false)
  })

  test('text is a string for a server that knows no parts', async () => {
    const isBad = (body: any) => Array.isArray(body.system) || Array.isArray(body.messages[0].content)
    const { first, bodies } = await twoCalls('anthropic', isBad, {
      message: 'messages.0.content: Input should be a valid string',
    })
    expect(first.reply?.text).toBe('Hi')
    expect(bodies.at(-1).messages[0].content).toBe('Go')
  })

  test('in an error within a 200, too', async () => {
    const endpoint = toFamily('chat', { model: 'in-a-200' })
    const error = { error: { code: 400, message: 'System role not supported' } }
    const refusal = { headers: { 'content-type': 'text/event-stream' }, body: `data: ${JSON.stringify(error)}\n\n` }
    answer = ({ body }) => (roles(body).includes('system') ? refusal : say('chat', { text: 'Hi' }))
    const { reply } = await outcomeOf(stream(endpoint, request(), new AbortController().signal))
    expect(reply?.text).toBe('Hi')
  })
})

describe('what no shape helps', () => {
  test('is reported in the words of the server, after a few guesses', async () => {
    const { first, bodies } = await twoCalls('chat', () => true, { message: 'messages: something is wrong' })
    expect(String(first.error)).toContain('something is wrong')
    expect(bodies.length).toBeLessThanOrEqual(10)
    expect(bodies[5]).toEqual(bodies[0])
  })

  test('is not guessed at when the words are about something else', async () => {
    const message = 'tools.3.function.description: string too long, maximum length is 1024 characters'
    const { bodies } = await twoCalls('chat', () => true, { message })
    expect(bodies).toHaveLength(2)
  })
})

describe('an answer that is asked to be too long', () => {
  const asked = { max_output_tokens: 100_000 }
  test.each([
    ['a limit', 'max_tokens is too large: 100000. This model supports at most 4096 completion tokens.', 4_096],
    [
      'what the window has left',
      "'max_tokens' is too large: 100000. This model's maximum context length is 8192 tokens and your request has 2000 input tokens",
      5_882,
    ],
    ['nothing', 'max_tokens is too high', 50_000],
  ])('is lowered, where the words name %s', async (_, message, most) => {
    const { first, bodies } = await twoCalls('chat', body => body.max_tokens > most, { message }, asked)
    expect(first.reply?.text).toBe('Hi')
    expect(bodies[1].max_tokens).toBe(most)
  })
})
