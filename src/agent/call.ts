import { AppError, messageOf } from '../base/errors.ts'
import type { Event, FileChanged, Params, Preview, Remember, ToolCall, ToolError, ToolResult } from '../event.ts'
import type { FileDecision } from '../tools/files/change.ts'
import type { JudgedCall, Policy, Verdict } from '../tools/permission/policy.ts'
import type { Change, Effect, Tool, ToolContext } from '../tools/tool.ts'
import type { Foreseen, Keeper } from '../undo/keeper.ts'
import type { Proposals } from './proposals.ts'

/** What a call may see and use of its session. */
export type ToolAccess = {
  /** By the name in the call; undefined when there is no such tool for this agent. */
  find(name: string): Tool | undefined
  /** Finds what no tool of that name is offered for: a tool of an MCP server may be called by its own name. */
  resolve: Tool['resolve']
  /** The names to offer when a tool is not found. */
  names(): string[]
  context(tool_call_id: string, signal: AbortSignal, emit: (event: Event) => void): ToolContext
  policy(): Policy
  /** Asks the client for unsaved text of the files that these parameters name, where the client can be asked. */
  refresh?(params: Params, signal: AbortSignal): Promise<void>
  /** Edits of the turn that wait for a review. */
  proposals?: Proposals
  /** Whether edits are to wait for one. */
  reviews?(): boolean
  /** Keeps what a call may change, so that it can be undone. */
  keeper?: Keeper
  /** What checkers report of files that calls change. */
  checks?: {
    /** A call that would make these changes was announced: what is wrong before it is asked for meanwhile. */
    begin(changes: readonly Change[]): void
    /** What is wrong since; undefined for nothing. Takes two seconds at most, and never rejects. */
    after(changes: readonly Change[], context: ToolContext, signal: AbortSignal): Promise<Report | undefined>
    /** What was found wrong after `after` had returned, each once; undefined for nothing. Waits for no checker, never rejects. */
    late(context: ToolContext): Promise<Report | undefined>
  }
  /** What a call that has run has worked on. */
  touched(prepared: Prepared): Promise<void>
  /** Programs of the user's that have a say: before a call runs, and, with texts for the model, once it has. */
  hooks?: {
    before(looked: Prepared, signal: AbortSignal): Promise<HookReply>
    after(
      prepared: Prepared,
      result: Pick<ToolResult, 'status' | 'result' | 'message'>,
      changed: readonly FileChanged[],
      signal: AbortSignal,
    ): Promise<string[]>
  }
}

/** What checkers found: `text` for the model, the entries for `metadata.diagnostics`. */
export type Report = { text: string; diagnostics: readonly object[] }

/** What the hooks of one event said, in the order of the configuration. */
export type HookReply = {
  /** Why it must not go on; the hooks behind it did not run. */
  blocked?: string
  /** Parameters in place of those of the call. */
  params?: Params
  /** For the model, one text a hook. */
  context: string[]
  /** The call is put to the person although a rule allows it, for this reason. */
  ask?: string
}

/** A call that was looked at and is ready to run: what it would do, and what the rules say of it. */
export type Prepared = {
  call: ToolCall
  tool: Tool
  params: Params
  effect: Effect
  verdict: Verdict
  preview?: Preview
  remember?: Remember
  /** What hooks have to say of it, for the model. */
  notes?: string[]
  /** What of it could not be undone. */
  foreseen?: Foreseen
  /** What it is looked at with before it is approved, where that is not what its turn has. */
  place?: ToolAccess
  /** The calls that it stands for, where it is the review of these. */
  parts?: readonly Prepared[]
}

/** A call that cannot or may not run; the model gets the reason as an ordinary result. */
export type BlockedCall = { call: ToolCall; category: string; error: ToolError }

export const isBlocked = (looked: Prepared | BlockedCall): looked is BlockedCall => 'error' in looked

/**
 * Looks at a call without changing anything. `raw` is what the model sent when it was no JSON object. Everything that is
 * wrong with a call ends as a `BlockedCall`; only an abort is thrown.
 */
export async function prepare(
  call: ToolCall,
  place: ToolAccess,
  signal: AbortSignal,
  raw?: string,
): Promise<Prepared | BlockedCall> {
  let named = call
  let tool = place.find(call.tool)
  try {
    const leads = tool ? undefined : place.resolve
    if (!tool && !leads) throw unknownTool(call.tool, place.names())
    if (raw !== undefined)
      throw new AppError('INVALID_PARAMS', 'The arguments were not a JSON object. Send the call again with valid JSON.')
    const context = place.context(call.tool_call_id, signal, () => {})
    const inner = await (leads
      ? leads({ tool: call.tool, args: call.params }, context)
      : tool!.resolve?.(call.params, context))
    tool = inner?.tool ?? tool!
    // By its own name, whatever the provider knows it by.
    named = { ...call, tool: tool.name, params: inner?.params ?? call.params }
    await place.refresh?.(named.params, signal)
    const looked = await look(named, tool, place, signal)
    if (looked.verdict.decision === 'deny') throw new AppError('PERMISSION_DENIED', looked.verdict.reason)
    return place.hooks ? await hooked(looked, place, signal) : looked
  } catch (error) {
    signal.throwIfAborted()
    return { call: named, category: tool?.category ?? 'unknown', error: toolError(error) }
  }
}

