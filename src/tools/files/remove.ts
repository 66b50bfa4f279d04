import * as v from 'valibot'
import { AppError } from '../../base/errors.ts'
import { defineTool } from '../define.ts'
import { hostOf } from '../host/local.ts'
import { confirmPath, failure, holdsRoots, locate, relative } from '../paths.ts'
import { count } from '../text.ts'
import type { Change, Effect, Roots, ToolContext } from '../tool.ts'
import { bytesAt, commitChanges, MAX_CHANGE_BYTES, verifyChanges } from './change.ts'
import { unsavedDanger } from './edit.ts'
import { holding } from './hold.ts'
import { missing } from './read.ts'
import { contentsOf, treeOf } from './tree.ts'

/** A directory and all in it is named in `writes`, itself first; its contents are in `changes` as long as they are few. */
export const deleteFileTool = defineTool({
  name: 'delete_file',
  category: 'filesystem',
  level: 'dangerous',
  takes: 'path',
  description: 'Delete a file or directory.',
  params: v.object({ path: v.string(), recursive: v.optional(v.boolean()) }),
  async effect({ path: input, recursive = false }, context): Promise<Effect> {
    const path = await locate(input, context.roots, { link: true })
    const shown = relative(path, context.roots)
    if (holdsRoots(path, context.roots))
      throw new AppError('PERMISSION_DENIED', 'The project itself cannot be deleted.')
    const found = await hostOf(context.roots)
      .files.lstat(path)
      .catch(async error => {
        throw error.code === 'ENOENT' ? await missing(path, context) : failure(error, shown)
      })
    if (found.isDirectory()) return await directoryEffect(path, recursive, context)
    const known = found.isSymbolicLink() || (found.isFile() && found.size <= MAX_CHANGE_BYTES)
    const what = found.isSymbolicLink()
      ? `the link ${shown}`
      : known
        ? shown
        : `${shown} (${count(found.size, 'byte')})`
    return effectOf(
      `Delete ${what}`,
      [path],
      known ? [deletion(path, await bytesAt(path, context.roots))] : [],
      context,
    )
  },
  async run(_, context, effect) {
    const [path, ...inside] = effect.writes
    const shown = relative(path!, context.roots)
    await confirmPath(path!, context.roots, { link: true })
    const files = await remove(path!, inside, effect.changes ?? [], context).catch(error => {
      throw failure(error, shown)
    })
    for (const gone of effect.writes) context.seen.delete(gone)
    return {
      content: `Deleted ${shown}${files.length > 1 ? ` (${count(files.length, 'file')})` : ''}.`,
      metadata: { path: shown, files: files.length },
      changes: effect.changes?.length ? effect.changes : files.slice(0, MAX_REPORTED).map(unknownDeletion),
      locations: effect.locations,
    }
  },
})

/** Files of a large directory that are reported as changed. */
export const MAX_REPORTED = 1_000

async function directoryEffect(path: string, recursive: boolean, context: ToolContext): Promise<Effect> {
  const shown = relative(path, context.roots)
  const tree = await treeOf(path, context.roots)
  const entries = tree.files.length + tree.directories.length
  if (entries === 0) return effectOf(`Delete the empty directory ${shown}`, [path], [], context)
  if (!recursive) {
    throw new AppError('TOOL_FAILED', `${shown} is a directory that is not empty (${entries} below it): set recursive.`)
  }
  const reason = `Delete the directory ${shown} with ${count(tree.files.length, 'file')} (${count(tree.bytes, 'byte')})`
  const contents = (await contentsOf(tree, context.roots)) ?? []
  const changes = contents.map(({ path, bytes }) => deletion(path, bytes))
  return effectOf(reason, [path, ...tree.files, ...tree.directories], changes, context)
}

/** The files that are gone. Throws STALE_FILE when there is more than what was shown. */
async function remove(path: string, inside: string[], changes: Change[], { roots }: ToolContext): Promise<string[]> {
  const { files } = hostOf(roots)
  if ((await files.lstat(path)).isDirectory())
    return await holding(files.holdNames([path]), () => removeDirectory(path, inside, changes, roots))
  if (changes.length > 0) await commitChanges(changes, roots)
  else await files.remove(path, 'file')
  return [path]
}

async function removeDirectory(path: string, inside: string[], changes: Change[], roots: Roots): Promise<string[]> {
  const expected = new Set(inside)
  const { files, directories } = await treeOf(path, roots)
  if ([...files, ...directories].some(entry => !expected.has(entry))) {
    throw new AppError('STALE_FILE', `${relative(path, roots)} holds more than before. List it, then repeat the call.`)
  }
  await verifyChanges(changes, roots)
  await hostOf(roots).files.remove(path, inside.length === 0 ? 'directory' : 'tree')
  return files
}

const deletion = (path: string, before: Uint8Array | null): Change => ({
  path,
  operation: 'delete',
  before,
  after: null,
})
const unknownDeletion = (path: string): Change => ({ ...deletion(path, null), change: 'deleted' })

const effectOf = (reason: string, writes: string[], changes: Change[], context: ToolContext): Effect => ({
  level: 'dangerous',
  reason,
  reads: [],
  writes,
  changes,
  locations: [{ path: relative(writes[0]!, context.roots) }],
  ...unsavedDanger(writes, context),
})
