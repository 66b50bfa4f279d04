import { agentsOf } from '../../agent/agents.ts'
import { AppError } from '../../base/errors.ts'
import { head } from '../../base/text.ts'
import { totalTokens } from '../../base/usage.ts'
import { splitArguments } from '../../conventions/expansion.ts'
import { MODES } from '../../event/parts.ts'
import { readMode } from '../mode.ts'
import { lastPrompt, promptOf, rewind } from '../rewind.ts'
import type { Runtime } from '../runtime.ts'
import type { Session } from '../session.ts'
import type { Store } from '../store.ts'
import type { Taken } from '../turns.ts'
import { contextText } from './context-text.ts'
import type { ListedCommand } from './list.ts'
import { outcomeText } from './outcome-text.ts'

/** What a command has to work with. `given` is what stands behind its name, without blanks at its ends. */
type Invocation = {
  store: Store
  runtime: Runtime
  session: Session
  given: string
  commands(): Promise<ListedCommand[]>
}
/** What a command that is no prompt answers: a sentence for people, and what programs want to know. */
export type Done = { text: string; result?: object }

export type BuiltIn = {
  name: string
  description: string
  argument_hint?: string
  run(invocation: Invocation): Promise<Done | Taken>
}

/** A row each; they do what the routes of the same name do. Those that are prompts are in `conventions/shipped.ts`. */
export const BUILT_IN: readonly BuiltIn[] = [
  {
    name: 'help',
    description: 'List the commands',
    async run({ commands }) {
      const known = (await commands()).filter(({ problem }) => problem === undefined)
      const usage = ({ name, argument_hint }: ListedCommand) => `/${name}${argument_hint ? ` ${argument_hint}` : ''}`
      return { text: known.map(command => `${usage(command)}: ${command.description}`).join('\n') }
    },
  },
  {
    name: 'model',
    description: 'Show the model, or go on with another',
    argument_hint: '[MODEL]',
    async run({ store, session, given }) {
      if (given !== '') await store.update(session.id, { model: given })
      return { text: `model ${session.state.model}`, result: { model: session.state.model } }
    },
  },
  {
    name: 'agent',
    description: 'Show the agent and which there are, or go on with another',
    argument_hint: '[AGENT]',
    async run({ store, session, given }) {
      if (given !== '') await store.update(session.id, { agent: given })
      const names = agentsOf(session.config).map(({ name }) => name)
      const others = given === '' ? ` (there are ${names.join(', ')})` : ''
      return { text: `agent ${session.state.agent}${others}`, result: { agent: session.state.agent, agents: names } }
    },
  },
  {
    name: 'mode',
    description: 'Show what is done unasked, or choose it: ask, accept-edits, sandboxed or plan',
    argument_hint: '[MODE]',
    async run({ store, session, given }) {
      if (given !== '') await store.update(session.id, { config: { mode: readMode(given) } })
      const { mode } = session.state.config
      return { text: `mode ${mode}${given === '' ? ` (there are ${MODES.join(', ')})` : ''}`, result: { mode } }
    },
  },
  {
    name: 'mcp',
    description: 'Show the MCP servers and how they are',
    async run({ runtime, session }) {
      const servers = (await (await runtime.pool())?.status(session.place.project)) ?? []
      const lines = servers.map(
        ({ name, status, tool_count, last_error }) =>
          `${name}: ${status}${tool_count === null ? '' : `, ${tool_count} tools`}${last_error ? `. ${last_error}` : ''}`,
      )
      return { text: lines.join('\n') || 'There are no MCP servers.', result: { servers } }
    },
  },
  {
    name: 'undo',
    description: 'Undo what the last turn that changed files did to them, or a turn, a call, or paths',
    argument_hint: '[TURN, CALL or PATH …]',
    async run({ session, given }) {
      const words = splitArguments(given)
      const [first] = words
      const one = words.length === 1 ? first : undefined
      const request = one?.startsWith('turn_')
        ? { turn_id: one }
        : one?.startsWith('tc_')
          ? { tool_call_id: one }
          : words.length > 0
            ? { paths: words }
            : {}
      const outcome = await session.undo.undo(request)
      return { text: outcomeText('Undone', outcome), result: outcome }
    },
  },
  {
    name: 'redo',
    description: 'Do again what was undone last',
    async run({ session }) {
      const outcome = await session.undo.redo()
      return { text: outcomeText('Done again', outcome), result: outcome }
    },
  },
  {
    name: 'rewind',
    description: 'Go back to before the last prompt, or one further back; with "files" what they changed goes, too',
    argument_hint: '[HOW MANY PROMPTS, or a turn id] [files]',
    async run({ session, given }) {
      const files = /(?:^|\s)files$/.test(given)
      const rewound = await rewind(session, turnFor(session, given.replace(/(?:^|\s)files$/, '').trim()), files)
      return { text: `The conversation stands before: ${head(rewound.text, 200)}`, result: rewound }
    },
  },
  {
    name: 'fork',
    description: 'Open a new session that begins with this conversation',
    argument_hint: '[TITLE]',
    async run({ store, session, given }) {
      const fork = await store.fork(session.id, given === '' ? {} : { title: given })
      return { text: `The fork is session ${fork.id}.`, result: store.view(fork) }
    },
  },
  {
    name: 'retry',
    description: 'Send the last prompt again, from now on to another model if you like',
    argument_hint: '[MODEL]',
    run: ({ store, session, given }) => store.retry(session.id, given === '' ? undefined : given),
  },
  {
    name: 'until',
    description: 'Work until a command succeeds; further lines say what to do',
    argument_hint: 'COMMAND',
    async run({ store, session, given }) {
      const [until = '', ...lines] = given.split('\n').map(line => line.trim())
      if (until === '') throw new AppError('INVALID_REQUEST', 'Name the command: /until npm test')
      const text = lines.join('\n').trim() || `Make this command succeed: ${until}`
      return store.prompt(session.id, { text, until })
    },
  },
  {
    name: 'compact',
    description: 'Have the conversation summarised now, to make room',
    argument_hint: '[WHAT TO KEEP]',
    async run({ session, given }) {
      const { compact } = await import('../context.ts')
      const { tokens_before, tokens_after } = await compact(session, given === '' ? undefined : given)
      return { text: `${tokens_before} tokens became ${tokens_after}.`, result: { tokens_before, tokens_after } }
    },
  },
  {
    name: 'context',
    description: 'Show what fills the window of the model',
    async run({ session }) {
      const context = await session.preparation.context()
      return { text: contextText(context), result: context }
    },
  },
  {
    name: 'cost',
    description: 'Show what this session has used so far',
    async run({ session }) {
      const { usage } = session.state
      const tokens = `${totalTokens(usage)} tokens (${usage.cache_read_tokens} read from a cache, ${usage.output_tokens} written)`
      const cost = usage.cost_usd === undefined ? 'cost: unknown' : `$${usage.cost_usd.toFixed(4)}`
      return { text: `${tokens}, ${cost}`, result: { usage } }
    },
  },
]

function turnFor(session: Session, given: string): string {
  const { counting } = session
  if (given === '') return lastPrompt(counting).turn_id
  if (!/^\d{1,6}$/.test(given)) return given
  const turns = counting.filter(event => event.type === 'prompt' && promptOf(counting, event.turn_id) === event)
  const prompt = turns.at(-Number(given))
  if (prompt?.type === 'prompt' && Number(given) > 0) return prompt.turn_id
  throw new AppError('NOTHING_TO_DO', `There are ${turns.length} prompts to go back to.`)
}
