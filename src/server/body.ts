import { setImmediate as immediate } from 'node:timers/promises'
import { AppError } from '../base/errors.ts'
import { createJsonBounds } from './json-bounds.ts'

export const LARGEST_BODY = 16 * 1024 * 1024
/** Of all bodies that are on their way, together. */
const LARGEST_TOGETHER = 64 * 1024 * 1024
/** A body that brings less than this in `PATIENCE_MS`, and is not complete then, is given up. */
const STEP = 64 * 1024
const PATIENCE_MS = 30_000
/** Of a body that came at once: so much is looked at in one go. */
const PART = 512 * 1024

/**
 * Reads bodies, of one server: the parsed JSON object, `{}` for an empty body. Throws AppError UNSUPPORTED_MEDIA_TYPE,
 * TOO_LARGE, INVALID_REQUEST, TIMEOUT for one that does not arrive, OVERLOADED while the bodies under way hold too much.
 */
export function createBodyReader(patience_ms = PATIENCE_MS): (request: Request) => Promise<Record<string, unknown>> {
  /** Bytes of the bodies under way. */
  let held = 0

  /** The text of the body. Other requests have their turn between its parts, of which there may be one alone. */
  async function collect(body: ReadableStream<Uint8Array>, isJson: boolean): Promise<string> {
    const reader = body.getReader()
    const utf8 = new TextDecoder('utf-8', { fatal: true })
    const decode = (...part: Parameters<TextDecoder['decode']>) => {
      try {
        return utf8.decode(...part)
      } catch {
        throw notJson()
      }
    }
    let text = ''
    const bounds = createJsonBounds()
    const patience = createPatience(patience_ms)
    let size = 0
    let due = STEP
    try {
      for (;;) {
        const { done, value } = await Promise.race([read(reader), patience.ended])
        if (done) {
          text += decode()
          if (text === '' && size > 0) throw notJson() // a byte order mark alone
          return text
        }
        if (value.length > 0) refuseUnless(isJson)
        size += value.length
        held += value.length
        if (size > LARGEST_BODY) throw tooLarge()
        if (held > LARGEST_TOGETHER) throw overloaded()
        for (let at = 0; at < value.length; at += PART) {
          if (at > 0) await immediate()
          const part = value.subarray(at, at + PART)
          bounds.feed(part)
          text += decode(part, { stream: true })
        }
        if (size < due) continue
        patience.renew()
        due = size + STEP
      }
    } catch (error) {
      reader.cancel().catch(() => {}) // the rest is of no use, and the connection may be gone already
      throw error
    } finally {
      held -= size
      patience.end()
    }
  }

  return async request => {
    if (request.headers.get('content-encoding') !== null)
      throw new AppError('UNSUPPORTED_MEDIA_TYPE', 'Send the body without a Content-Encoding.')
    const length = Number(request.headers.get('content-length') ?? 0)
    const isJson = /^application\/json\s*(;|$)/i.test(request.headers.get('content-type') ?? '')
    if (length > 0) refuseUnless(isJson)
    if (length > LARGEST_BODY) throw tooLarge()
    // HTTP lets a GET have a body, Fetch does not give it: what was checked above is all there is to check.
    if (request.body === null || request.method === 'GET' || request.method === 'HEAD') return {}
    const text = await collect(request.body, isJson)
    return text === '' ? {} : parseObject(text)
  }
}

/** Throws INVALID_REQUEST when the client is gone, which is mostly what breaks a body. */
async function read(reader: ReadableStreamDefaultReader<Uint8Array>) {
  try {
    return await reader.read()
  } catch {
    throw new AppError('INVALID_REQUEST', 'The body ended before its length.')
  }
}

/** `ended` rejects with TIMEOUT when `renew` is not called for that long. */
function createPatience(ms: number) {
  const { promise: ended, reject } = Promise.withResolvers<never>()
  ended.catch(() => {}) // nobody may be waiting when it does
  const timer = setTimeout(
    () =>
      reject(
        new AppError(
          'TIMEOUT',
          `The body came too slowly: it must bring 64 KiB, or be complete, within ${ms / 1000} s. Send the request again.`,
        ),
      ),
    ms,
  )
  return { ended, renew: () => void timer.refresh(), end: () => clearTimeout(timer) }
}

function refuseUnless(isJson: boolean) {
  if (!isJson)
    throw new AppError('UNSUPPORTED_MEDIA_TYPE', 'Send the body as JSON, with Content-Type: application/json.')
}

const tooLarge = () => new AppError('TOO_LARGE', 'The body may have at most 16 MiB.')
const overloaded = () =>
  new AppError('OVERLOADED', 'Too many large requests are being received at once. Send this one again in a moment.')

/** The parser's own message would echo the input. */
const notJson = () => new AppError('INVALID_REQUEST', 'The body is not valid JSON in UTF-8.')

function parseObject(text: string): Record<string, unknown> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw notJson()
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new AppError('INVALID_REQUEST', 'The body must be a JSON object.')
  return value as Record<string, unknown>
}
