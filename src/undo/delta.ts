/** What a content has between the start and the end that it shares with another one. */
export type Delta = { start: number; end: number; middle: Uint8Array }

const SMALLEST = 4096

/** Null where it would save little. */
export function deltaBetween(base: Uint8Array, bytes: Uint8Array): Delta | null {
  if (bytes.length < SMALLEST) return null
  const shorter = Math.min(base.length, bytes.length)
  const start = commonStart(base, bytes, shorter)
  const end = commonEnd(base, bytes, shorter - start)
  if (start + end < bytes.length / 2) return null
  return { start, end, middle: bytes.subarray(start, bytes.length - end) }
}

export const applyDelta = (base: Uint8Array, { start, end, middle }: Delta): Uint8Array =>
  Buffer.concat([base.subarray(0, start), middle, base.subarray(base.length - end)])

/** Whole blocks are compared natively, the one that differs byte by byte. */
const BLOCK = 4096

function commonStart(a: Uint8Array, b: Uint8Array, most: number): number {
  let at = 0
  while (at + BLOCK <= most && Buffer.compare(a.subarray(at, at + BLOCK), b.subarray(at, at + BLOCK)) === 0) at += BLOCK
  while (at < most && a[at] === b[at]) at++
  return at
}

function commonEnd(a: Uint8Array, b: Uint8Array, most: number): number {
  const tail = (bytes: Uint8Array, at: number) => bytes.subarray(bytes.length - at - BLOCK, bytes.length - at)
  let at = 0
  while (at + BLOCK <= most && Buffer.compare(tail(a, at), tail(b, at)) === 0) at += BLOCK
  while (at < most && a[a.length - 1 - at] === b[b.length - 1 - at]) at++
  return at
}