/** The call as hooks leave it: other parameters are looked at like those of a new call, so no hook widens a rule. */
async function hooked(looked: Prepared, place: ToolAccess, signal: AbortSignal): Promise<Prepared> {
  const { blocked, params, context, ask } = await place.hooks!.before(looked, signal)
  if (blocked !== undefined) throw new AppError('PERMISSION_DENIED', `A hook of the user refused this call: ${blocked}`)
  const asks = ask !== undefined
  const again = params !== undefined || asks
  const call = params ? { ...looked.call, params } : looked.call
  const fresh = again ? await look(call, looked.tool, place, signal, asks) : looked
  if (fresh.verdict.decision === 'deny') throw new AppError('PERMISSION_DENIED', fresh.verdict.reason)
  const changed = params ? ['A hook of the user changed the parameters of this call.'] : []
  const verdict = asks
    ? { ...fresh.verdict, decision: 'ask' as const, by: 'rule' as const, reason: `A hook wants it asked: ${ask}` }
    : fresh.verdict
  return { ...fresh, verdict, notes: [...changed, ...context] }
}

/**
 * Throws what is wrong with the call; a verdict of `deny` is returned, not thrown. `shown` says that it was put to a person
 * before: then it has its preview again, whatever the rules say by now.
 */
export async function look(
  call: ToolCall,
  tool: Tool,
  place: ToolAccess,
  signal: AbortSignal,
  shown = false,
): Promise<Prepared> {
  const params = tool.parse(call.params)
  const context = place.context(call.tool_call_id, signal, () => {})
  try {
    const judged = await judge(
      { call, tool, params, effect: await tool.effect(params, context) },
      place,
      context,
      shown,
    )
    const foreseen = await foresee(judged, place, context)
    if (!judged.verdict.if_undoable || !foreseen?.undo) return { ...judged, foreseen }
    const asked = await judge(judged, place, context, true)
    const reason = 'Not all of it can be undone.'
    return { ...asked, foreseen, verdict: { ...asked.verdict, decision: 'ask', by: 'default', reason } }
  } catch (error) {
    // What a rule denies altogether, it denies also where it could not work: there is no use in trying another way.
    const effect = { level: tool.level, reason: '', reads: [], writes: [] }
    const { verdict } = await judge({ call, tool, params, effect }, place, context, false)
    if (verdict.decision !== 'deny' || verdict.by !== 'rule') throw error
    throw new AppError('PERMISSION_DENIED', verdict.reason)
  }
}

async function foresee({ tool, effect, verdict }: Prepared, { keeper }: ToolAccess, context: ToolContext) {
  if (effect.level === 'read' || verdict.decision === 'deny') return undefined
  return await keeper?.foresee({ tool: tool.name, category: tool.category, effect, context })
}

/**
 * The same call with other final contents: hunks or files that were refused, or edits by hand. Throws INVALID_REQUEST where it
 * does not have such parts.
 */
export async function lookWithContent(
  prepared: Prepared,
  { content, files }: { content?: string; files?: readonly FileDecision[] },
  place: ToolAccess,
  signal: AbortSignal,
): Promise<Prepared> {
  const { withContent, withFiles } = await import('../tools/files/change.ts')
  const { tool, call } = prepared
  const fresh = await look(call, tool, place, signal)
  const context = place.context(call.tool_call_id, signal, () => {})
  const { changes: proposed = [] } = fresh.effect
  if (files && !tool.divisible)
    throw new AppError('INVALID_REQUEST', 'files: this call cannot be approved file by file.')
  const changes = files ? withFiles(proposed, files, context.roots) : withContent(proposed, content!)
  const writes = tool.divisible ? changes.map(({ path }) => path) : fresh.effect.writes
  return judge({ ...fresh, effect: { ...fresh.effect, changes, writes } }, place, context, true)
}

/** The call as policy and the rules of hooks see it. */
export const judgedCall = ({ tool, params, effect }: Pick<Prepared, 'tool' | 'params' | 'effect'>): JudgedCall => ({
  tool: tool.name,
  category: tool.category,
  params,
  effect,
  level: effect.level,
})

async function judge(
  looked: Pick<Prepared, 'call' | 'tool' | 'params' | 'effect'>,
  place: ToolAccess,
  context: ToolContext,
  shown: boolean,
): Promise<Prepared> {
  const [{ decide }, { rememberable }] = await Promise.all([
    import('../tools/permission/policy.ts'),
    import('../tools/permission/rememberable.ts'),
  ])
  const subject = judgedCall(looked)
  const verdict = decide(subject, place.policy())
  if (verdict.decision !== 'ask' && !shown) return { ...looked, verdict }
  const { previewOf } = await import('../tools/files/change.ts')
  const { changes } = looked.effect
  return {
    ...looked,
    verdict,
    preview: changes && changes.length > 0 ? await previewOf(changes, context.roots) : undefined,
    remember: rememberable(subject, place.policy()),
  }
}

function unknownTool(name: string, names: string[]): AppError {
  const known = names.length > 40 ? `${names.slice(0, 40).join(', ')} …` : names.join(', ')
  return new AppError(
    'UNKNOWN_TOOL',
    `There is no tool of that name for this agent. The tools are: ${known || 'none'}.`,
    { name },
  )
}

export function toolError(error: unknown): ToolError {
  if (error instanceof AppError)
    return {
      code: error.code,
      message: error.message,
      recoverable: error.code !== 'PERMISSION_DENIED',
      ...(Object.keys(error.details).length > 0 && { details: error.details }),
    }
  const code = (error as NodeJS.ErrnoException)?.code
  return { code: 'TOOL_FAILED', message: code ? `${code}: ${messageOf(error)}` : messageOf(error), recoverable: true }
}
