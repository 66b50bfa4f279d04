/** One event of a provider: the name it came under (empty without one), and its JSON. */
export type Payload = { event: string; data: unknown } | typeof DONE

/** `data: [DONE]`: nothing more comes. */
export const DONE = Symbol('done')

/** The bytes are no stream of any provider. Its message completes “The answer of …”. */
export class MalformedStream extends Error {
  override name = 'MalformedStream'
  /** A web page, say, will not turn into a stream by asking again. */
  readonly retryable: boolean
  /** What came instead, where it is words. */
  readonly words: string
  constructor(message: string, retryable: boolean, words = '') {
    super(message)
    this.retryable = retryable
    this.words = words
  }
}

/** No provider sends lines of this length; without a bound, one that did would fill the memory. */
const LONGEST = 32 * 1024 * 1024

/**
 * Bytes, cut anywhere, to payloads: server-sent events as the WHATWG specifies them (CR, LF or CRLF, comments, several data
 * lines), or one JSON document where a server does not stream. Throws MalformedStream.
 */
export class Decoder {
  #utf8 = new TextDecoder()
  #mode: 'unknown' | 'events' | 'document' = 'unknown'
  #rest = ''
  #event = ''
  #data: string[] = []
  /** What belongs to no event: the words of a proxy, say. They matter if nothing else comes. */
  #stray = ''
  #any = false

  feed(bytes: Uint8Array): Payload[] {
    return this.#take(this.#utf8.decode(bytes, { stream: true }))
  }

  /** The bytes are over. An event that lacks its last blank line still counts, unless it is cut inside. */
  end(): Payload[] {
    const tail = this.#utf8.decode()
    const payloads = tail ? this.#take(tail) : []
    if (this.#mode === 'document') return [...payloads, ...documents(this.#rest)]
    const last = this.#rest
    this.#rest = ''
    try {
      if (last) this.#line(last.replace(/\r$/, ''), payloads)
      this.#dispatch(payloads)
    } catch (error) {
      if (!(error instanceof MalformedStream)) throw error
      // Cut in the middle of an event: whether the answer is whole is for its reader to say.
    }
    if (this.#stray && !this.#any) throw new MalformedStream('is no stream', true, this.#stray)
    return payloads
  }

  #take(text: string): Payload[] {
    if (this.#rest.length + text.length > LONGEST) throw new MalformedStream('has a line of over 32 MiB', false)
    this.#rest += text
    if (this.#mode === 'unknown') this.#sniff()
    return this.#mode === 'events' ? this.#lines() : []
  }

  #sniff(): void {
    const first = this.#rest.trimStart()[0]
    if (first === undefined) return
    if (first === '<') throw new MalformedStream('is a web page instead of a stream; check base_url', false)
    this.#mode = first === '{' || first === '[' ? 'document' : 'events'
  }

  #lines(): Payload[] {
    const payloads: Payload[] = []
    const text = this.#rest
    const crs = text.includes('\r')
    let from = 0
    for (;;) {
      let to = text.indexOf('\n', from)
      let next = to + 1
      const cr = crs ? text.indexOf('\r', from) : -1
      if (cr >= 0 && (to < 0 || cr < to)) {
        if (cr === text.length - 1) break // the LF of this CRLF may still come
        to = cr
        next = text[cr + 1] === '\n' ? cr + 2 : cr + 1
      }
      if (to < 0) break
      this.#line(text.slice(from, to), payloads)
      from = next
    }
    this.#rest = from === 0 ? text : text.slice(from)
    return payloads
  }

  #line(line: string, payloads: Payload[]): void {
    if (line === '') {
      this.#dispatch(payloads)
      return
    }
    const colon = line.indexOf(':')
    if (colon === 0) return // a comment: life, nothing more
    const field = colon < 0 ? line : line.slice(0, colon)
    const value = colon < 0 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1)
    if (field === 'data') this.#data.push(value)
    else if (field === 'event') this.#event = value
    else if (!FIELDS.has(field) && this.#stray.length < LONGEST_STRAY) this.#stray += `${line.slice(0, LONGEST_STRAY)} `
  }

  #dispatch(payloads: Payload[]): void {
    const data = this.#data.length === 1 ? this.#data[0]! : this.#data.join('\n')
    const event = this.#event
    this.#data = []
    this.#event = ''
    if (data.trim() === '' || IDLE.has(event)) return
    this.#any = true
    if (data.trim() === '[DONE]') {
      payloads.push(DONE)
      return
    }
    try {
      payloads.push({ event, data: JSON.parse(data) })
    } catch {
      if (event !== 'error') throw new MalformedStream('contains something that is not JSON', true, data)
      payloads.push({ event, data: { error: data } })
    }
  }
}

const FIELDS = new Set(['id', 'retry'])
const LONGEST_STRAY = 1_000

/** Events that only say that the connection is alive. */
const IDLE = new Set(['ping', 'keepalive', 'keep-alive', 'heartbeat'])

/** A whole answer at once, from a server that does not stream, or a list of its parts (Google without `alt=sse`). */
function documents(text: string): Payload[] {
  try {
    const data: unknown = JSON.parse(text)
    return [...(Array.isArray(data) ? data : [data]).map(each => ({ event: '', data: each })), DONE]
  } catch {
    throw new MalformedStream('broke off in the middle', true)
  }
}
