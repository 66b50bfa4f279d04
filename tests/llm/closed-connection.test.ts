import { expect, test } from 'bun:test'
import { stream } from '../../src/llm/stream.ts'
import { startClosingServer } from '../support/closing-server.ts'
import { endpointFor, outcomeOf, request } from '../support/model-call.ts'
import { FAMILIES, say } from '../support/model-replies.ts'

test.each(FAMILIES)('%s: a kept connection that closes as it is used again costs nothing', async family => {
  await using server = await startClosingServer((_body, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).end(say(family, { text: 'Hello' }).join(''))
  })
  const ask = () => outcomeOf(stream(endpointFor(family, server.url), request(), new AbortController().signal))
  for (let i = 0; i < 3; i++) expect((await ask()).reply?.text).toBe('Hello')
  expect(server.requests()).toEqual([2, 1, 1])
})
