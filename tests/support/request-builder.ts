import { afterAll, beforeAll } from 'bun:test'
import { createAttachments } from '../../src/agent/attachments.ts'
import { createFit, type Fit } from '../../src/agent/context.ts'
import { createReader } from '../../src/agent/history.ts'
import { buildRequest } from '../../src/agent/request.ts'
import type { Event, Stored } from '../../src/event.ts'
import type { ModelInfo, ModelMessage, ModelRequest } from '../../src/llm/provider.ts'
import { stream } from '../../src/llm/stream.ts'
import type { growingLog } from './growing-log.ts'
import { endpointFor } from './model-call.ts'
import { chat, type Said } from './model-replies.ts'
import { type ModelServer, type Script, startModelServer } from './model-server.ts'

export const code = (lines: number, seed = 1) =>
  Array.from({ length: lines }, (_, i) => `${i + 1}\texport const value${seed}_${i} = compute(${i}, 'name')`).join('\n')

/** Tokens of history that fit, with a prefix of nothing: the window is this and a quarter for the answer. */
const windowOf = (room: number) => Math.ceil((room * 4) / 3)

export const compactions = (events: readonly Event[]) =>
  events.flatMap(e => (e.type === 'context.compacted' ? [e] : []))

export const textOf = (message: ModelMessage) => (message.role === 'tool' ? message.content : message.text)

/** A model server for all tests of a file; `builder` makes requests that go to it, as a session makes them. */
export function requestBuilders() {
  let server: ModelServer
  beforeAll(async () => {
    server = await startModelServer()
  })
  afterAll(() => server.close())

  function builder(
    log: ReturnType<typeof growingLog>,
    room: number | undefined,
    more: { fit?: Fit; system?: string } = {},
  ) {
    const fit = more.fit ?? createFit()
    const attachments = createAttachments({ project: '/', allowed: [], forbidden: [] }, () => null)
    const info: ModelInfo = { id: 'test/m', provider: 'test', usable: true }
    if (room !== undefined) Object.assign(info, { context_window: windowOf(room), max_output: 1e9 })
    const endpoint = endpointFor('chat', server.url)
    const read = createReader()
    /** Builds a request; events that are to be stored are, as the session does. */
    const build = async (shrink = 0, signal = new AbortController().signal) => {
      const making = buildRequest({
        session_id: 's',
        turn_id: log.turn_id(),
        model: 'test/m',
        info,
        agent: { name: 'build', description: '', instructions: '', read_only: false, origin: '' },
        frozen: { system: more.system ?? '', tools: [] },
        fit,
        shrink,
        log: () => log.events,
        read,
        attachments,
        stream: (request, signal) => stream(endpoint, request, signal),
        price: (_, usage) => ({ ...usage, cost_usd: 1 }),
        summariser: async model => model,
        signal,
      })
      const yielded: Event[] = []
      for (;;) {
        const { done, value } = await making.next()
        if (done) return { request: value as ModelRequest, yielded }
        yielded.push(value)
        if (value.type !== 'agent.state') log.add(value as Stored)
      }
    }
    return { build, fit, attachments }
  }

  const answers = (...lines: (Said | Script)[]) =>
    server.add(...lines.map(line => (typeof line === 'object' && 'text' in line ? chat(line) : (line as Script))))

  return { server: () => server, builder, answers }
}
