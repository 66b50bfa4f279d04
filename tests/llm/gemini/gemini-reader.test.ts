import { test } from 'bun:test'
import { check, type Expected, sse } from '../../support/reader-case.ts'

const part = (parts: object[], finishReason?: string) => ({ candidates: [{ content: { parts }, finishReason }] })

const GEMINI: [string, string, Expected][] = [
  ['thoughts', sse(part([{ text: 'Hm', thought: true }, { text: 'Hi' }], 'STOP')), { text: 'Hi', thinking: 'Hm' }],
  [
    'a list instead of a stream',
    JSON.stringify([part([{ text: 'H' }]), part([{ text: 'i' }], 'STOP')]),
    { text: 'Hi' },
  ],
  [
    'two calls of one tool, without ids',
    sse(part([{ functionCall: { name: 'f', args: { x: 1 } } }, { functionCall: { name: 'f' } }], 'STOP')),
    {
      calls: [
        ['f', { x: 1 }],
        ['f', {}],
      ],
      stop: 'tool_use',
    },
  ],
  [
    'a signature on text, even an empty one',
    sse(part([{ text: 'H' }]), part([{ text: 'i' }]), part([{ text: '', thoughtSignature: 's' }], 'STOP')),
    { text: 'Hi', kept: { parts: [{ text: 'Hi', thoughtSignature: 's' }] } },
  ],
  ['a finish on every event', sse(part([{ text: 'H' }], 'STOP'), part([{ text: 'i' }], 'STOP')), { text: 'Hi' }],
  ['the limit', sse(part([{ text: 'H' }], 'MAX_TOKENS')), { text: 'H', stop: 'max_tokens' }],
  ['held back', sse(part([{ text: 'H' }], 'SAFETY')), { text: 'H', stop: 'refusal' }],
  ['a prompt held back', sse({ promptFeedback: { blockReason: 'SAFETY' } }), { stop: 'refusal' }],
  ['a call that Google cannot read', sse(part([], 'MALFORMED_FUNCTION_CALL')), { error: 'LLM_OVERLOADED' }],
  [
    'an error',
    JSON.stringify([{ error: { code: 503, message: 'The model is overloaded.', status: 'UNAVAILABLE' } }]),
    { error: 'LLM_OVERLOADED' },
  ],
  [
    'usage with the cache',
    sse({
      ...part([{ text: 'Hi' }], 'STOP'),
      usageMetadata: {
        promptTokenCount: 9,
        cachedContentTokenCount: 4,
        candidatesTokenCount: 2,
        thoughtsTokenCount: 3,
      },
    }),
    { text: 'Hi', usage: [5, 5, 4, 0] },
  ],
]

for (const [name, body, expected] of GEMINI) test(name, () => check('gemini', body, expected))

test('a server that answers another API in this format is understood', () => {
  for (const [, body, expected] of GEMINI)
    for (const family of ['chat', 'responses', 'gemini'] as const) check(family, body, expected)
})
