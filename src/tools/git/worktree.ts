import { copyFile, lstat, mkdir, readlink, symlink, writeFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { AppError, codeOf, messageOf } from '../../base/errors.ts'
import { hashOf, makePrivateDir, readRegular } from '../../base/files.ts'
import { newId } from '../../base/ids.ts'
import { bytesAt, MAX_CHANGE_BYTES } from '../files/change.ts'
import { holding } from '../files/hold.ts'
import { relative as shown } from '../paths.ts'
import { sameBytes } from '../text.ts'
import type { Change } from '../tool.ts'
import { type GitContext, openRepository, type Repository, read, runSafe } from './repository.ts'
import { recordWorktree, removeWorktree, sweepWorktrees } from './worktrees.ts'

/** A copy of a project in which an agent works by itself. Paths are real ones. */
export type Worktree = {
  /** The copy of the project's directory. */
  project: string
  /**
   * What was changed in the copy, as changes of the project. Throws STALE_FILE when the project's own file is not what it was
   * when the copy was made, TOOL_FAILED for more than can be looked at.
   */
  changes(): Promise<Change[]>
  remove(): Promise<void>
}

/** A file as it was copied: the hash of its bytes, and how the copy looked then. `hash` is '' where it was not read. */
type Copied = { hash: string; looks: string }

const MOST_LISTED = 64 * 1024 * 1024
const MOST_CHANGED = 500
const AT_ONCE = 16

/**
 * Makes a worktree of the project's repository below `directory`: detached at HEAD, on no branch, with the files as they are in
 * the project now, uncommitted changes and untracked files among them, without those that git ignores. Runs nothing of the
 * repository's, and leaves its index and branches as they are. Throws TOOL_FAILED where there is no repository with a commit.
 */
export async function addWorktree(directory: string, context: GitContext): Promise<Worktree> {
  await sweepWorktrees(directory)
  const { project } = context.roots
  const repository = await openRepository(project, context).catch(error => {
    context.signal.throwIfAborted()
    throw failed(`it needs a git repository. ${messageOf(error)}`)
  })
  const common = await read(repository, ['rev-parse', '--path-format=absolute', '--git-common-dir'], context)
  const head = await runSafe(repository, ['rev-parse', '--verify', '--quiet', 'HEAD^{commit}'], context)
  if (head.exit_code !== 0) throw failed('the repository has no commit yet. Make the first one.')
  const name = newId('wt')
  const top = join(directory, name)
  const copy = join(top, relative(repository.top, project))
  const admin = join(common.trimEnd(), 'worktrees')
  await recordWorktree(directory, name, join(admin, name))
  const remove = () => holding([admin], () => removeWorktree(directory, name))
  try {
    await makePrivateDir(top)
    const add = ['worktree', 'add', '--detach', '--no-checkout', '--force', '--', top, 'HEAD']
    // One after the other: git takes no lock while it makes and numbers their directories.
    await holding([admin], () => read(repository, add, context))
    await read({ ...repository, at: top, top }, ['read-tree', 'HEAD'], context)
    const copied = await copyAll(await listed({ ...repository, at: project }, context), project, copy, context.signal)
    await mkdir(copy, { recursive: true })
    const own: Repository = { ...repository, at: copy, top }
    return { project: copy, remove, changes: async () => changesOf(own, copied, copy, context) }
  } catch (error) {
    await remove()
    throw error
  }
}

const failed = (why: string) => new AppError('TOOL_FAILED', `The agent works in a worktree of its own, and ${why}`)

/** Tracked files and those that git does not ignore, relative to where it is asked. */
async function listed(at: Repository, context: GitContext): Promise<string[]> {
  const list = ['ls-files', '-z', '--cached', '--others', '--exclude-standard']
  const names = await read(at, list, context, { max_output_bytes: MOST_LISTED })
  return [...new Set(names.split('\0').filter(name => name !== ''))]
}

async function copyAll(names: string[], from: string, to: string, signal: AbortSignal): Promise<Map<string, Copied>> {
  const copied = new Map<string, Copied>()
  const waiting = [...names]
  const work = async () => {
    for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
      signal.throwIfAborted()
      const found = await copyOne(join(from, name), join(to, name))
      if (found) copied.set(name, found)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
  return copied
}

/** Null for what is gone, a directory (a submodule) or no file at all. */
async function copyOne(from: string, to: string): Promise<Copied | null> {
  try {
    const found = await lstat(from)
    if (!found.isFile() && !found.isSymbolicLink()) return null
    await mkdir(dirname(to), { recursive: true })
    if (found.isSymbolicLink()) await symlink(await readlink(from), to)
    else if (found.size > MAX_CHANGE_BYTES) await copyFile(from, to)
    else {
      const bytes = await readRegular(from)
      await writeFile(to, bytes, { mode: found.mode & 0o777, flag: 'wx' })
      return { hash: hashOf(bytes), looks: await looksOf(to) }
    }
    return { hash: '', looks: await looksOf(to) }
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null // deleted in the project, but not in its index
    throw error
  }
}

/** Differs once a file was written; '' when there is none. */
async function looksOf(path: string): Promise<string> {
  try {
    const { ino, size, mtimeMs, ctimeMs } = await lstat(path)
    return [ino, size, mtimeMs, ctimeMs].join(' ')
  } catch {
    return '' // gone
  }
}

async function changesOf(own: Repository, copied: Map<string, Copied>, copy: string, context: GitContext) {
  const { roots } = context
  const names = new Set([...copied.keys(), ...(await listed(own, context))])
  const changes: Change[] = []
  for (const name of [...names].sort()) {
    const base = copied.get(name)
    if (base?.looks === (await looksOf(join(copy, name)))) continue
    const path = join(roots.project, name)
    const after = await regularAt(join(copy, name), name)
    if (after !== null && base && hashOf(after) === base.hash) continue
    const before = await bytesAt(path)
    if (sameBytes(before, after)) continue // the project has it by now
    if (base?.hash === '') throw new AppError('TOOL_FAILED', `${name} is a link or too large, and cannot be applied.`)
    if ((before === null ? undefined : hashOf(before)) !== base?.hash)
      throw new AppError(
        'STALE_FILE',
        `${shown(path, roots)} was changed in the project while the agent worked on a copy of it, so nothing of its work was applied.`,
        { path: shown(path, roots) },
      )
    changes.push({ path, operation: after === null ? 'delete' : before === null ? 'create' : 'edit', before, after })
    if (changes.length > MOST_CHANGED) throw new AppError('TOOL_FAILED', `It changed more than ${MOST_CHANGED} files.`)
  }
  return changes
}

/** Null when there is no file. Throws TOOL_FAILED for what is none, or too large. */
async function regularAt(path: string, name: string): Promise<Buffer | null> {
  try {
    if ((await lstat(path)).isSymbolicLink()) throw new AppError('TOOL_FAILED', `${name} is a symbolic link by now.`)
    return await readRegular(path, MAX_CHANGE_BYTES)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null
    if (error instanceof AppError) throw error
    throw new AppError('TOOL_FAILED', `${name} cannot be applied (${codeOf(error) || messageOf(error)}).`)
  }
}
