import { createInterface, type Interface } from 'node:readline'

/** A person at a terminal. */
export type Keyboard = {
  /** What was typed after the question; null at the end of input (Control-D), or when the signal is aborted. */
  ask(question: string, signal?: AbortSignal): Promise<string | null>
  /** As `ask`; the arrow keys bring back these earlier answers, the newest last. */
  askAgain(question: string, earlier: () => readonly string[]): Promise<string | null>
  /** Lets another program have the terminal; what is asked meanwhile waits. */
  lend<T>(use: () => Promise<T>): Promise<T>
  /** Whether a question stands on the screen, or another program has it: nothing else may be drawn there. */
  readonly busy: boolean
  /** Whether another program has the terminal: Control-C is meant for it. */
  readonly lent: boolean
  close(): void
}

/**
 * Drops what was typed and begins a line of its own. Without it the next prompt would be drawn over what was printed since: the
 * reader believes that it is still where it was. Node and Bun have it; their types do not, nor `history`, the newest
 * first, to which the reader adds every line itself.
 */
type Editor = { clearLine(): void; readonly history: string[] }

/** Asks the terminal to mark what is pasted (bracketed paste), or to stop. */
const MARK_PASTES = '\x1b[?2004h'
const LEAVE_PASTES = '\x1b[?2004l'

/**
 * Reads lines. The terminal is in raw mode meanwhile, so that Control-C comes here as a key, and not as a signal; what
 * `onInterrupt` gives back is printed before the question is asked again. What is pasted answers nothing until Enter is typed:
 * several lines are one answer, and none of them approves anything.
 */
export function createKeyboard(
  input: NodeJS.ReadableStream & { setRawMode?(raw: boolean): unknown },
  output: NodeJS.WritableStream,
  { onInterrupt, marks_pastes }: { onInterrupt: () => string | undefined; marks_pastes: boolean },
): Keyboard {
  const reader = createInterface({ input, output, historySize: 1001 }) as Interface & Editor
  let closed = false
  let pasting = false
  let lending = false
  const lines: string[] = []
  let settle: ((answer: string | null) => void) | null = null

  if (marks_pastes) output.write(MARK_PASTES)
  input.on('keypress', (_, key?: { name?: string }) => {
    if (key?.name === 'paste-start') pasting = true
    if (key?.name === 'paste-end') pasting = false
  })
  reader.on('line', line => {
    lines.push(line)
    if (!pasting) settle?.(lines.join('\n'))
  })
  reader.on('close', () => {
    closed = true
    if (marks_pastes) output.write(LEAVE_PASTES)
    never()
  })
  reader.on('SIGINT', () => {
    if (lending) return
    const said = onInterrupt()
    if (!settle || closed) return
    lines.length = 0
    reader.clearLine()
    if (said) output.write(`${said}\n`)
    reader.prompt()
  })
  const never = () => {
    if (!settle) return
    reader.clearLine() // the next output begins a line of its own
    settle(null)
  }

  /** A line answers one question: what else is asked meanwhile waits for its turn. */
  let last: Promise<unknown> = Promise.resolve()
  const askNow = (question: string, signal?: AbortSignal, earlier: readonly string[] = []) => {
    if (closed || signal?.aborted) return Promise.resolve(null)
    return new Promise<string | null>(resolve => {
      lines.length = 0
      settle = answer => {
        settle = null
        signal?.removeEventListener('abort', never)
        resolve(answer)
      }
      signal?.addEventListener('abort', never)
      reader.history.splice(0, reader.history.length, ...earlier.toReversed())
      reader.setPrompt(question)
      reader.prompt(true) // with what was typed ahead
    })
  }
  const inTurn = (ask: () => Promise<string | null>) => {
    const answer = last.then(ask)
    last = answer
    return answer
  }
  return {
    ask: (question, signal) => inTurn(() => askNow(question, signal)),
    askAgain: (question, earlier) => inTurn(() => askNow(question, undefined, earlier())),
    lend(use) {
      const lent = last.then(async () => {
        lending = true
        if (marks_pastes) output.write(LEAVE_PASTES)
        reader.pause()
        input.setRawMode?.(false)
        try {
          return await use()
        } finally {
          lending = false
          input.setRawMode?.(true)
          reader.resume()
          if (marks_pastes) output.write(MARK_PASTES)
        }
      })
      last = lent.catch(() => {})
      return lent
    },
    get busy() {
      return settle !== null || lending
    },
    get lent() {
      return lending
    },
    close: () => reader.close(),
  }
}
