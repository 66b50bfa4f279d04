import { writeFile } from 'node:fs/promises'
import { PRIVATE_FILE } from '../base/files.ts'
import { count } from './text.ts'

/** Characters (UTF-16 units) of a result that a model gets to see. */
export const MAX_RESULT_CHARS = 30_000
/** A kept result may be one endless line: reading it back breaks lines here, and counts the pieces as lines. */
export const SPILL_LINE_CHARS = 2_000

/**
 * The result as the model reads it: whole when short, else its start and end with a note between that says how to read the
 * rest. The whole goes to `spillPath` (owner only), which `read_file` pages through under `spill:<tool_call_id>`; without a
 * path nothing is kept.
 */
export async function limitOutput(
  content: string,
  tool_call_id: string,
  spillPath: string | null,
  limit: number = MAX_RESULT_CHARS,
): Promise<string> {
  if (content.length <= limit) return content
  if (spillPath !== null) await writeFile(spillPath, content, { mode: PRIVATE_FILE })
  const room = Math.max(0, limit - NOTE_CHARS)
  const head = cutEnd(content, Math.ceil(room / 2))
  const tail = cutStart(content, content.length - Math.floor(room / 2))
  const missing = content.length - head.length - tail.length
  const line = head.split('\n').reduce((sum, line) => sum + Math.max(1, Math.ceil(line.length / SPILL_LINE_CHARS)), 0)
  const remedy =
    spillPath === null
      ? 'The rest was not kept: ask for less.'
      : `The whole: read_file {"path":"spill:${tool_call_id}","offset":${line}}.`
  const note = `[${count(missing, 'character')} of ${content.length.toLocaleString('en')} left out here. ${remedy}]`
  return `${head}${head === '' || head.endsWith('\n') ? '' : '\n'}${note}\n${tail}`
}

const NOTE_CHARS = 200

/** Up to `end`, at the end of a line if one is near, never inside a surrogate pair. */
function cutEnd(text: string, end: number): string {
  const newline = text.lastIndexOf('\n', end - 1) + 1
  return text.slice(0, newline > end / 2 ? newline : end - (isHighSurrogate(text, end - 1) ? 1 : 0))
}

/** From `start`, at the start of a line if one is near. */
function cutStart(text: string, start: number): string {
  const newline = text.indexOf('\n', start - 1) + 1
  const near = newline > 0 && newline - start < (text.length - start) / 2
  return text.slice(near ? newline : start + (isHighSurrogate(text, start - 1) ? 1 : 0))
}

const isHighSurrogate = (text: string, at: number): boolean => (text.charCodeAt(at) & 0xfc00) === 0xd800
