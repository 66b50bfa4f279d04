import { isDeepStrictEqual } from 'node:util'
import { AppError } from '../base/errors.ts'
import { newId } from '../base/ids.ts'
import type { Event, Params, ToolResult } from '../event.ts'
import { isOwned, writeOwned } from '../tools/files/buffer.ts'
import { commitChanges } from '../tools/files/change.ts'
import { markSeen, unsavedDanger } from '../tools/files/edit.ts'
import { noteOn } from '../tools/files/format.ts'
import { relative } from '../tools/paths.ts'
import { inProject } from '../tools/permission/binding.ts'
import { decide, type Policy } from '../tools/permission/policy.ts'
import { isSensitive } from '../tools/permission/sensitive.ts'
import { count, decodeText, isBinary, lineCount } from '../tools/text.ts'
import type { Change, Effect, Output, Tool, ToolContext } from '../tools/tool.ts'
import { isBlocked, judgedCall, look, type Prepared, prepare, type ToolAccess } from './call.ts'
import { refuse, runAlone, toolCallEvent } from './calls.ts'
import { type Net, type Proposals, REVIEW } from './proposals.ts'
import { result, withNotes } from './results.ts'
import { state, type Turn } from './turn.ts'

/*
 * `review_edits`: edits are not made when the model makes them. Each is looked at, judged and formatted as ever, and gets the
 * result that it is proposed; a person then decides about all of them at once, on one preview of the net changes.
 */

/** What became of it: `none` where nothing was proposed, `again` where the model has to hear of it before the turn may end. */
export type Reviewed = 'none' | 'approved' | 'again' | 'timeout'

/**
 * Whether the call waits for the review. What is dangerous, sensitive or no text does not: it is put to the person by itself.
 */
export function isProposed({ effect, verdict }: Prepared, { policy }: ToolAccess): boolean {
  if (effect.changes?.length !== 1) return false
  const [{ path, after }] = effect.changes as [Change]
  if (after === null || isBinary(after) || verdict.danger !== undefined || effect.danger !== undefined) return false
  return !isSensitive(inProject(path, policy().project))
}

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
  const [{ path, after }] = effect.changes as [Change]
  yield toolCallEvent(turn.turn_id, prepared, false)
  yield state(turn, 'tool_execution', { tool_call_id: call.tool_call_id })
  proposals.add(prepared)
  const { roots } = turn.place.context(call.tool_call_id, NEVER, () => {})
  const shown = relative(path, roots)
  const formatted = await noteOn(after!, effect.formatted)
  const size = count(lineCount(decodeText(after!)), 'line')
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
  /** What hooks and checkers have to say of it. */
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
function placeOf(
  { place }: Turn,
  tool: Tool,
  parts: readonly Prepared[],
  hear: (texts: string[]) => void,
): ToolAccess {
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

function reviewTool(turn: Turn, proposals: Proposals, params: Params, why: string | undefined): Tool {
  const parts = [...proposals.calls]
  let last: Net | undefined
  return {
    name: REVIEW,
    category: 'filesystem',
    description: '',
    parameters: {},
    level: 'write',
    divisible: true,
    parse(given) {
      if (isDeepStrictEqual(given, params)) return given
      throw new AppError('INVALID_PARAMS', 'The edits are made: approve them, other texts of their files, or none.')
    },
    async effect(_, context): Promise<Effect> {
      const policy = turn.place.policy()
      const judged = parts.map(part => ({ part, verdict: decide(judgedCall(part), policy) }))
      const net = await proposals.net(context.roots)
      // What the mode denies, it denies of the review as a whole.
      const denied = new Map(
        judged.flatMap(({ part, verdict }) =>
          verdict.decision === 'deny' && policy.mode !== 'plan'
            ? part.effect.writes.map(path => [path, verdict.reason] as const)
            : [],
        ),
      )
      const changes = net.changes.filter(({ path }) => !denied.has(path))
      const left_out = [...net.left_out, ...Array.from(denied, ([path, reason]) => ({ path, reason }))]
      last = { ...net, changes, left_out }
      const without = leftOut(left_out, context)
      if (changes.length === 0 && left_out.length > 0)
        throw new AppError('STALE_FILE', `Nothing of what was proposed can be written. ${without}`)
      const writes = changes.map(({ path }) => path)
      // By rules as they are now, and by hooks when it was proposed.
      const wanted = judged
        .flatMap(({ part, verdict }) => [verdict, part.verdict])
        .flatMap(({ decision, by, reason }) => (decision === 'ask' && by === 'rule' ? [reason] : []))
      const isAsked = wanted.length > 0 || judged.some(({ verdict }) => verdict.decision === 'ask')
      const asks = policy.mode !== 'accept-edits' || isAsked
      const what = count(changes.length, 'file')
      return {
        level: 'write',
        reason: [why, `Write what was proposed: ${what}`, without, ...new Set(wanted)]
          .filter(Boolean)
          .map(text => text!.replace(/\.$/, ''))
          .join('. '),
        reads: [],
        writes,
        changes,
        locations: writes.map(path => ({ path: relative(path, context.roots) })),
        ...(changes.length === 0
          ? { session_only: true as const }
          : asks && { asks: { reason: REVIEWED, always: true as const } }),
        ...unsavedDanger(writes, context),
      }
    },
    run: (_, context, { changes = [] }) => write(changes, last, context),
  }
}

async function write(changes: Change[], net: Net | undefined, context: ToolContext): Promise<Output> {
  const owned = changes.filter(change => isOwned(change, context))
  const written = changes.filter(change => !owned.includes(change))
  await commitChanges(written, context.roots)
  for (const change of owned) {
    const saved = await writeOwned(change, context)
    if (saved) written.push(saved)
  }
  // What somebody else changed as well, the model does not know.
  for (const change of written) if (!net?.merged.has(change.path)) markSeen(change, context)
  const names = changes.map(({ path }) => relative(path, context.roots))
  const merged = names.filter((_, at) => net?.merged.has(changes[at]!.path))
  const content = [
    names.length > 0 ? `Written: ${names.join(', ')}.` : 'There was nothing to write: the files are what was proposed.',
    merged.length > 0 &&
      `Somebody else changed other lines of these meanwhile, so read them again: ${merged.join(', ')}.`,
    owned.length > 0 && `In the editor's buffer: ${owned.map(({ path }) => relative(path, context.roots)).join(', ')}.`,
    leftOut(net?.left_out ?? [], context),
  ]
  return {
    content: content.filter(Boolean).join(' '),
    metadata: { files: changes.length },
    changes: written,
    locations: names.map(path => ({ path })),
  }
}

const leftOut = (left_out: Net['left_out'], { roots }: ToolContext): string =>
  left_out.length === 0
    ? ''
    : `Not written: ${left_out.map(({ path, reason }) => `${relative(path, roots)} (${reason.replace(/\.$/, '')})`).join(', ')}.`

const EXPLAINED =
  'It is written when the user has reviewed the edits of this turn; until then reads and edits see the proposed text, and the file on disk is unchanged.'
const REVIEWED = 'Edits are reviewed before they are written'
const NEVER = new AbortController().signal
