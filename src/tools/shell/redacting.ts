import type { Redaction } from '../tool.ts'

/** Hands bytes on without secrets, also where one is split over two chunks; `flush` hands on what was held back for that. */
export function redacting(redactor: Redaction | undefined, deliver: (chunk: Uint8Array) => void) {
  if (!redactor) return { push: deliver, flush: () => {} }
  const stream = redactor.stream()
  // Byte by byte: secrets are ASCII, and no other byte may change.
  const send = (text: string) => {
    if (text !== '') deliver(Buffer.from(text, 'latin1'))
  }
  return {
    push: (chunk: Uint8Array) =>
      send(stream.push(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length).toString('latin1'))),
    flush: () => send(stream.flush()),
  }
}
