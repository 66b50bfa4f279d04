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
]

function split(pieces: string[]) {
  const tag = new ThinkTag()
  const parts = [...pieces.map(piece => tag.feed(piece)), tag.end()]
  return [parts.map(part => part.thinking).join(''), parts.map(part => part.text).join('')]
}

for (const [input, thinking, text] of TEXTS)
  test(`${JSON.stringify(input)}, cut anywhere`, () => {
    for (let at = 0; at <= input.length; at++)
      for (let to = at; to <= input.length; to++)
        expect(split([input.slice(0, at), input.slice(at, to), input.slice(to)])).toEqual([thinking, text])
    expect(split([...input])).toEqual([thinking, text])
  })

test('in answers of local servers, and of no others', () => {
  const bytes = [Buffer.from(chat({ text: ['<th', 'ink>Hm</think>', '\n\nYes.'] }).join(''))]
  const local = endpointFor('chat')
  const { events, reply } = readPieces(local, chatReader(local), bytes)
  expect([thinkingOf(events), textOf(events), reply?.thinking, reply?.text]).toEqual(['Hm', 'Yes.', 'Hm', 'Yes.'])
  const openai = endpointFor('responses')
  expect(readPieces(openai, chatReader(openai), bytes).reply?.text).toBe('<think>Hm</think>\n\nYes.')
})
