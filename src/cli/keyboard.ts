import { createInterface, type Interface } from 'node:readline'

/** A person at a terminal. */
export type Keyboard = {
  /** What was typed after the question; null when there is nobody any more (Control-D), or the signal says never mind. */
  ask(question: string, signal?: AbortSignal): Promise<string | null>
  close(): void
}

/**
 * Drops what was typed and begins a line of its own. Without it the next prompt would be drawn over what was told since: the
 * reader believes that it is still where it was. Node and Bun have it; their types do not.
 */
type Editor = { clearLine(): void }

/**
 * Reads lines. The terminal is in raw mode meanwhile, so that Control-C comes here as a key, and not as a signal; what
 * `onInterrupt` gives back is told before the question is asked again.
 */
export function createKeyboard(
  input: NodeJS.ReadableStream,
  output: NodeJS.WritableStream,
  onInterrupt: () => string | undefined,
): Keyboard {
  const reader = createInterface({ input, output }) as Interface & Editor
  let closed = false
  let asking = false
  reader.on('close', () => (closed = true))
  reader.on('SIGINT', () => {
    const said = onInterrupt()
    if (!asking || closed) return
    reader.clearLine()
    if (said) output.write(`${said}\n`)
    reader.prompt()
  })
  /** A line answers one question: what else is asked meanwhile waits for its turn. */
  let last: Promise<unknown> = Promise.resolve()
  const askNow = (question: string, signal?: AbortSignal) => {
    if (closed || signal?.aborted) return Promise.resolve(null)
    return new Promise<string | null>(resolve => {
      asking = true
      const settle = (answer: string | null) => {
        asking = false
        reader.off('line', settle).off('close', never)
        signal?.removeEventListener('abort', never)
        resolve(answer)
      }
      const never = () => {
        reader.clearLine() // what is told next begins a line of its own
        settle(null)
      }
      reader.on('line', settle).on('close', never)
      signal?.addEventListener('abort', never)
      reader.setPrompt(question)
      reader.prompt()
    })
  }
  return {
    ask(question, signal) {
      const answer = last.then(() => askNow(question, signal))
      last = answer
      return answer
    },
    close: () => reader.close(),
  }
}
