import { tail } from '../../base/text.ts'
import type { ToolContext } from '../tool.ts'
import { createStripper } from './terminal.ts'

/** Live output goes out at most 20 times a second, and of a flood only the end. */
const PROGRESS_MS = 50
const PROGRESS_CHARS = 16 * 1024

/** Sends output on while the command runs, in pieces of bounded number and size. */
export function createLiveOutput(context: Pick<ToolContext, 'progress'>) {
  const decoder = new TextDecoder()
  const strip = createStripper()
  let pending = ''
  let timer: ReturnType<typeof setTimeout> | undefined

  function send(): void {
    timer = undefined
    if (pending !== '') context.progress('Running', { output: pending })
    pending = ''
  }

  function add(chunk: Uint8Array): void {
    pending += strip(decoder.decode(chunk, { stream: true }))
    if (pending.length > PROGRESS_CHARS) pending = `[…]\n${tail(pending, PROGRESS_CHARS)}`
    timer ??= setTimeout(send, PROGRESS_MS)
  }

  function end(): void {
    clearTimeout(timer)
    send()
  }

  return { add, end }
}
