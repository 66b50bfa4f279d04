import { messageOf } from '../base/errors.ts'
import { suggestion } from '../config/nearest.ts'
import { inert } from './terminal.ts'

/** What the commands of a conversation act on. */
export type Conversation = {
  model(): string
  agent(): string
  agents(): string[]
  update(settings: { model?: string; agent?: string }): Promise<unknown>
}

const COMMANDS: Record<string, string> = {
  help: 'print this',
  model: '[M] show the model, or go on with M',
  agent: '[A] show the agent and which there are, or go on with A',
  quit: 'end the session, as Control-D does',
}

/** A word after a slash; a path such as /etc/hosts, or a comment, is a prompt. */
export const isSlash = (typed: string): boolean => /^\/[\w-]+(\s|$)/.test(typed)

/** What a slash command answers; null ends the conversation. What is no command is refused: it was meant for us, not for a model. */
export async function slash(typed: string, { model, agent, agents, update }: Conversation): Promise<string | null> {
  const [word = '', ...rest] = typed.trim().split(/\s+/)
  const name = word.slice(1).toLowerCase()
  const value = rest.join(' ')
  try {
    switch (name) {
      case 'quit':
        return null
      case 'help':
        return `${Object.entries(COMMANDS)
          .map(([command, about]) => `/${command.padEnd(8)}${about}`)
          .join('\n')}\nA line that ends with \\ goes on in the next one.`
      case 'model':
        if (value) await update({ model: value })
        return `model ${inert(model())}`
      case 'agent':
        if (value) await update({ agent: value })
        return value
          ? `agent ${inert(agent())}`
          : `agent ${inert(agent())} (there are ${agents().map(inert).join(', ')})`
    }
  } catch (error) {
    return inert(messageOf(error))
  }
  const near = suggestion(name, Object.keys(COMMANDS)).replace('"', '"/')
  return `There is no command ${inert(word)}${near}. /help lists them.`
}
