import { KINDS, type Patience } from '../../config/vendors.ts'
import type { Endpoint } from '../endpoint.ts'
import { fromStreamProblem, LlmError, streamError } from '../errors.ts'
import type { ModelEvent, ModelReply, ModelRequest } from '../provider.ts'
import { isProblem } from '../provider-error.ts'
import type { Unsupported } from '../refusal.ts'
import type { Reader } from './reader.ts'
import { Decoder, DONE, MalformedStream, type Payload } from './sse.ts'
import { createWatchdog, Stalled, type Watchdog } from './watchdog.ts'

/** How one API is spoken: the request, and the reader of its answer. `refused` is what this server has turned down. */
export type Wire = {
  /** What may be left out of its requests; of those that nothing hints at, the likeliest first. */
  optional: readonly Unsupported[]
  /** Parameters whose refusal is answered by leaving out something of `optional`. */
  mendedElsewhere?: readonly string[]
  body(endpoint: Endpoint, request: ModelRequest, refused: ReadonlySet<Unsupported>): object
  post(endpoint: Endpoint, body: object, refused: ReadonlySet<Unsupported>, signal: AbortSignal): Promise<Response>
  reader(endpoint: Endpoint): Reader
}

/** Asks once: resolves with a 2xx response whose body is still to come, throws LlmError for any other. */
export type Send = (signal: AbortSignal) => Promise<Response>

/**
 * One request and its answer, whatever the wire: sends, listens, reads, and closes the connection at the end. Yields what to
 * show and returns the reply; throws LlmError, or the signal's reason on abort.
 */
export async function* exchange(
  endpoint: Endpoint,
  reader: Reader,
  send: Send,
  signal: AbortSignal,
  patience: Patience = patienceOf(endpoint),
): AsyncGenerator<ModelEvent, ModelReply> {
  signal.throwIfAborted()
  const line = createWatchdog(signal, patience)
  try {
    const response = await line.wait(send(line.signal))
    yield* listen(endpoint, response, reader, line)
    return reader.reply()
  } catch (error) {
    signal.throwIfAborted()
    if (reader.finished && isBroken(error)) return reader.reply()
    throw withPartial(asLlmError(endpoint, error), reader)
  } finally {
    line.end()
  }
}

async function* listen(
  endpoint: Endpoint,
  response: Response,
  reader: Reader,
  line: Watchdog,
): AsyncGenerator<ModelEvent, void> {
  const bytes = response.body?.getReader()
  if (!bytes) return
  const decoder = new Decoder()
  try {
    for (;;) {
      const { done, value } = await line.wait(bytes.read())
      line.heard()
      const payloads = done ? decoder.end() : decoder.feed(value)
      for (const event of join(readAll(endpoint, payloads, reader))) yield event
      if (done || reader.closed) return yield* reader.flush?.() ?? []
      if (reader.finished) line.finished()
    }
  } finally {
    bytes.cancel().catch(() => {}) // it may be closed or broken already: there is nothing left to give up
  }
}

/** Payloads to events, in order. Throws LlmError for an error object among them, after what came before it. */
export function* readAll(endpoint: Endpoint, payloads: Payload[], reader: Reader): Generator<ModelEvent> {
  for (const payload of payloads) {
    if (payload === DONE) {
      reader.done()
      continue
    }
    const { event, data } = payload
    if (event === 'error' || isProblem(data)) throw fromStreamProblem(endpoint, data)
    yield* reader.read(data, event)
  }
}

/** Neighbours of one kind that came in one piece are one event: fewer steps to everyone behind. */
function* join(events: Iterable<ModelEvent>): Generator<ModelEvent> {
  let last: ModelEvent | undefined
  try {
    for (const event of events) {
      if (last?.type === 'text' && event.type === 'text' && !event.replace) {
        last = { ...last, text: last.text + event.text }
        continue
      }
      if (last?.type === 'thinking' && event.type === 'thinking') {
        last = { type: 'thinking', text: last.text + event.text }
        continue
      }
      if (last) yield last
      last = event
    }
  } catch (error) {
    if (last) yield last // what came before a failure has come
    throw error
  }
  if (last) yield last
}

/** What the configuration says, else what fits the provider. */
export function patienceOf({ kind, patience = KINDS[kind].patience, timeout_seconds }: Endpoint): Patience {
  if (timeout_seconds === undefined) return patience
  return { ...patience, first_ms: timeout_seconds * 1000, idle_ms: timeout_seconds * 1000 }
}

/** The connection is to blame, not what came over it. */
const isBroken = (error: unknown): boolean => !(error instanceof LlmError) && !(error instanceof MalformedStream)

function asLlmError(endpoint: Endpoint, error: unknown): LlmError {
  if (error instanceof LlmError) return error
  if (error instanceof MalformedStream)
    return streamError(endpoint, error.message, { retryable: error.retryable, words: error.words, cause: error })
  if (error instanceof Stalled)
    return streamError(endpoint, `stalled: nothing came for ${Math.round(error.silent_ms / 1000)} s`, { cause: error })
  return streamError(endpoint, 'was cut off', { cause: error })
}

function withPartial(error: LlmError, reader: Reader): LlmError {
  const partial = reader.partial()
  error.shown = partial.text !== ''
  if (error.shown) error.partial = partial
  return error
}
