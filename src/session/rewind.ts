import { AppError } from '../base/errors.ts'
import type { Prompt, SessionRewound, Stored } from '../event.ts'
import type { Outcome } from '../undo/outcome.ts'
import type { Session } from './session.ts'

/** `command`: what the text was made of. */
export type Rewound = Pick<Prompt, 'text' | 'attachments' | 'command'> & Pick<Outcome, 'restored' | 'refused'>

/**
 * Takes the conversation back to before the prompt of `turn_id`; with `files` also what was changed since then. Resolves with
 * that prompt, for editing. Throws SESSION_BUSY, NOT_FOUND for a turn that is not in the conversation.
 */
export function rewind(session: Session, turn_id: string, files = false): Promise<Rewound> {
  return session.turns.alone(async () => {
    const prompt = mustFindPrompt(session.counting, turn_id)
    const event = rewound(session.counting, prompt)
    const { restored, refused } = files
      ? await session.undo.rewind(turn_id, event.to_event_id, [event])
      : await append(session, event)
    // What the model read meanwhile it has not read any more.
    session.place.seen.clear()
    const { text, attachments, command } = prompt
    return { text, ...(attachments && { attachments }), ...(command && { command }), restored, refused }
  })
}

async function append(session: Session, event: SessionRewound) {
  session.append(event)
  await session.sync()
  return { restored: [], refused: [] }
}

/** What takes the conversation back to before `prompt`, and before what was run to make its text. */
export function rewound(counting: readonly Stored[], { turn_id }: Stored<Prompt>): SessionRewound {
  const first = counting.findIndex(
    event => 'turn_id' in event && event.turn_id === turn_id && event.type !== 'prompt.queued',
  )
  return { type: 'session.rewound', to_event_id: counting[first - 1]!.id, turn_id }
}

/** The prompt of a person that began a turn, or steered one; undefined when it is none, or does not count any more. */
export const promptOf = (counting: readonly Stored[], turn_id: string): Stored<Prompt> | undefined =>
  counting.find(
    (event): event is Stored<Prompt> =>
      event.type === 'prompt' && event.turn_id === turn_id && event.source !== 'agent' && !event.parent_tool_call_id,
  )

/** Throws NOT_FOUND. */
export function mustFindPrompt(counting: readonly Stored[], turn_id: string): Stored<Prompt> {
  const prompt = promptOf(counting, turn_id)
  if (prompt) return prompt
  throw new AppError(
    'NOT_FOUND',
    'There is no such turn in the conversation; it may have been rewound already. The transcript has the turns that there are.',
  )
}

/** The prompt of the last turn. Throws NOTHING_TO_DO. */
export function lastPrompt(counting: readonly Stored[]): Stored<Prompt> {
  const last = counting.findLast(
    (event): event is Stored<Prompt> =>
      event.type === 'prompt' && event.source === 'user' && !event.parent_tool_call_id,
  )
  if (last) return last
  throw new AppError('NOTHING_TO_DO', 'There is no turn yet that could be tried again. Send a prompt.')
}
