import { test } from 'bun:test'
import * as fc from 'fast-check'
import type { ModelMessage } from '../../src/llm/provider.ts'
import { builtinTools } from '../../src/tools/registry.ts'
import { reply } from './reply.ts'

const WORDS = fc.constantFrom(
  ...'list read show search for find create write append edit replace delete run commit with message to in from and then git status diff log branch push plan tour help this file the a.txt src *.ts "a b" `ls` \'x\' “y” ``` \n , . ? ! : - 1. TODO README.md all everything please can you'.split(
    ' ',
  ),
)
const PROMPT = fc.oneof(
  fc.array(WORDS, { maxLength: 14 }).map(words => words.join(' ')),
  fc.string({ unit: 'binary', maxLength: 200 }),
)
const CONTENT = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom(
    '',
    '[{"name":"README.md"}]',
    '[{"name":',
    '[3]{name,type}:\n  a,b',
    '1\tx\n[Lines 1-1. Go on with offset 2.]',
    '[exit status 1]',
    'On branch x.',
  ),
)

test('any prompt and any results end in a reply, by valid calls alone', async () => {
  const tools = new Map(builtinTools.map(tool => [tool.name, tool]))
  await fc.assert(
    fc.asyncProperty(PROMPT, fc.infiniteStream(fc.tuple(CONTENT, fc.boolean())), async (prompt, results) => {
      const messages: ModelMessage[] = [{ role: 'user', text: prompt }]
      for (let round = 0; round < 200; round++) {
        const { text, tool_calls } = await reply(messages)
        messages.push({ role: 'assistant', text, tool_calls, model: 'offline/guide' })
        if (tool_calls.length === 0) return
        for (const { tool_call_id, tool, params } of tool_calls) {
          tools.get(tool)!.parse(params)
          const [content, is_error] = results.next().value
          messages.push({ role: 'tool', tool_call_id, tool, content, is_error })
        }
      }
      throw new Error('came to no end')
    }),
    { numRuns: 300 },
  )
})
