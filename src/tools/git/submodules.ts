import { join, sep } from 'node:path'
import { isThere } from '../host/local.ts'
import { isInside } from '../paths.ts'
import { readTracked } from '../search/tracked.ts'
import type { ToolContext } from '../tool.ts'
import { openRepository, type Repository, read } from './repository.ts'

/** Of more, those that come later are not looked into. */
const MAX_SUBMODULES = 50

/**
 * Submodules below `place` whose work trees changed, as paths of git's. git itself would look into them by a git of its own,
 * which runs the filters that their configuration names: so each is opened as a repository is, and asked for itself.
 */
export async function dirtySubmodules(repository: Repository, place: string, context: ToolContext): Promise<string[]> {
  const { links } = await readTracked(repository.gitDir, repository.top, context.roots)
  const dirty: string[] = []
  for (const path of links.filter(link => isInside(link, place) || isInside(place, link)).slice(0, MAX_SUBMODULES)) {
    const isKnownDirty = await isDirty(path, context).catch(() => false) // not ours to ask about
    context.signal.throwIfAborted()
    if (isKnownDirty) dirty.push(path.slice(repository.top.length + 1).replaceAll(sep, '/'))
  }
  return dirty
}

async function isDirty(path: string, context: ToolContext): Promise<boolean> {
  if (!(await isThere(join(path, '.git'), context.roots))) return false // not checked out
  const submodule = await openRepository(path, context)
  if (submodule.top !== path) return false // a link to somewhere else
  const changed = await read(submodule, ['status', '--porcelain=v2', '-z', '--ignore-submodules=dirty'], context)
  return changed !== '' || (await dirtySubmodules(submodule, path, context)).length > 0
}
