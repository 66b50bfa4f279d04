import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import type { ModelMessage } from '../../../src/llm/provider.ts'
import { stream } from '../../../src/llm/stream.ts'
import { CallScanner } from '../../../src/llm/wire/scanner.ts'
import { endpointFor, outcomeOf, READ_FILE, request, textOf } from '../../support/model-call.ts'
import { chat } from '../../support/model-replies.ts'
import { type ModelServer, splitAt, startModelServer } from '../../support/model-server.ts'

const TOOLS = [
  { name: 'read_file', parameters: { properties: { path: { type: 'string' }, from_line: { type: 'integer' } } } },
  { name: 'grep', parameters: { properties: { pattern: { type: 'string' }, deep: { type: ['boolean', 'null'] } } } },
]

function scan(pieces: string[], asked = true) {
  const scanner = new CallScanner(TOOLS, asked)
  const text = pieces.map(piece => scanner.feed(piece)).join('') + scanner.end()
  const calls = scanner.tool_calls.map(({ tool, params, tool_call_id }) => [
    tool,
    scanner.raw_arguments[tool_call_id] ?? params,
  ])
  return { text, calls }
}

const READ = '{"name": "read_file", "arguments": {"path": "a.ts"}}'
const A_TS = { path: 'a.ts' }

/** What models write, what of it is shown, and the calls in it. */
const TEXTS: [string, string, string, [string, object | string][]][] = [
  ['plain text', 'Nothing to do here.', 'Nothing to do here.', []],
  ['a tag', `Let me look.\n<tool_call>\n${READ}\n</tool_call>`, 'Let me look.\n', [['read_file', A_TS]]],
  [
    'two, and no text',
    `<tool_call>${READ}</tool_call>\n<tool_call>{"name":"grep","arguments":{}}</tool_call>\n`,
    '',
    [
      ['read_file', A_TS],
      ['grep', {}],
    ],
  ],
  ['a tag that is not closed', `Ok <tool_call>\n${READ}`, 'Ok ', [['read_file', A_TS]]],
  ['a tag whose closer is cut', `<tool_call>\n${READ}\n</tool_ca`, '', [['read_file', A_TS]]],
  ['a name in the tag', '<tool_call name="read_file">{"path": "a.ts"}</tool_call>', '', [['read_file', A_TS]]],
  ['a fence', `Look:\n\`\`\`json\n${READ}\n\`\`\`\nDone.`, 'Look:\nDone.', [['read_file', A_TS]]],
  ['a fence named after its purpose', `\`\`\`tool_call\n${READ}\n\`\`\``, '', [['read_file', A_TS]]],
  [
    'a list',
    `<tool_call>[${READ}, ${READ}]</tool_call>`,
    '',
    [
      ['read_file', A_TS],
      ['read_file', A_TS],
    ],
  ],
  [
    'other spellings',
    '<tool_call>{"tool":"read_file","parameters":{"path":"a.ts"}}</tool_call>',
    '',
    [['read_file', A_TS]],
  ],
  [
    "OpenAI's spelling",
    '<tool_call>{"type":"function","function":{"name":"read_file","arguments":"{\\"path\\":\\"a.ts\\"}"}}</tool_call>',
    '',
    [['read_file', A_TS]],
  ],
  ['arguments beside the name', '<tool_call>{"name":"read_file","path":"a.ts"}</tool_call>', '', [['read_file', A_TS]]],
  [
    'a closer in a string',
    '<tool_call>{"name":"grep","arguments":{"pattern":"</tool_call>"}}</tool_call>',
    '',
    [['grep', { pattern: '</tool_call>' }]],
  ],
  [
    'a fence in a string',
    '```json\n{"name":"grep","arguments":{"pattern":"\\n```"}}\n```',
    '',
    [['grep', { pattern: '\n```' }]],
  ],
  ['an unknown tool in a tag', '<tool_call>{"name":"fly","arguments":{}}</tool_call>', '', [['fly', {}]]],
  [
    'an unknown tool in a fence is an example',
    '```json\n{"name":"fly","arguments":{}}\n```',
    '```json\n{"name":"fly","arguments":{}}\n```',
    [],
  ],
  [
    'JSON that is no call',
    'A config:\n```json\n{"name": 1}\n```\nfine',
    'A config:\n```json\n{"name": 1}\n```\nfine',
    [],
  ],
  ['JSON with other keys', '```json\n{"port": 1}\n```', '```json\n{"port": 1}\n```', []],
  ['code', '```ts\nconst a = `x`\n```\n', '```ts\nconst a = `x`\n```\n', []],
  ['a fence within a line', `Write \`\`\`json\n${READ}\n\`\`\``, `Write \`\`\`json\n${READ}\n\`\`\``, []],
  [
    'broken arguments in a tag',
    '<tool_call>{"name": "grep", "arguments": {oops}}</tool_call>',
    '',
    [['grep', '{"name": "grep", "arguments": {oops}}']],
  ],
  [
    'arguments cut off',
    '<tool_call>{"name": "grep", "arguments": {"pattern": "x',
    '',
    [['grep', '{"name": "grep", "arguments": {"pattern": "x']],
  ],
  ['a tag around something else', '<tool_call>hello</tool_call> there', '<tool_call>hello</tool_call> there', []],
  ['less-than signs', 'if a < b and <tool_x> or <to', 'if a < b and <tool_x> or <to', []],
  [
    'a result that the model made up',
    `<tool_call>${READ}</tool_call>\n<tool_result name="read_file">\nsecret\n</tool_result>\nSo it is.`,
    '',
    [['read_file', A_TS]],
  ],
  ['a word about results', 'The <tool_result> block comes next.', 'The <tool_result> block comes next.', []],
]

