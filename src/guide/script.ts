import { fenced, ticksFor } from '../base/fence.ts'
import { cut } from '../base/text.ts'
import type { Params } from '../event.ts'
import type { ResultFacts } from '../llm/provider.ts'

/** A tool call before it has an id, and what came of it. */
export type GuideCall = { tool: string; params: Params }
export type Outcome = { content: string; is_error: boolean; facts?: ResultFacts }

/** What one reply says and asks for, and what is said when there is nothing more to ask for. */
export type Beat = { text: string; calls: GuideCall[] }
export type Closing = { text: string; failed?: boolean }

/**
 * A dialogue with the tools: yields calls, is given their outcomes, in order. It depends on nothing else, so each model
 * call plays it again from the start with the outcomes that the history holds: there is no state to keep.
 */
export type Script = Generator<Beat, Closing, Outcome[]>

/** One call, and what to say before it, after it, and when it failed (completed with the reason). */
export function* callOnce(
  call: GuideCall,
  words: { before?: string; after(content: string, metadata: Record<string, unknown>): string; failed: string },
): Script {
  const [outcome] = yield { text: words.before ?? '', calls: [call] }
  if (!outcome || outcome.is_error) return { text: failure(words.failed, outcome), failed: true }
  // Of what a person changed at the approval, our words would not be true.
  if (outcome.facts?.edited) return { text: `Done as you changed it:\n\n${block(outcome.content)}` }
  return { text: words.after(outcome.content, outcome.facts?.metadata ?? {}) }
}

/** `what` and why not, in words for the person who may have refused it. */
export function failure(what: string, outcome: Outcome | undefined): string {
  const content = outcome?.content.trim() ?? 'there was no result.'
  if (outcome?.facts?.status === 'rejected') {
    const { reason } = outcome.facts
    return reason ? `${what}: you rejected it. You said: ${quote(reason, 10)}` : `${what}: you rejected it.`
  }
  return content.includes('\n') ? `${what}:\n\n${block(content)}` : `${what}: ${quote(content, 10)}`
}

/** Inline code that no content can break out of. */
export function code(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim()
  const shown = cut(line, 80)
  if (!shown.includes('`')) return `\`${shown}\``
  const ticks = ticksFor(shown, 1)
  return `${ticks} ${shown} ${ticks}`
}

/** Words of others within ours: on one line, and no Markdown of their own. */
function quote(text: string, lines: number): string {
  const cut = text.split('\n').slice(0, lines).join(' ').trim()
  return cut.replace(/[\\*_<>#[\]]/g, '\\$&')
}

const MAX_LINES = 40
const MAX_CHARS = 6_000

/** A fence around content, shortened to what one wants to see in a chat; the tool result has it all. */
export function block(content: string, language = ''): string {
  const trimmed = content.replace(/^\n+/, '').trimEnd()
  const lines = trimmed.split('\n')
  let shown = lines.slice(0, MAX_LINES).join('\n')
  shown = cut(shown, MAX_CHARS + 1)
  const more = lines.length > MAX_LINES ? `\n\n… and ${lines.length - MAX_LINES} more lines.` : ''
  return `${fenced(shown, language)}${more}`
}

export const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`
