import { join } from 'node:path'
import * as v from 'valibot'
import { AppError } from '../../base/errors.ts'
import { renderData } from '../../base/toon.ts'
import { defineTool } from '../define.ts'
import type { Change, ToolContext } from '../tool.ts'
import {
  failed,
  gitFailure,
  openRepository,
  type Repository,
  read,
  runApproved,
  runSafe,
  saidBy,
} from './repository.ts'
import { underway } from './state.ts'

/** Changed files that a switch reports, at most. */
const MAX_CHANGES = 200

export const gitBranch = defineTool({
  name: 'git_branch',
  category: 'git',
  description: 'List branches, or switch to one, or create and switch',
  level: 'write',
  level_by_call: true,
  params: v.object({ name: v.optional(v.string()), create: v.optional(v.boolean()) }),
  async effect({ name, create }, context) {
    const reads = [context.roots.project]
    if (name === undefined) return { level: 'read', reason: 'List the git branches', reads, writes: [] }
    await checkBranchName(name, await openRepository(context.roots.project, context), context)
    const reason = `${create ? 'Create and switch' : 'Switch'} to the git branch ${name}`
    return { level: 'write', reason, reads, writes: [] }
  },
  async run({ name, create }, context) {
    const repository = await openRepository(context.roots.project, context)
    if (name === undefined) return listBranches(repository, context)
    await checkBranchName(name, repository, context)
    const before = await head(repository, context)
    const result = await runApproved(repository, ['switch', ...(create ? ['-c'] : []), name], context)
    if (result.exit_code !== 0) throw gitFailure(result)
    const after = await head(repository, context)
    const changes = before !== null && after !== null ? await changesBetween(before, after, repository, context) : []
    return { content: saidBy(result) || `On branch ${name}.`, metadata: { branch: name }, changes }
  },
})

/** By git's own rules; nothing that could be an option or a range. Throws INVALID_PARAMS. */
export async function checkBranchName(name: string, repository: Repository, context: ToolContext): Promise<void> {
  const result = name.startsWith('-')
    ? null
    : await runSafe(repository, ['check-ref-format', `refs/heads/${name}`], context)
  if (result?.exit_code !== 0) throw new AppError('INVALID_PARAMS', 'That is not a valid name for a git branch.')
}

async function listBranches(repository: Repository, context: ToolContext) {
  const format =
    '%(if)%(HEAD)%(then)%(HEAD)%(end)%00%(refname:short)%00%(objectname:short)%00%(upstream:short)%00%(upstream:track,nobracket)'
  const output = await read(repository, ['for-each-ref', `--format=${format}`, 'refs/heads'], context)
  const rows = output
    .split('\n')
    .filter(line => line !== '')
    .map(line => {
      const [mark, branch, commit, upstream, track] = line.split('\0')
      return { current: mark === '*', branch, commit, upstream, track }
    })
  const commit = await head(repository, context)
  const none = commit === null ? 'There are no commits yet, so no branches.' : 'There are no branches.'
  const table = rows.length === 0 ? none : await renderData(rows, context.toon)
  const isDetached = commit !== null && !rows.some(({ current }) => current)
  const detached = isDetached ? [`HEAD is detached at ${commit.slice(0, 10)}: no branch is checked out.`] : []
  const content = [...detached, ...(await underway(repository.gitDir, context.roots)), table].join('\n')
  return { content, metadata: { branches: rows.length } }
}

async function head(repository: Repository, context: ToolContext): Promise<string | null> {
  const result = await runSafe(repository, ['rev-parse', '--verify', '--quiet', 'HEAD'], context)
  return result.exit_code === 0 ? result.stdout.trim() : null
}

/** The files of the work tree that differ between two commits, both of which it has been at. */
async function changesBetween(before: string, after: string, repository: Repository, context: ToolContext) {
  if (before === after) return []
  const list = ['diff-tree', '-r', '-z', '--no-renames', '--name-status', '--ignore-submodules', before, after]
  const fields = (await read(repository, list, context)).split('\0')
  const changes: Change[] = []
  for (let at = 0; at + 1 < fields.length && changes.length < MAX_CHANGES; at += 2) {
    const change = fields[at] === 'A' ? 'created' : fields[at] === 'D' ? 'deleted' : 'modified'
    const path = join(repository.top, fields[at + 1]!)
    changes.push({ path, operation: 'shell', before: null, after: null, change })
  }
  return changes
}

/** Throws TOOL_FAILED when HEAD is on no branch. */
export async function currentBranch(repository: Repository, context: ToolContext): Promise<string> {
  const result = await runSafe(repository, ['symbolic-ref', '--quiet', '--short', 'HEAD'], context)
  if (result.exit_code !== 0) throw failed('HEAD is detached: name the branch.')
  return result.stdout.trim()
}
