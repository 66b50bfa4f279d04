import { onAbort } from '../base/abort.ts'
import { AppError } from '../base/errors.ts'
import { newId } from '../base/ids.ts'
import type { Answer, Delegated, Storable } from '../event.ts'
import type { Ask } from '../tools/tool.ts'

type Reply = { action: Answer['action']; content?: unknown }

/** Questions of MCP servers to the person: forms to fill in, and addresses to sign in at. */
export function createQuestions(append: (event: Storable) => unknown) {
  const pending = new Map<string, (reply: Reply) => void>()
  const settled = new Set<string>()

  const settle = (question_id: string, reply: Reply) => {
    append({ type: 'answer', question_id, ...reply })
    pending.get(question_id)?.(reply)
    pending.delete(question_id)
    settled.add(question_id)
  }

  return {
    /** Resolves with the answer, which may come from `elsewhere`; an interrupt cancels the question. */
    ask(question: Parameters<Ask>[0] & Delegated, signal: AbortSignal, elsewhere?: Promise<unknown>): Promise<Reply> {
      const question_id = newId('q')
      const { promise, resolve, reject } = Promise.withResolvers<Reply>()
      pending.set(question_id, resolve)
      append({ type: 'question', question_id, kind: question.url ? 'auth' : 'elicitation', ...question })
      const close = (action: Reply['action']) => {
        if (!pending.has(question_id)) return
        try {
          settle(question_id, { action })
        } catch (error) {
          reject(error) // the log failed: nobody would catch it in a listener
        }
      }
      const cancel = () => close('cancel')
      elsewhere?.then(() => close('accept'), cancel)
      return promise.finally(onAbort(signal, cancel))
    },
    answer(question_id: string, reply: Reply): void {
      if (settled.has(question_id))
        throw new AppError('ALREADY_DECIDED', 'This question was answered already, or its turn has ended.')
      if (!pending.has(question_id))
        throw new AppError(
          'NOT_FOUND',
          'No question with this id waits for an answer. GET the session for the ones that do.',
        )
      settle(question_id, reply)
    },
  }
}

export type Questions = ReturnType<typeof createQuestions>
