import * as v from 'valibot'
import { aborted } from '../../base/abort.ts'
import type { ToolContext } from '../../tools/tool.ts'

/** Who may be asked: the session that made a call. */
export type Asker = Pick<ToolContext, 'session_id' | 'ask'>
export type Answered = { action: 'accept' | 'decline' | 'cancel'; content?: Record<string, unknown> }

const Elicitation = v.looseObject({
  mode: v.optional(v.string(), 'form'),
  message: v.optional(v.string(), ''),
  requestedSchema: v.optional(v.unknown()),
  url: v.optional(v.string()),
})
const Content = v.record(v.string(), v.unknown())

/**
 * Puts a server's question to a person. Declined when nobody can be asked or the address is not one to send people to;
 * `withdrawn` closes it when the server does not want to know any more, or is gone.
 */
export async function elicit(
  server: string,
  asker: Asker | null,
  params: unknown,
  withdrawn?: AbortSignal,
): Promise<Answered> {
  const parsed = v.safeParse(Elicitation, params)
  if (!asker?.ask || !parsed.success) return { action: 'decline' }
  const { mode, message, requestedSchema, url } = parsed.output
  if (mode === 'url' && !isSafeUrl(url)) return { action: 'decline' }
  const question = { server, message, ...(mode === 'url' ? { url } : { schema: requestedSchema }) }
  const answer = await asker.ask(question, withdrawn && aborted(withdrawn))
  const content = v.safeParse(Content, answer.content)
  if (answer.action !== 'accept' || mode === 'url') return { action: answer.action }
  return { action: 'accept', content: content.success ? content.output : {} }
}

/** https, or this machine: an address that a browser may be sent to. */
export function isSafeUrl(url: string | undefined): boolean {
  const parsed = url === undefined ? null : URL.parse(url)
  if (!parsed || parsed.username || parsed.password) return false
  return parsed.protocol === 'https:' || (parsed.protocol === 'http:' && LOOPBACK.has(parsed.hostname))
}

const LOOPBACK = new Set(['127.0.0.1', 'localhost', '[::1]'])

/**
 * The one session that a server's own request can come from. Over a shared connection nothing says which call it belongs
 * to, so with calls of several sessions under way it belongs to none.
 */
export function onlyAsker(calls: Iterable<Asker>): Asker | null {
  let found: Asker | null = null
  for (const call of calls) {
    if (found && found.session_id !== call.session_id) return null
    found = call
  }
  return found
}
