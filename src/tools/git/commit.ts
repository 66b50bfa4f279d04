import { join } from 'node:path'
import * as v from 'valibot'
import { escapeInvisible } from '../../base/controls.ts'
import { AppError } from '../../base/errors.ts'
import { defineTool } from '../define.ts'
import { locate, relative } from '../paths.ts'
import { count } from '../text.ts'
import type { ToolContext } from '../tool.ts'
import { checkBranchName, currentBranch } from './branch.ts'
import {
  failed,
  gitFailure,
  openRepository,
  type Repository,
  read,
  runApproved,
  runSafe,
  saidBy,
  withoutPassword,
} from './repository.ts'

export const gitCommit = defineTool({
  name: 'git_commit',
  category: 'git',
  description: 'Commit these files only, or what is staged',
  level: 'write',
  params: v.object({ message: v.string(), files: v.optional(v.array(v.string())) }),
  async effect({ message, files = [] }, context) {
    if (message.trim() === '') throw new AppError('INVALID_PARAMS', 'The commit message is empty.')
    const repository = await openRepository(context.roots.project, context)
    await checkIdentity(repository, context)
    const reads = files.length > 0 ? await located(files, context) : await staged(repository, context)
    if (reads.length === 0) throw failed('Nothing is staged. Pass `files` to commit these.')
    const what = files.length > 0 ? listed(reads, context) : `what is staged (${listed(reads, context)})`
    const subject = escapeInvisible(message.trim().split('\n', 1)[0]!)
    return { level: 'write', reason: `Commit ${what}: ${subject}`, reads, writes: [] }
  },
  async run({ message, files = [] }, context, effect) {
    const repository = await openRepository(context.roots.project, context)
    const paths = files.length > 0 ? await located(files, context) : await staged(repository, context)
    if (paths.join('\0') !== effect.reads.join('\0'))
      throw new AppError('STALE_FILE', 'What would be committed has changed since it was shown. Call again.')
    const operands = files.length > 0 ? ['--', ...paths] : []
    if (files.length > 0) {
      // `commit` alone knows nothing of files that are not tracked yet.
      const added = await runApproved(repository, ['--literal-pathspecs', 'add', '--all', ...operands], context)
      if (added.exit_code !== 0) throw gitFailure(added)
    }
    const result = await runApproved(
      repository,
      [
        '--literal-pathspecs',
        'commit',
        '--cleanup=whitespace',
        '-F',
        '-',
        ...(files.length > 0 ? ['--only'] : []),
        ...operands,
      ],
      context,
      { stdin: message },
    )
    if (result.exit_code !== 0) throw gitFailure(result)
    const commit = (await read(repository, ['rev-parse', 'HEAD'], context)).trim()
    return { content: saidBy(result), metadata: { commit } }
  },
})

const located = (files: string[], context: ToolContext): Promise<string[]> =>
  Promise.all(files.map(file => locate(file, context.roots, { link: true })))

const listed = (paths: string[], context: ToolContext): string =>
  paths.length <= 3
    ? paths.map(path => escapeInvisible(relative(path, context.roots))).join(', ')
    : count(paths.length, 'file')

/** Real paths of what the index holds against HEAD. */
async function staged(repository: Repository, context: ToolContext): Promise<string[]> {
  const list = ['diff', '--cached', '--name-only', '-z', '--no-renames', '--no-ext-diff', '--ignore-submodules=dirty']
  const names = (await read(repository, list, context)).split('\0').filter(name => name !== '')
  return names.map(name => join(repository.top, name))
}

/** Before anybody is asked: a commit without an author cannot be. */
async function checkIdentity(repository: Repository, context: ToolContext): Promise<void> {
  for (const name of ['GIT_AUTHOR_IDENT', 'GIT_COMMITTER_IDENT']) {
    if ((await runSafe(repository, ['var', name], context)).exit_code === 0) continue
    throw failed('Git does not know who commits. Set user.name and user.email with git config --global.')
  }
}

export const gitPush = defineTool({
  name: 'git_push',
  category: 'git',
  description: 'Push a branch, never forced',
  level: 'dangerous',
  params: v.object({ remote: v.optional(v.string()), branch: v.optional(v.string()) }),
  async effect(params, context) {
    const { remote, branch, url } = await destination(params, context)
    const reason = `Push the git branch ${branch} to ${remote} (${escapeInvisible(withoutPassword(url))})`
    return { level: 'dangerous', reason, reads: [context.roots.project], writes: [] }
  },
  async run(params, context, effect) {
    const { repository, remote, branch, url } = await destination(params, context)
    const reason = `Push the git branch ${branch} to ${remote} (${escapeInvisible(withoutPassword(url))})`
    if (effect.reason !== reason)
      throw new AppError('STALE_FILE', 'The branch or the remote has changed since. Call again.')
    const args = ['push', '--porcelain', '--no-force', '--recurse-submodules=no', '--receive-pack=git-receive-pack']
    const refspec = `refs/heads/${branch}:refs/heads/${branch}`
    const result = await runApproved(repository, [...args, '--', remote, refspec], context)
    if (result.exit_code !== 0) throw gitFailure(result)
    return { content: saidBy(result), metadata: { remote, branch } }
  },
})

/** A configured remote, by name, and a branch that is here. Throws INVALID_PARAMS and says which ones there are. */
async function destination(params: { remote?: string; branch?: string }, context: ToolContext) {
  const repository = await openRepository(context.roots.project, context)
  const branch = params.branch ?? (await currentBranch(repository, context))
  await checkBranchName(branch, repository, context)
  const exists = await runSafe(repository, ['show-ref', '--verify', '--quiet', `refs/heads/${branch}`], context)
  if (exists.exit_code !== 0)
    throw new AppError('INVALID_PARAMS', 'There is no local branch of that name with a commit.')
  const remotes = (await read(repository, ['remote'], context)).split('\n').filter(name => name !== '')
  const remote = params.remote ?? (await defaultRemote(branch, remotes, repository, context))
  if (!remotes.includes(remote) || remote.startsWith('-')) {
    const known = remotes.map(escapeInvisible).join(', ') || 'none'
    throw new AppError('INVALID_PARAMS', `\`remote\` must be the name of a configured remote. There are: ${known}.`)
  }
  const url = (await read(repository, ['remote', 'get-url', '--push', '--', remote], context)).trim()
  return { repository, remote, branch, url }
}

async function defaultRemote(branch: string, remotes: string[], repository: Repository, context: ToolContext) {
  for (const key of [`branch.${branch}.pushRemote`, 'remote.pushDefault', `branch.${branch}.remote`]) {
    const found = await runSafe(repository, ['config', '--get', key], context)
    if (found.exit_code === 0) return found.stdout.trim()
  }
  return remotes.length === 1 ? remotes[0]! : 'origin'
}
