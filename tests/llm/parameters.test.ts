import { afterAll, describe, expect, test } from 'bun:test'
import type { ModelRequest } from '../../src/llm/provider.ts'
import { request } from '../support/model-call.ts'
import { startDialogue } from '../support/model-dialogue.ts'
import type { Family } from '../support/model-replies.ts'

const { server, toFamily, ask } = await startDialogue()
afterAll(() => server.close())

type Fields = Record<string, unknown>
const refusal = (message: string, param?: string, status = 400) => ({
  status,
  body: JSON.stringify({ error: { message, type: 'invalid_request_error', ...(param && { param }) } }),
})

/** What a server says, and what of the next request, and of the one after it, shows that it was heard. */
const CASES: [string, Family, ReturnType<typeof refusal>, Partial<ModelRequest>, (body: Fields) => unknown, unknown][] =
  [
    [
      'renamed',
      'chat',
      refusal(
        "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
        'max_tokens',
      ),
      { max_output_tokens: 1_000 },
      body => [body['max_tokens'], body['max_completion_tokens']],
      [undefined, 1_000],
    ],
    [
      'renamed, told by words',
      'chat',
      refusal('Unrecognized request argument supplied: max_tokens'),
      { max_output_tokens: 1_000 },
      body => [body['max_tokens'], body['max_completion_tokens']],
      [undefined, 1_000],
    ],
    [
      'in the other spelling',
      'chat',
      refusal('Argument not supported on this model: reasoningEffort'),
      { effort: 'high' },
      body => body['reasoning_effort'],
      undefined,
    ],
    [
      'a value without the name of its parameter',
      'chat',
      refusal('think value "high" is not supported for this model'),
      { effort: 'high' },
      body => body['reasoning_effort'],
      undefined,
    ],
    [
      'lowered',
      'chat',
      refusal(
        'max_tokens is too large: 100000. This model supports at most 4096 completion tokens, whereas you provided 100000.',
      ),
      { max_output_tokens: 100_000 },
      body => body['max_tokens'],
      4_096,
    ],
    [
      "lowered at Google's own API",
      'gemini',
      refusal(
        'Unable to submit request because it has a maxOutputTokens value of 100000 but the supported range is from 1 (inclusive) to 8193 (exclusive).',
      ),
      { max_output_tokens: 100_000 },
      body => (body['generationConfig'] as Fields)['maxOutputTokens'],
      8_192,
    ],
    [
      "left out at Google's own API",
      'gemini',
      refusal(
        'Invalid JSON payload received. Unknown name "max_output_tokens" at \'generation_config\': Cannot find field.',
      ),
      { max_output_tokens: 1_000 },
      body => 'maxOutputTokens' in (body['generationConfig'] as Fields),
      false,
    ],
    [
      'lowered to the end of a range',
      'chat',
      refusal('Range of max_tokens should be [1, 8192]'),
      { max_output_tokens: 100_000 },
      body => body['max_tokens'],
      8_192,
    ],
    [
      'lowered at Anthropic',
      'anthropic',
      refusal('max_tokens: 100000 > 64000, which is the maximum allowed number of output tokens for the model'),
      { max_output_tokens: 100_000 },
      body => body['max_tokens'],
      64_000,
    ],
    [
      'the nearest effort that is offered',
      'chat',
      refusal(
        "Unsupported value: 'high' is not supported. Supported values are: 'low' and 'medium'.",
        'reasoning_effort',
      ),
      { effort: 'high' },
      body => body['reasoning_effort'],
      'medium',
    ],
    [
      'no effort for a model that does not think',
      'chat',
      refusal('"some-model" does not support thinking'),
      { effort: 'high' },
      body => body['reasoning_effort'],
      undefined,
    ],
    [
      'left out by param',
      'chat',
      refusal('Not allowed here.', 'stream_options'),
      {},
      body => body['stream_options'],
      undefined,
    ],
    [
      'left out by a validation of fields',
      'chat',
      {
        status: 422,
        body: JSON.stringify({
          detail: [{ type: 'extra_forbidden', loc: ['body', 'stream_options'], msg: 'Extra inputs are not permitted' }],
        }),
      },
      {},
      body => body['stream_options'],
      undefined,
    ],
    [
      'strict in every tool',
      'responses',
      refusal("Unknown parameter: 'tools[0].strict'.", 'tools[0].strict'),
      {},
      body => (body['tools'] as Fields[]).map(tool => [tool['name'], tool['strict']]),
      [['read_file', undefined]],
    ],
    [
      'nothing stored',
      'responses',
      refusal("Unsupported parameter: 'store' is not supported."),
      {},
      body => body['store'],
      undefined,
    ],
    [
      'without a stream',
      'chat',
      refusal('Your organization must be verified to stream this model.', 'stream'),
      {},
      body => [body['stream'], body['stream_options']],
      [undefined, undefined],
    ],
  ]

describe('a parameter that a server turns down is mended once, and remembered', () => {
  for (const [name, family, reply, more, look, expected] of CASES)
    test(`${family}: ${name}`, async () => {
      const model = `${family === 'anthropic' ? 'claude-opus-5-5' : 'gpt-5'}-${name.replaceAll(/\W+/g, '-')}`
      const endpoint = toFamily(family, { model })
      const before = server.requests.length
      server.add(reply)
      await ask(endpoint, family, request(more))
      await ask(endpoint, family, request(more))
      const bodies = server.requests.slice(before).map(each => each.body as Fields)
      expect(bodies).toHaveLength(3)
      expect(look(bodies[0]!)).not.toEqual(expected)
      expect(bodies.slice(1).map(look)).toEqual([expected, expected])
    })

  test('neither name: the limit is left out', async () => {
    const endpoint = toFamily('chat', { model: 'no-limits' })
    const before = server.requests.length
    server.add(
      refusal('Unsupported parameter', 'max_tokens'),
      refusal('Unsupported parameter', 'max_completion_tokens'),
    )
    await ask(endpoint, 'chat', request({ max_output_tokens: 9 }))
    const last = server.requests.at(-1)!.body as Fields
    expect(server.requests.length - before).toBe(3)
    expect([last['max_tokens'], last['max_completion_tokens']]).toEqual([undefined, undefined])
  })
})
