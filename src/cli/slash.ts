import { messageOf } from '../base/errors.ts'
import type { CommandRequest, Finished } from '../session/commands/invoke.ts'
import { readCommand } from '../session/commands/written.ts'
import type { Taken } from '../session/turns.ts'
import { inert } from './terminal.ts'

/** What a command came to: an answer to show, or a prompt whose turn runs. Null ends the conversation. */
export type Answered = { said: string; failed?: true } | { outcome: Taken['outcome'] } | null

export const isSlash = (typed: string): boolean => readCommand(typed) !== null

/** Runs `/name arguments`. What is no command is refused: it was meant for us, not for a model. */
export async function slash(
  typed: string,
  invoke: (request: CommandRequest) => Promise<Taken | Finished>,
): Promise<Answered> {
  const command = readCommand(typed)
  const name = command?.name
  if (!command || name === 'quit' || name === 'exit') return null
  try {
    const taken = await invoke({ command })
    if (taken.status !== 'done') return taken
    const more =
      name === 'help'
        ? '\n/quit: End the session, as Control-D does\nA line that ends with \\ goes on in the next one.'
        : ''
    return { said: `${inert(taken.text)}${more}` }
  } catch (error) {
    return { said: inert(messageOf(error)), failed: true }
  }
}
