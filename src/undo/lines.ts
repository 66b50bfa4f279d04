import { diffArrays } from 'diff'
import { encodingOf, isBinary } from '../tools/text.ts'

/** Contents as lines with their ends, one character a byte: whatever the encoding, what is joined again is what was there. */
export function splitLines(bytes: Uint8Array): string[] {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
  const lines = text.split(/(?<=\n)/)
  return text === '' ? [] : lines
}

export const joinLines = (lines: readonly string[]): Uint8Array => Buffer.from(lines.join(''), 'latin1')

/** Whether lines mean anything in it. */
export const hasLines = (bytes: Uint8Array): boolean => !isBinary(bytes) && encodingOf(bytes) === 'utf-8'

/** The lines `from` to `to` (exclusive) of one text were replaced with `lines`. */
export type Edit = { from: number; to: number; lines: string[] }

/** Beyond, everything between the common start and end counts as one edit: the time goes with the square of this. */
const MAX_EDITS = 1000

/** What makes `after` of `before`, in order. */
export function editsBetween(before: readonly string[], after: readonly string[]): Edit[] {
  let start = 0
  const shorter = Math.min(before.length, after.length)
  while (start < shorter && before[start] === after[start]) start++
  let end = 0
  while (end < shorter - start && before[before.length - 1 - end] === after[after.length - 1 - end]) end++
  const old = before.slice(start, before.length - end)
  const now = after.slice(start, after.length - end)
  if (old.length === 0 && now.length === 0) return []
  const parts = diffArrays(old, now, { maxEditLength: MAX_EDITS })
  if (!parts) return [{ from: start, to: start + old.length, lines: now }]
  const edits: Edit[] = []
  let at = start
  let open: Edit | null = null
  for (const part of parts) {
    if (!part.added && !part.removed) {
      at += part.value.length
      open = null
      continue
    }
    if (!open) edits.push((open = { from: at, to: at, lines: [] }))
    if (part.removed) open.to = at += part.value.length
    else open.lines.push(...part.value)
  }
  return edits
}

/** Lines added and removed. */
export function countEdits(before: Uint8Array | null, after: Uint8Array | null): { added: number; removed: number } {
  const sides = [before, after].filter(side => side !== null)
  if (sides.some(side => !hasLines(side))) return { added: 0, removed: 0 }
  const edits = editsBetween(before ? splitLines(before) : [], after ? splitLines(after) : [])
  const sum = (count: (edit: Edit) => number) => edits.reduce((total, edit) => total + count(edit), 0)
  return { added: sum(edit => edit.lines.length), removed: sum(edit => edit.to - edit.from) }
}
