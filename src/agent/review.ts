import { NEVER } from '../base/abort.ts'
import { newId } from '../base/ids.ts'
import type { Event, ToolResult } from '../event.ts'
import { noteOn } from '../tools/files/format.ts'
import { relative } from '../tools/paths.ts'
import { inProject } from '../tools/permission/binding.ts'
import type { Policy } from '../tools/permission/policy.ts'
import { isSensitive } from '../tools/permission/sensitive.ts'
import { count, decodeText, isBinary, lineCount } from '../tools/text.ts'
import type { Change, Tool } from '../tools/tool.ts'
import { isBlocked, look, type Prepared, prepare, type ToolAccess } from './call.ts'
import { refuse, runAlone, toolCallEvent } from './calls.ts'
import { type Proposals, REVIEW } from './proposals.ts'
import { result, withNotes } from './results.ts'
import { REVIEWED, reviewTool } from './review-tool.ts'
import { state, type Turn } from './turn.ts'

/*
 * `review_edits`: edits are not made when the model makes them. Each is looked at, judged and formatted as ever, and gets the
 * result that it is proposed; a person then decides about all of them at once, on one preview of the net changes.
 */

/** How it ended: `none` where nothing was proposed; with `again` the result has to go to the model, so the turn continues. */
export type Reviewed = 'none' | 'approved' | 'again' | 'timeout'

/**
 * Whether the call waits for the review. What is dangerous, sensitive or no text does not: it is put to the person by itself.
 */
export function isProposed(prepared: Prepared, { policy }: ToolAccess): boolean {
  const { path, after } = changeOf(prepared)
  const danger = prepared.verdict.danger ?? prepared.effect.danger
  if (danger !== undefined || (after !== null && isBinary(after))) return false
  return !isSensitive(inProject(path, policy().project))
}

/** What the call makes: the text of a file, or a directory. */
const changeOf = ({ effect }: Prepared): Change =>
  effect.changes?.[0] ?? { path: effect.writes[0]!, operation: 'create', before: null, after: null }

/** The call as one that a person has to approve by itself, whatever allows it: it cannot wait for the review of the others. */
export async function askedAlone(prepared: Prepared, place: ToolAccess, signal: AbortSignal): Promise<Prepared> {
  if (prepared.verdict.decision !== 'allow') return prepared
  const { call, tool, notes } = prepared
  const looked = await look(call, tool, place, signal, true)
  const verdict = { ...looked.verdict, decision: 'ask' as const, by: 'config' as const, reason: REVIEWED }
  return { ...looked, verdict, notes }
}

/** Whether the call writes what waits for the review, and does not wait itself. */
export const collides = ({ effect }: Prepared, { proposals }: ToolAccess): boolean =>
  effect.writes.some(path => proposals?.texts.has(path))

/** Takes the call in place of running it. */
export async function* propose(turn: Turn, prepared: Prepared, proposals: Proposals): AsyncGenerator<Event> {
  const { call, effect, notes = [] } = prepared
  const change = changeOf(prepared)
  const { path, after } = change
  yield toolCallEvent(turn.turn_id, prepared, false)
  yield state(turn, 'tool_execution', { tool_call_id: call.tool_call_id })
  proposals.add(prepared, change)
  const { roots } = turn.place.context(call.tool_call_id, NEVER, () => {})
  const shown = relative(path, roots)
  const formatted = after ? await noteOn(after, effect.formatted) : undefined
  const size = after ? count(lineCount(decodeText(after)), 'line') : 'a directory'
  const what = proposals.calls.length > 1 ? 'It waits for the same review.' : EXPLAINED
  const content = `Proposed: ${shown} (${size}). ${what}`
  yield result(
    turn,
    call,
    withNotes(
      {
        status: 'success',
        result: { content, metadata: { path: shown, proposed: true, ...formatted?.metadata } },
        message: content,
        execution_time_ms: 0,
        ...(effect.locations && { locations: effect.locations }),
      },
      [...(formatted ? [formatted.text] : []), ...notes],
    ),
  )
  await turn.place.touched(prepared)
}

/** Puts all that is proposed to the person and writes what they approve. `why` says what came in between, if something did. */
export async function* review(turn: Turn, signal: AbortSignal, why?: string): AsyncGenerator<Event, Reviewed> {
  const { proposals } = turn.place
  if (!proposals || proposals.calls.length === 0) return 'none'
  const parts = [...proposals.calls]
  const params = { calls: parts.map(({ call }) => call.tool_call_id) }
  /** The number of notes by hooks and reports of checkers about it. */
  let heard = 0
  const place = placeOf(turn, reviewTool(turn, proposals, params, why), parts, texts => {
    heard += texts.length
  })
  await place.refresh?.(Object.fromEntries([...proposals.texts.keys()].entries()), signal)
  const looked = await prepare({ tool_call_id: newId('tc'), tool: REVIEW, params }, place, signal)
  const steps = isBlocked(looked)
    ? refuse(turn, looked)
    : runAlone({ ...turn, place }, { ...looked, place, parts }, signal)
  let status: ToolResult['status'] = 'error'
  try {
    for (;;) {
      const { done, value } = await steps.next()
      if (done) return value === 'timeout' ? value : status === 'success' && heard === 0 ? 'approved' : 'again'
      if (value.type === 'tool.result') {
        status = value.status
        if (value.result?.metadata['diagnostics']) heard++
        proposals.clear()
      }
      yield value
    }
  } finally {
    await steps.return(undefined as never)
  }
}

/** What the review is looked at and run with. Its parts were judged one by one, and are again whenever it is looked at. */
function placeOf({ place }: Turn, tool: Tool, parts: readonly Prepared[], hear: (texts: string[]) => void): ToolAccess {
  const { hooks } = place
  return {
    ...place,
    find: name => (name === REVIEW ? tool : undefined),
    resolve: undefined,
    policy: () => withoutTools(place.policy()),
    touched: async () => {}, // when it was proposed
    hooks: hooks && {
      before: async () => ({ context: [] }),
      after: async (_, outcome, changed, signal) => {
        const heard: string[] = []
        for (const [at, part] of parts.entries()) {
          const [path] = part.effect.locations ?? []
          const own = changed.filter(event => event.path === path?.path)
          const isLast = !parts.slice(at + 1).some(later => later.effect.locations?.[0]?.path === path?.path)
          if (own.length > 0) heard.push(...(await hooks.after(part, outcome, isLast ? own : [], signal)))
        }
        hear(heard)
        return heard
      },
    },
  }
}

/** Which tools may be used was asked of each part; the rest of the policy is about the files. */
function withoutTools({ agent, ancestors = [], ...policy }: Policy): Policy {
  const open = <T extends Policy['agent']>({ allowed_tools: _, ...limits }: T) => limits
  return { ...policy, narrowed: [], agent: open(agent), ancestors: ancestors.map(open) }
}

const EXPLAINED =
  'It is written when the user has reviewed the edits of this turn; until then reads and edits see the proposed text, and the file on disk is unchanged.'
