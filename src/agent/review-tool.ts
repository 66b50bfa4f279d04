import { AppError } from '../base/errors.ts'
import { withoutStop } from '../base/text.ts'
import type { Params } from '../event.ts'
import { isOwned, writeOwned } from '../tools/files/buffer.ts'
import { commitChanges } from '../tools/files/change.ts'
import { markSeen, unsavedDanger } from '../tools/files/edit.ts'
import { hostOf } from '../tools/host/local.ts'
import { confirmPath, relative } from '../tools/paths.ts'
import { decide } from '../tools/permission/policy.ts'
import { count } from '../tools/text.ts'
import type { Change, Effect, Output, Tool, ToolContext } from '../tools/tool.ts'
import { judgedCall } from './call.ts'
import { landingTool } from './landing-tool.ts'
import { type Net, type Proposals, REVIEW } from './proposals.ts'
import type { Turn } from './turn.ts'

/** Why an edit asks that a rule or the session allows. */
export const REVIEWED = 'Edits are reviewed before they are written'

/** The tool that writes all that is proposed. */
export function reviewTool(turn: Turn, proposals: Proposals, params: Params, why: string | undefined): Tool {
  const parts = [...proposals.calls]
  let last: Net | undefined
  return landingTool({
    name: REVIEW,
    category: 'filesystem',
    params,
    fixed: 'The edits are made: approve them, other texts of their files, or none.',
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
      const directories = changes.filter(isDirectory).length
      const what = [
        (changes.length > directories || directories === 0) && count(changes.length - directories, 'file'),
        directories > 0 && (directories === 1 ? '1 directory' : `${directories} directories`),
      ]
        .filter(Boolean)
        .join(', ')
      return {
        level: 'write',
        reason: [why, `Write what was proposed: ${what}`, without, ...new Set(wanted)]
          .filter(Boolean)
          .map(text => withoutStop(text!))
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
  })
}

const isDirectory = ({ operation }: Change) => operation === 'create'

async function write(changes: Change[], net: Net | undefined, context: ToolContext): Promise<Output> {
  const owned = changes.filter(change => isOwned(change, context))
  const written = changes.filter(change => !owned.includes(change) && !isDirectory(change))
  await commitChanges(written, context.roots)
  const { files } = hostOf(context.roots)
  for (const { path } of changes.filter(isDirectory)) {
    await confirmPath(path, context.roots)
    await files.makeDirectory(path)
  }
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
    : `Not written: ${left_out.map(({ path, reason }) => `${relative(path, roots)} (${withoutStop(reason)})`).join(', ')}.`
