import { expect, test } from 'bun:test'
import { chatReader } from '../../../src/llm/openai/openai-reader.ts'
import { ThinkTag } from '../../../src/llm/wire/think-tag.ts'
import { endpointFor, readPieces, textOf, thinkingOf } from '../../support/model-call.ts'
import { chat } from '../../support/model-replies.ts'

const TEXTS: [string, string, string][] = [
  ['<think>Hm, well.</think>\n\nYes.', 'Hm, well.', 'Yes.'],
  ['\n<think>\nHm</think>Yes.\n', '\nHm', 'Yes.\n'],
  ['<think></think>Yes', '', 'Yes'],
  ['<think>never closed </thin', 'never closed </thin', ''],
  ['<think>a < b </ </think> <think>not this', 'a < b </ ', '<think>not this'],
  ['Say <think> aloud</think>', '', 'Say <think> aloud</think>'],
  ['<thi', '', '<thi'],
  ['<thimble>', '', '<thimble>'],
  [' \n', '', ' \n'],
  ['  indented', '', '  indented'],
  ['<thinking>Hm</thinking>Yes', 'Hm', 'Yes'],
  ['<thought>Hm</thought>Yes', 'Hm', 'Yes'],
  ['<reasoning>a </think> b</reasoning>Yes', 'a </think> b', 'Yes'],
  ['<Think>İ Hm</THINK>\nYes', 'İ Hm', 'Yes'],
  ['[THINK]Hm[/THINK]Yes', 'Hm', 'Yes'],
  ['◁think▷Hm◁/think▷Yes', 'Hm', 'Yes'],
  ['<|START_THINKING|>Hm<|END_THINKING|>Yes', 'Hm', 'Yes'],
  ['<mm:think>Hm</mm:think>\nYes', 'Hm', 'Yes'],
  ['<|inner_prefix|>Hm<|inner_suffix|>Yes', 'Hm', 'Yes'],
  ['<|channel>thought\nHm<channel|>Yes', '\nHm', 'Yes'],
  ['<|START_THINKING|>Hm<|END_THINKING|><|START_RESPONSE|>Yes. <b<|END_RESPONSE|>', 'Hm', 'Yes. <b'],
  ['<|begin_of_thought|>Hm<|end_of_thought|>\n<|begin_of_solution|>\nYes\n<|end_of_solution|>\n', 'Hm', 'Yes'],
  ['<think>\nHm</think>\n<answer>\nYes </answer> or\nno\n</answer>', '\nHm', 'Yes </answer> or\nno'],
  ['<think>Hm</think><answer>Yes, no closing < tag', 'Hm', 'Yes, no closing < tag'],
  ['<think>Hm</think><answers>', 'Hm', '<answers>'],
  ['<answer>Yes</answer>', '', '<answer>Yes</answer>'],
  ['Okay, go.\n</think>\n\nYes.', 'Okay, go.\n', 'Yes.'],
  ['Okay.</think>Yes.', 'Okay.', 'Yes.'],
  ['Okay. </think> Yes.', 'Okay. ', 'Yes.'],
  ['Okay: `x < y`\n[/THINK]Yes', 'Okay: `x < y`\n', 'Yes'],
  ['</think>\n\nYes </think> no', '', 'Yes </think> no'],
  ['Okay\n</thinking>', 'Okay\n', ''],
  ['Okay\n</think', '', 'Okay\n</think'],
  ['The tag `</think>` closes, `<think>` opens it.', '', 'The tag `</think>` closes, `<think>` opens it.'],
  ['The </think> tag closes it.', '', 'The </think> tag closes it.'],
  ['It is "</think>" here', '', 'It is "</think>" here'],
  ['See:\n```\n</think>\n```\nDone', '', 'See:\n```\n</think>\n```\nDone'],
  ['See `</think>` here.\n</think>\nYes', 'See `</think>` here.\n', 'Yes'],
  ['a < b and a[0] </b> <|x|>', '', 'a < b and a[0] </b> <|x|>'],
]

function split(pieces: string[]) {
  const tag = new ThinkTag()
  let thinking = ''
  let text = ''
  for (const part of [...pieces.map(piece => tag.feed(piece)), tag.end()]) {
    if (part.rethink) [thinking, text] = [thinking + text, '']
    thinking += part.thinking
    text += part.text
  }
  return [thinking, text]
}

for (const [input, thinking, text] of TEXTS)
  test(`${JSON.stringify(input)}, cut anywhere`, () => {
    for (let at = 0; at <= input.length; at++)
      for (let to = at; to <= input.length; to++)
        expect(split([input.slice(0, at), input.slice(at, to), input.slice(to)])).toEqual([thinking, text])
    expect(split([...input])).toEqual([thinking, text])
  })

