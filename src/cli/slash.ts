import { messageOf } from '../base/errors.ts'
import type { CommandRequest, Finished } from '../session/commands/invoke.ts'
import type { Taken } from '../session/turns.ts'
import { inert } from './terminal.ts'

/** What a command came to: an answer to show, or a prompt whose turn runs. Null ends the conversation. */
export type Answered = { said: string; failed?: true } | { outcome: Taken['outcome'] } | null

/** A word after a slash; a path such as /etc/hosts, or a comment, is a prompt. */
export const isSlash = (typed: string): boolean => /^\/[\w:.-]+(\s|$)/.test(typed)

/** Runs `/name arguments`. What is no command is refused: it was meant for us, not for a model. */
export async function slash(
  typed: string,
  invoke: (request: CommandRequest) => Promise<Taken | Finished>,
): Promise<Answered> {
  const [, name = '', given = ''] = /^\/(\S+)\s*([\s\S]*?)\s*$/.exec(typed) ?? []
  if (name === 'quit' || name === 'exit') return null
  try {
    const taken = await invoke({ command: { name, ...(given !== '' && { arguments: given }) } })
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
