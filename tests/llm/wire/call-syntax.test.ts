import { describe, expect, test } from 'bun:test'
import { CallScanner } from '../../../src/llm/wire/scanner.ts'
import { offeredName } from '../../../src/llm/wire/tool-name.ts'

const TOOLS = [
  { name: 'read_file', parameters: { properties: { path: { type: 'string' }, from_line: { type: 'integer' } } } },
  { name: 'grep', parameters: { properties: { pattern: { type: 'string' }, deep: { type: ['boolean', 'null'] } } } },
]

function scan(pieces: string[], asked: boolean) {
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

const D = '｜'
const CALL: [string, object][] = [['read_file', A_TS]]
/** What servers that take tools leave in the text, or in the thinking: what of it is shown, and the calls. */
const LEFT: [string, string, string, [string, object | string][]][] = [
  ['Hermes', `<tool_call>\n${READ}\n</tool_call>`, '', CALL],
  [
    'Qwen3 Coder',
    'Ok.\n<tool_call>\n<function=read_file>\n<parameter=path>\na.ts\n</parameter>\n<parameter=from_line>\n7\n</parameter>\n</function>\n</tool_call>',
    'Ok.\n',
    [['read_file', { path: 'a.ts', from_line: 7 }]],
  ],
  [
    'Qwen3 Coder, a value with its own tags in it',
    '<tool_call><function=grep><parameter=pattern>\n</parameter> or </tool_call> x\n\n</parameter></function></tool_call>',
    '',
    [['grep', { pattern: '</parameter> or </tool_call> x\n' }]],
  ],
  [
    'Qwen3 Coder, without the outer tag, twice',
    '<function=read_file>\n<parameter=path>a.ts</parameter>\n</function>\n<function=grep>\n<parameter=deep>true</parameter>\n</function>',
    '',
    [...CALL, ['grep', { deep: true }]],
  ],
  ['Llama 3', '<function=read_file>{"path": "a.ts"}</function>', '', CALL],
  ['Llama 3.1', '{"type": "function", "name": "read_file", "parameters": {"path": "a.ts"}}', '', CALL],
  ['Llama, with its token', '<|python_tag|>{"name": "read_file", "parameters": {"path": "a.ts"}}<|eom_id|>', '', CALL],
  ['Mistral', `[TOOL_CALLS][${READ}]`, '', CALL],
  [
    'Mistral, newer',
    `[TOOL_CALLS]read_file[ARGS]{"path": "a.ts"}[TOOL_CALLS]grep[CALL_ID]abc[ARGS]{}`,
    '',
    [...CALL, ['grep', {}]],
  ],
  [
    'DeepSeek V3',
    `<${D}tool▁calls▁begin${D}><${D}tool▁call▁begin${D}>function<${D}tool▁sep${D}>read_file\n\`\`\`json\n{"path": "a.ts"}\n\`\`\`<${D}tool▁call▁end${D}><${D}tool▁calls▁end${D}>`,
    '',
    CALL,
  ],
  [
    'DeepSeek V3.1',
    `Hm.<${D}tool▁calls▁begin${D}><${D}tool▁call▁begin${D}>read_file<${D}tool▁sep${D}>{"path": "a.ts"}<${D}tool▁call▁end${D}><${D}tool▁call▁begin${D}>grep<${D}tool▁sep${D}>{}<${D}tool▁call▁end${D}><${D}tool▁calls▁end${D}>`,
    'Hm.',
    [...CALL, ['grep', {}]],
  ],
  [
    'DeepSeek V3.2',
    `<${D}DSML${D}function_calls>\n<${D}DSML${D}invoke name="read_file">\n<${D}DSML${D}parameter name="path" string="true">a.ts</${D}DSML${D}parameter>\n</${D}DSML${D}invoke>\n</${D}DSML${D}function_calls>`,
    '',
    CALL,
  ],
  [
    'Kimi',
    '<|tool_calls_section_begin|><|tool_call_begin|>functions.read_file:0<|tool_call_argument_begin|>{"path":"a.ts"}<|tool_call_end|><|tool_call_begin|>functions.grep:1<|tool_call_argument_begin|>{}<|tool_call_end|><|tool_calls_section_end|>',
    '',
    [...CALL, ['grep', {}]],
  ],
  [
    'GLM',
    '<tool_call>read_file\n<arg_key>path</arg_key>\n<arg_value>a.ts</arg_value>\n<arg_key>from_line</arg_key>\n<arg_value>7</arg_value>\n</tool_call>',
    '',
    [['read_file', { path: 'a.ts', from_line: 7 }]],
  ],
  ['GLM, nothing to say', '<tool_call>grep\n</tool_call>', '', [['grep', {}]]],
  [
    'MiniMax',
    '<minimax:tool_call>\n<invoke name="read_file">\n<parameter name="path">a.ts</parameter>\n</invoke>\n</minimax:tool_call>',
    '',
    CALL,
  ],
  ['elements alone', '<invoke name="read_file">\n<parameter name="path">a.ts</parameter>\n</invoke>', '', CALL],
  [
    'Command',
    '<|START_ACTION|>[{"tool_call_id":"0","tool_name":"read_file","parameters":{"path":"a.ts"}}]<|END_ACTION|>',
    '',
    CALL,
  ],
  ['Granite', `<|tool_call|>[${READ}]`, '', CALL],
  [
    'Seed OSS',
    '<seed:tool_call>\n<function=read_file>\n<parameter=path>a.ts</parameter>\n</function>\n</seed:tool_call>',
    '',
    CALL,
  ],
  ['InternLM', `Hm.<|action_start|><|plugin|>${READ}<|action_end|>`, 'Hm.', CALL],
  ['LFM2', '<|tool_call_start|>[read_file(path="a.ts"), grep()]<|tool_call_end|>', '', [...CALL, ['grep', {}]]],
  ['Nemotron', `<TOOLCALL>[${READ}]</TOOLCALL>`, '', CALL],
  ['Qwen2.5 Coder', `<tools>\n${READ}\n</tools>`, '', CALL],
  [
    'Apertus',
    '<|tools_prefix|>[{"read_file": {"path": "a.ts"}}, {"grep": {}}]<|tools_suffix|>',
    '',
    [...CALL, ['grep', {}]],
  ],
  [
    'Step3',
    `<${D}tool_calls_begin${D}><${D}tool_call_begin${D}>function<${D}tool_sep${D}><steptml:invoke name="read_file"><steptml:parameter name="path">a.ts</steptml:parameter></steptml:invoke><${D}tool_call_end${D}><${D}tool_calls_end${D}>`,
    '',
    CALL,
  ],
  ['quotes of Python', "<tool_call>\n{'name': 'read_file', 'arguments': {'path': 'a.ts'}}\n</tool_call>", '', CALL],
  ['a comma at the end', '<tool_call>{"name": "read_file", "arguments": {"path": "a.ts",},}</tool_call>', '', CALL],
  [
    'another spelling of the name',
    '<tool_call>{"name":"functions.readFile","arguments":{"path":"a.ts"}}</tool_call>',
    '',
    CALL,
  ],
  ['bare JSON', `Let me look.\n\n${READ}\n`, 'Let me look.\n\n', CALL],
  ['bare JSON, a list', `[${READ}]`, '', CALL],
  ['a fence at the end', `Let me look.\n\`\`\`json\n${READ}\n\`\`\`\n`, 'Let me look.\n', CALL],
]
const MENTIONED = [
  `Qwen writes:\n\n\`\`\`xml\n<tool_call>\n${READ}\n</tool_call>\n\`\`\`\n\nThat is all.`,
  `A call looks like this:\n\`\`\`json\n${READ}\n\`\`\`\nThat is all.`,
  `A call is ${READ}, on one line.`,
  `${READ}\nis what a call looks like.`,
  `Write \`<tool_call>${READ}</tool_call>\` to call.`,
  'The <tool_call> tag is what Hermes uses, <function=NAME> is Qwen, [TOOL_CALLS] is Mistral.',
  'Kimi uses `<|tool_call_begin|>`; DeepSeek `<｜tool▁calls▁begin｜>`.',
  '{"name": "left-pad", "arguments": {}}',
  '{"name": "read_file"}',
  '```json\n{"name": "grep", "version": "1.0.0"}\n```',
  '````md\n```\n<tool_call>{}</tool_call>\n```\n````\n',
  '[a link](b) and [x] and { y }',
  '<tools>{"name": "fly", "arguments": {}}</tools>',
  '<tools>{"fly": {"name": "grep"}}</tools>',
  '<tools>\n  <tool>saw</tool>\n</tools>',
  '{"grep": {"input": "x"}} is no call.',
]

describe('a server that should have read the calls', () => {
  const cut = (input: string, expected: object) => {
    expect(scan([input], false) as object).toEqual(expected)
    for (let at = 0; at <= input.length; at++)
      expect(scan([input.slice(0, at), input.slice(at)], false) as object).toEqual(expected)
    expect(scan([...input], false) as object).toEqual(expected)
  }
  for (const [name, input, text, calls] of LEFT) test(`${name}, cut anywhere`, () => cut(input, { text, calls }))
  for (const text of MENTIONED) test(`only spoken of: ${JSON.stringify(text)}`, () => cut(text, { text, calls: [] }))

  test('what looks like calls and is none costs no more with each', () => {
    const odd = '<tool_call>{"name": ["</tool_call>"'.repeat(3_000) + '\n{"name":"'.repeat(3_000)
    const { text } = scan([odd], false)
    expect(text.length).toBeGreaterThan(0)
    expect(scan(['<tool_call>{"a":"', ...Array(50_000).fill('x</tool_call>')], false).calls).toEqual([])
  })
})

const F = '```'
const DEEP: [string, object][] = [
  ['grep', { pattern: "it's ]), \n", deep: true }],
  ['read_file', { path: 'a.ts', from_line: 7 }],
]
/** In Python's spelling, and as models of other families write their elements. */
const PYTHON: [string, string, [string, object][]][] = [
  ['Llama, Gemma', '[read_file(path="a.ts")]', CALL],
  ['several', String.raw`[grep(pattern='it\'s ]), \n', deep=True), read_file(path="a.ts", from_line=7)]`, DEEP],
  ['nothing in it', '[grep()]', [['grep', {}]]],
  [
    'values of all kinds',
    '[grep(pattern={"a": [1, -2.5, None], \'b\': ("c" "d", False)})]',
    [['grep', { pattern: { a: [1, -2.5, null], b: ['cd', false] } }]],
  ],
  ['Gemini', `${F}tool_code\nprint(default_api.read_file(path='a.ts'))\n${F}`, CALL],
  ['Gemma', `${F}tool_code\nread_file(path="""a.ts""")\n${F}\n`, CALL],
  ['two lines', `${F}tool_code\nread_file(path='a.ts')\ngrep()\n${F}`, [...CALL, ['grep', {}]]],
  ['GPT', 'functions.read_file({"path": "a.ts"})', CALL],
  ['GPT, in Python', 'print(functions.read_file(path="a.ts"))', CALL],
  ['tokens around it', '<|python_tag|>read_file(path="a.ts")<|eom_id|>', CALL],
  [
    'elements',
    '<function_calls>\n<invoke name="read_file">\n<parameter name="path">a.ts</parameter>\n</invoke>\n</function_calls>',
    CALL,
  ],
]
for (const [space, what] of [['antml:', 'elements with a prefix']] as const)
  PYTHON.push([
    what,
    `<${space}function_calls>\n<${space}invoke name="read_file">\n<${space}parameter name="path">a.ts</${space}parameter>\n</${space}invoke>\n</${space}function_calls>`,
    CALL,
  ])

describe('in the spelling of other trades', () => {
  for (const [what, written, calls] of PYTHON)
    test(`${what}, cut anywhere`, () => {
      const text = `I look.\n\n${written}`
      for (let at = 0; at <= text.length; at++)
        expect(scan([text.slice(0, at), text.slice(at)], false)).toEqual({
          text: 'I look.\n\n',
          calls: calls as never,
        })
      expect(scan([...text], false)).toEqual({ text: 'I look.\n\n', calls: calls as never })
    })

  const SPOKEN = [
    '[read_file(path="a.ts")] is how it is called.',
    '[read_file(path="a.ts")](https://example.com)',
    '[fly(high=True)]',
    '[see](a.md), [ ] and [x]',
    'Call `functions.read_file({"path": "a.ts"})`.',
    'Use functions.read_file({"path": "a.ts"})',
    'functions.fly({})',
    'functions.read_file({"path": "a.ts"}) reads it.',
    'functions.read_file({"path": "a.ts"',
    'functions are values; definitions, prints',
    'print(functions.length)',
    `${F}python\nread_file(path="a.ts")\n${F}`,
    `${F}python\n[read_file(path="a.ts")]\n${F}`,
    `${F}\nfunctions.read_file({"path": "a.ts"})\n${F}`,
    `${F}tool_code\nread_file(path="a.ts")\n${F}\nis how.`,
    `${F}tool_code\nimport os\n${F}`,
    '[read_file("a.ts")]',
    '[read_file(path=a.ts)]',
  ]
  for (const text of SPOKEN)
    test(`text: ${JSON.stringify(text)}`, () => {
      for (let at = 0; at <= text.length; at++)
        expect(scan([text.slice(0, at), text.slice(at)], false)).toEqual({ text, calls: [] })
      expect(scan([...text], false)).toEqual({ text, calls: [] })
    })

  test('much of it is read in linear time', () => {
    for (const piece of [
      'functions.grep(',
      '[grep(',
      '[grep()]\n',
      'print(',
      '[grep(pattern="',
      '[grep(pattern=[[[[',
      'functions.grep({"a":',
    ])
      for (const text of [piece.repeat(20_000), `${piece}\n`.repeat(20_000)]) {
        const { calls, text: shown } = scan(text.match(/[\s\S]{1,1000}/g)!, false)
        expect(calls.length === 0 ? shown === text : calls.length === 20_000).toBe(true)
      }
  })
})

test.each([
  'read_file<|channel|>commentary',
  'read_file<|channel|>json <|constrain|>',
  'read_file()',
  'functions.read_file:0',
  ' read-file ',
])('%j means read_file', name => {
  expect(offeredName(name, ['read_file', 'grep'])).toBe('read_file')
})
