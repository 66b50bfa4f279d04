import { messageOf } from '../base/errors.ts'
import { slice } from '../base/text.ts'
import type { Stored } from '../event.ts'
import type { Models } from '../llm/models/models.ts'
import type { Session } from './session.ts'

/** In characters. */
const LONGEST = 60
const PATIENCE_MS = 30_000
/** So much of the prompt and of the answer shows what a session is about. */
const PROMPT = 2_000
const ANSWER = 1_000

const SYSTEM = `Write a title for the conversation below: what it is about, in at most eight words and ${LONGEST} characters, in the language of the user. No quotation marks, no full stop. Answer with the title alone.`

/**
 * Gives a session a title after its first completed turn, off the reply path: `session.updated` with the title, and with the
 * usage and the model that it took. Nothing happens for a session that has a title, for the agent `ask`, and where there is no
 * small model; a failure is logged and costs nothing else.
 */
export function createTitle(session: Session, models: Models, log: (level: 'debug', message: string) => void): void {
  const over = new AbortController()
  const unsubscribe = session.subscribe(
    event => {
      if (event.type !== 'turn.end' || event.parent_tool_call_id || event.outcome !== 'completed') return
      unsubscribe()
      if (!isFirst(session.log.events)) return
      write(session, models, AbortSignal.any([over.signal, AbortSignal.timeout(PATIENCE_MS)])).catch(error =>
        log('debug', `No title for ${session.id}: ${messageOf(error)}`),
      )
    },
    () => over.abort(),
  )
}

const isFirst = (events: readonly Stored[]): boolean =>
  events.filter(event => event.type === 'turn.end' && event.outcome === 'completed').length === 1

async function write(session: Session, models: Models, signal: AbortSignal): Promise<void> {
  const { state } = session
  const asked = state.conversation.first_prompt
  if (state.title || state.agent === 'ask' || !asked) return
  const model = await models.small(state.model)
  if (!model) return
  const answer = session.counting.findLast(event => event.type === 'message' && event.content.trim() !== '')
  const call = models.stream(
    {
      model,
      system: SYSTEM,
      messages: [{ role: 'user', text: textOf(asked, answer?.type === 'message' ? answer.content : '') }],
      tools: [],
      max_output_tokens: 500,
      effort: 'none',
    },
    signal,
  )
  for (;;) {
    const { done, value } = await call.next()
    if (!done) continue
    const title = titleFrom(value.text)
    // It may have been named, or closed, meanwhile.
    if (title && !state.title && !session.isClosing && !session.failed)
      session.append({ type: 'session.updated', title, model, usage: models.price(model, value.usage) })
    return
  }
}

const textOf = (prompt: string, answer: string): string =>
  `<user>\n${slice(prompt, 0, PROMPT)}\n</user>\n<assistant>\n${slice(answer, 0, ANSWER)}\n</assistant>`

/** The first line that says something, without what models put around a title; cut between words. */
function titleFrom(text: string): string {
  const line = text.split('\n').find(each => /[\p{L}\p{N}]/u.test(each)) ?? ''
  const bare = line
    .replace(/\s+/g, ' ')
    .trim()
    .replace(/^(?:#+ |[-*] )/, '')
    .replace(/^\**(?:title|titel|titre)\**\s*:\s*/i, '')
    .replace(/^["'“”„«»`*_]+|["'“”„«»`*_.]+$/g, '')
    .trim()
  if (bare.length <= LONGEST) return bare
  const head = slice(bare, 0, LONGEST - 1)
  const space = head.lastIndexOf(' ')
  return `${space > LONGEST / 2 ? head.slice(0, space) : head}…`
}