describe('CallScanner', () => {
  for (const [name, input, text, calls] of TEXTS)
    test(`${name}, cut anywhere`, () => {
      const expected: unknown = { text, calls }
      expect(scan([input]) as unknown).toEqual(expected)
      for (let at = 0; at <= input.length; at++)
        for (let to = at; to <= input.length; to += 3)
          expect(scan([input.slice(0, at), input.slice(at, to), input.slice(to)]) as unknown).toEqual(expected)
      expect(scan([...input]) as unknown).toEqual(expected)
    })

  test('shows text as soon as it cannot be part of a call', () => {
    const scanner = new CallScanner(TOOLS, true)
    expect(['a <', 'b> c', '\n``', '`py', '\nx'].map(piece => scanner.feed(piece))).toEqual([
      'a ',
      '<b> c',
      '\n',
      '',
      '```py\nx',
    ])
  })

  test('whatever comes, the same in any pieces', () => {
    const piece = fc.oneof(
      fc.constantFrom(
        '<tool_call>',
        '</tool_call>',
        '```json\n',
        '\n```',
        '```',
        '<tool_result',
        '"',
        '\\',
        '{',
        '}',
        '\n',
        READ,
      ),
      fc.string({ maxLength: 6 }),
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 14 }), pieces => {
        const whole = scan([pieces.join('')])
        expect(scan(pieces)).toEqual(whole)
        expect(scan([...pieces.join('')])).toEqual(whole)
      }),
      { numRuns: 3_000 },
    )
  })
})

describe('a server without native tool calling', () => {
  let server: ModelServer
  beforeAll(async () => {
    server = await startModelServer()
  })
  afterAll(() => server.close())

  const messages: ModelMessage[] = [
    { role: 'user', text: 'What is in a.ts?' },
    {
      role: 'assistant',
      text: 'Let me look.',
      tool_calls: [{ tool_call_id: 'tc_1', tool: 'read_file', params: A_TS }],
      model: 'm',
    },
    { role: 'tool', tool_call_id: 'tc_1', tool: 'read_file', content: 'oops </tool_result>', is_error: true },
  ]

  test('gets tools, calls and results as text, and is understood', async () => {
    const endpoint = endpointFor('chat', server.url, {
      info: { id: 'local/m', provider: 'local', usable: true, tools: false },
    })
    const said = Buffer.from(chat({ text: `Again.\n<tool_call>\n${READ}\n</tool_call>` }).join(''))
    server.add(splitAt(said, [said.indexOf('_call>') + 2]))
    const { reply, events } = await outcomeOf(stream(endpoint, request({ messages }), new AbortController().signal))
    expect(textOf(events)).toBe('Again.\n')
    expect(reply).toMatchObject({
      text: 'Again.\n',
      stop_reason: 'tool_use',
      tool_calls: [{ tool: 'read_file', params: A_TS }],
    })

    const { body } = server.requests[0]!
    expect(body.tools).toBeUndefined()
    expect(body.messages[0].content).toContain(`## read_file\nReads a file.\n${JSON.stringify(READ_FILE.parameters)}`)
    expect(body.messages.slice(1)).toEqual([
      { role: 'user', content: 'What is in a.ts?' },
      {
        role: 'assistant',
        content: 'Let me look.\n\n<tool_call>\n{"name":"read_file","arguments":{"path":"a.ts"}}\n</tool_call>',
      },
      { role: 'user', content: '<tool_result name="read_file" error="true">\noops <\\/tool_result>\n</tool_result>' },
    ])
  })

  const REFUSALS: [string, number, string][] = [
    ['Ollama', 400, 'registry.ollama.ai/library/gemma:2b does not support tools'],
    ['llama.cpp', 500, 'tools param requires --jinja flag'],
    ['vLLM', 400, '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set'],
  ]
  for (const [name, status, message] of REFUSALS)
    test(`${name} says so itself, once`, async () => {
      const endpoint = endpointFor('chat', server.url, { model: `without-tools-${name}` })
      const before = server.requests.length
      server.add(
        { status, body: JSON.stringify({ error: { message } }) },
        chat({ text: `<tool_call>${READ}</tool_call>` }),
        chat({ text: 'Done.' }),
      )
      const first = await outcomeOf(stream(endpoint, request(), new AbortController().signal))
      expect(first.reply).toMatchObject({ text: '', stop_reason: 'tool_use', tool_calls: [{ tool: 'read_file' }] })
      const second = await outcomeOf(stream(endpoint, request(), new AbortController().signal))
      expect(second.reply).toMatchObject({ text: 'Done.', stop_reason: 'end_turn', tool_calls: [] })
      expect(server.requests.slice(before).map(({ body }) => 'tools' in body)).toEqual([true, false, false])
    })

  test('cut inside a call: the text before it, and no call', async () => {
    const endpoint = endpointFor('chat', server.url, {
      info: { id: 'local/m', provider: 'local', usable: true, tools: false },
    })
    const frames = chat({ text: ['Look: ', `<tool_call>${READ}`] })
    server.add(frames.slice(0, 3))
    const { error } = await outcomeOf(stream(endpoint, request(), new AbortController().signal))
    expect(error).toMatchObject({ code: 'LLM_STREAM', shown: true, partial: { text: 'Look: ', tool_calls: [] } })
  })
})
