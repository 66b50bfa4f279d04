import type { Intent } from './plan.ts'
import { readTable } from './results.ts'
import { block, callOnce, code, failure, type GuideCall, type Script } from './script.ts'

/**
 * Commits what is staged, or else everything in the project that changed: who says "commit" rarely means nothing. The
 * approval shows which files these are.
 */
export function* commit({ message, all }: Extract<Intent, { do: 'commit' }>, offered: ReadonlySet<string>): Script {
  let files = all ? ['.'] : undefined
  if (!all && offered.has('git_status')) {
    const [outcome] = yield { text: 'Looking at what changed.', calls: [{ tool: 'git_status', params: {} }] }
    if (!outcome || outcome.is_error)
      return { text: failure('I could not look at what changed', outcome), failed: true }
    if (outcome.facts?.metadata?.files === 0) return { text: 'Nothing changed, so there is nothing to commit.' }
    const rows = readTable(outcome.content)?.rows ?? []
    if (!rows.some(row => STAGED.test(row.status ?? ''))) files = ['.']
  }
  const call: GuideCall = { tool: 'git_commit', params: { message, ...(files && { files }) } }
  return yield* callOnce(call, {
    before: all
      ? 'Committing everything.'
      : files
        ? 'Nothing is staged, so I commit all that changed.'
        : 'Committing what is staged.',
    after: content => `Committed as ${code(message)}:\n\n${block(content)}`,
    failed: 'Nothing was committed',
  })
}

/** Of git's two letters the first is the index. */
const STAGED = /^[MADRCT]/
