import { createInterface } from 'node:readline'

/** A person at a terminal. */
export type Keyboard = {
  /** What was typed after the question; null when there is nobody any more (Control-D), or the signal says never mind. */
  ask(question: string, signal?: AbortSignal): Promise<string | null>
  close(): void
}

/** Reads lines. The terminal is in raw mode meanwhile, so that Control-C comes here as a key, and not as a signal. */
export function createKeyboard(
  input: NodeJS.ReadableStream,
  output: NodeJS.WritableStream,
  onInterrupt: () => void,
): Keyboard {
  const reader = createInterface({ input, output })
  let closed = false
  let asking = false
  reader.on('close', () => (closed = true))
  reader.on('SIGINT', () => {
    onInterrupt()
    if (asking && !closed) reader.prompt() // whatever was said about it, the question is still there
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
        output.write('\n') // what is told next begins a line of its own
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