const HARMONIES: [string, string, string, [string, object][]][] = [
  [
    '<|channel|>analysis<|message|>Hm <|x|> <<|end|><|start|>assistant<|channel|>final<|message|>Yes.<|return|>',
    'Hm <|x|> <',
    'Yes.',
    [],
  ],
  ['analysis<|message|>Hm<|end|><|start|>assistant<|channel|>final<|message|>Yes.', 'Hm', 'Yes.', []],
  ['Hm, go.<|end|><|start|>assistant<|channel|>final<|message|>Yes.', 'Hm, go.', 'Yes.', []],
  [
    '<|channel|>analysis<|message|>Hm<|end|><|start|>assistant<|channel|>commentary to=functions.read_file <|constrain|>json<|message|>{"path":"a<|"}<|call|>',
    'Hm',
    '',
    [['read_file', { path: 'a<|' }]],
  ],
  ['<|start|>assistant to=functions.grep<|channel|>commentary json<|message|>{}', '', '', [['grep', {}]]],
  ['<|channel|>commentary<|message|>I will look.<|end|>', '', 'I will look.', []],
  // The same without its tokens.
  ['analysisHm, 2 < 3.assistantfinalYes: assistantfinal.', 'Hm, 2 < 3.', 'Yes: assistantfinal.', []],
  [
    'analysisuser says “assistantfinal” here: "assistantfinal".assistantfinal\nYes',
    'user says “assistantfinal” here: "assistantfinal".',
    'Yes',
    [],
  ],
  ['analysisHm.assistantcommentary to=functions.read_file json{"path":"a"}', 'Hm.', '', [['read_file', { path: 'a' }]]],
  ['commentary to=functions.grepjson{"pattern":"b"}', '', '', [['grep', { pattern: 'b' }]]],
  ['analysisResult is the name, assistant is another.', '', 'analysisResult is the name, assistant is another.', []],
  ['analysis of the answer: assistantfinal', '', 'analysis of the answer: assistantfinal', []],
  ['analysis', '', 'analysis', []],
  ['The word:analysisHm.assistantfinalYes', '', 'The word:analysisHm.assistantfinalYes', []],
  ['The token <|channel|> begins a channel.', '', 'The token <|channel|> begins a channel.', []],
]
for (const [input, thinking, text, calls] of HARMONIES)
  test(`${JSON.stringify(input)}, cut anywhere`, () => {
    const local = endpointFor('chat')
    const read = (...pieces: string[]) => {
      const { reply } = readPieces(local, chatReader(local), [Buffer.from(chat({ text: pieces }).join(''))])
      return [
        reply?.thinking ?? '',
        reply?.text,
        reply?.tool_calls.map(({ tool, params }) => [tool, params]),
      ] as unknown
    }
    for (let at = 0; at <= input.length; at++)
      expect(read(input.slice(0, at), input.slice(at))).toEqual([thinking, text, calls])
    expect(read(...input)).toEqual([thinking, text, calls])
  })

test('a tag that nothing opened takes back what was shown', () => {
  const bytes = ['Okay, ', 'go.\n', '</thi', 'nk>', '\n\nYes.'].map(text =>
    Buffer.from(chat({ text }).slice(0, -2).join('')),
  )
  const local = endpointFor('chat')
  const last = Buffer.from(chat({ text: '' }).join(''))
  const { events, reply } = readPieces(local, chatReader(local), [...bytes, last])
  expect([reply?.thinking, reply?.text]).toEqual(['Okay, go.\n', 'Yes.'])
  expect(events.filter(event => event.type === 'text')).toEqual([
    { type: 'text', text: 'Okay, ' },
    { type: 'text', text: 'go.\n' },
    { type: 'text', text: '', replace: true },
    { type: 'text', text: 'Yes.' },
  ])
})

test('in answers of local servers, and of no others', () => {
  const bytes = [Buffer.from(chat({ text: ['<th', 'ink>Hm</think>', '\n\nYes.'] }).join(''))]
  const local = endpointFor('chat')
  const { events, reply } = readPieces(local, chatReader(local), bytes)
  expect([thinkingOf(events), textOf(events), reply?.thinking, reply?.text]).toEqual(['Hm', 'Yes.', 'Hm', 'Yes.'])
  const openai = endpointFor('responses')
  expect(readPieces(openai, chatReader(openai), bytes).reply?.text).toBe('<think>Hm</think>\n\nYes.')
})
