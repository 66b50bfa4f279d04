import { basename, join } from 'node:path'
import * as v from 'valibot'
import { AppError } from '../../base/errors.ts'
import { defineTool } from '../define.ts'
import { absent, hostOf } from '../host/local.ts'
import { confirmPath, failure, holdsRoots, isInside, locate, namesDirectory, relative } from '../paths.ts'
import { count } from '../text.ts'
import type { Change, Effect, Output, ToolContext } from '../tool.ts'
import { bytesAt, commitChanges, MAX_CHANGE_BYTES, verifyChanges } from './change.ts'
import { unsavedDanger } from './edit.ts'
import { holding } from './hold.ts'
import { missing } from './read.ts'
import { MAX_REPORTED } from './remove.ts'
import { contentsOf, treeOf } from './tree.ts'

const params = v.object({ source: v.string(), dest: v.string(), overwrite: v.optional(v.boolean()) })

export const copyFileTool = defineTool({
  name: 'copy_file',
  category: 'filesystem',
  level: 'write',
  takes: 'path',
  description: 'Copy a file.',
  params,
  async effect({ source, dest, overwrite = false }, context): Promise<Effect> {
    const from = await locate(source, context.roots)
    const { files } = hostOf(context.roots)
    const found = await files.stat(from).catch(explain(from, context))
    if (!found.isFile()) throw new AppError('TOOL_FAILED', 'The source is not a file: copy_file copies single files.')
    const named = await locate(source, context.roots, { link: true })
    const path = await placeFor(dest, basename(named), context, { link: false, file: true })
    if (path === from) throw new AppError('INVALID_PARAMS', 'source and dest are the same file.')
    const before = await destination(path, overwrite, context)
    const known = found.size <= MAX_CHANGE_BYTES && (before?.length ?? 0) <= MAX_CHANGE_BYTES
    const changes = known ? await transferred('copy', from, path, before, context) : []
    return effectOf('Copy', from, path, [from], [path], changes, context)
  },
  async run({ overwrite = false }, context, effect) {
    const [from, path] = [effect.reads[0]!, effect.writes[0]!]
    if (effect.changes?.length) await commitChanges(effect.changes, context.roots)
    else
      await holding(hostOf(context.roots).files.holdNames([from, path]), () =>
        copyLarge(overwrite, from, path, context),
      )
    context.seen.delete(path)
    return output(
      'Copied',
      from,
      path,
      effect.changes?.length ? effect.changes : [unknown('copy', from, path)],
      context,
    )
  },
})

/** Moves a file, a link itself, or a directory; all files in a directory are named in `reads` and `writes`. */
export const moveFileTool = defineTool({
  name: 'move_file',
  category: 'filesystem',
  level: 'write',
  takes: 'path',
  description: 'Move or rename a file or directory.',
  params,
  async effect({ source, dest, overwrite = false }, context): Promise<Effect> {
    const from = await locate(source, context.roots, { link: true })
    if (holdsRoots(from, context.roots)) throw new AppError('PERMISSION_DENIED', 'The project itself cannot be moved.')
    const found = await hostOf(context.roots).files.lstat(from).catch(explain(from, context))
    const path = await placeFor(dest, basename(from), context, { link: true, file: !found.isDirectory() })
    if (path === from) throw new AppError('INVALID_PARAMS', 'source and dest are the same.')
    if (isInside(path, from)) throw new AppError('INVALID_PARAMS', 'A directory cannot be moved into itself.')
    const before = await destination(path, overwrite && !found.isDirectory(), context)
    if (found.isDirectory()) return await directoryEffect(from, path, context)
    const known = found.isSymbolicLink() || found.size <= MAX_CHANGE_BYTES
    const changes = known ? await transferred('move', from, path, before, context) : []
    return effectOf('Move', from, path, [from], [path, from], changes, context)
  },
  async run({ overwrite = false }, context, effect) {
    const [from, path] = [effect.reads[0]!, effect.writes[0]!]
    const changes = effect.changes ?? []
    const { files } = hostOf(context.roots)
    const isDirectory = (await files.lstat(from).catch(explain(from, context))).isDirectory()
    if (changes.length > 0 && !isDirectory) await commitChanges(changes, context.roots)
    else await holding(files.holdNames([from, path]), () => moveWhole(overwrite, from, path, effect, context))
    for (const [known, hash] of [...context.seen]) {
      if (!isInside(known, from)) continue
      context.seen.delete(known)
      context.seen.set(path + known.slice(from.length), hash)
    }
    const inside = isDirectory ? effect.reads.slice(1, MAX_REPORTED) : [from]
    const moved = inside.map(file => unknown('move', file, path + file.slice(from.length)))
    return output('Moved', from, path, changes.length > 0 ? changes : moved, context)
  },
})

/** The change of one file, whose contents are held. */
const transferred = async (
  operation: 'copy' | 'move',
  from: string,
  path: string,
  before: Uint8Array | null,
  { roots }: ToolContext,
): Promise<Change[]> => [{ path, from, operation, before, after: await bytesAt(from, roots) }]

async function directoryEffect(from: string, path: string, context: ToolContext): Promise<Effect> {
  const tree = await treeOf(from, context.roots)
  const target = (file: string) => path + file.slice(from.length)
  const contents = (await contentsOf(tree, context.roots)) ?? []
  const changes = contents.map(
    (file): Change => ({
      path: target(file.path),
      from: file.path,
      operation: 'move',
      before: null,
      after: file.bytes,
    }),
  )
  const reads = [from, ...tree.files]
  const writes = [path, from, ...tree.files, ...tree.files.map(target)]
  return effectOf(`Move ${count(tree.files.length, 'file')} in`, from, path, reads, writes, changes, context)
}

/** For directories, and files too large to hold: by name, after a last look. */
async function moveWhole(overwrite: boolean, from: string, path: string, effect: Effect, context: ToolContext) {
  await confirmPath(from, context.roots, { link: true })
  await confirmPath(path, context.roots, { link: true })
  await destination(path, overwrite, context)
  const { files } = hostOf(context.roots)
  const now = (await files.lstat(from)).isDirectory() ? (await treeOf(from, context.roots)).files : []
  const shown = new Set(effect.reads)
  if (now.some(file => !shown.has(file))) {
    throw new AppError('STALE_FILE', `${relative(from, context.roots)} holds more files than before. Repeat the call.`)
  }
  await verifyChanges(effect.changes ?? [], context.roots)
  try {
    await files.move(from, path)
  } catch (error) {
    throw failure(error, relative(path, context.roots))
  }
}

async function copyLarge(overwrite: boolean, from: string, path: string, context: ToolContext): Promise<void> {
  await confirmPath(from, context.roots)
  await confirmPath(path, context.roots)
  await destination(path, overwrite, context)
  await hostOf(context.roots)
    .files.copy(from, path)
    .catch(error => {
      throw failure(error, relative(path, context.roots))
    })
}

/**
 * Like cp and mv: a directory takes the file in under its own name, also one that is only named as such (`newdir/`) and is
 * made for it. With `link`, a link at `dest` is replaced itself.
 */
async function placeFor(
  dest: string,
  name: string,
  { roots }: ToolContext,
  { link, file }: { link: boolean; file: boolean },
): Promise<string> {
  const path = await locate(dest, roots)
  const found = await hostOf(roots).files.stat(path).catch(absent)
  const into = found?.isDirectory() || (file && namesDirectory(dest))
  return await locate(into ? join(path, name) : dest, roots, { link })
}

/** What the destination holds now. Throws TOOL_FAILED when that may not be replaced. */
async function destination(path: string, overwrite: boolean, { roots }: ToolContext): Promise<Uint8Array | null> {
  const found = await hostOf(roots).files.lstat(path).catch(absent)
  if (!found) return null
  const shown = relative(path, roots)
  if (found.isDirectory()) throw new AppError('TOOL_FAILED', `${shown} is an existing directory.`)
  if (!overwrite) throw new AppError('TOOL_FAILED', `${shown} exists: set overwrite to replace it.`)
  return await bytesAt(path, roots)
}

const explain = (path: string, context: ToolContext) => async (error: NodeJS.ErrnoException) => {
  throw error.code === 'ENOENT' ? await missing(path, context) : failure(error, relative(path, context.roots))
}

function effectOf(
  verb: string,
  from: string,
  path: string,
  reads: string[],
  writes: string[],
  changes: Change[],
  context: ToolContext,
): Effect {
  const shown = [relative(from, context.roots), relative(path, context.roots)] as const
  return {
    level: 'write',
    reason: `${verb} ${shown[0]} to ${shown[1]}${changes.some(change => change.before) ? ', replacing what is there' : ''}`,
    reads,
    writes,
    changes,
    locations: [{ path: shown[1] }],
    ...unsavedDanger(writes, context),
  }
}

const unknown = (operation: 'copy' | 'move', from: string, path: string): Change => ({
  path,
  from,
  operation,
  change: 'created',
  before: null,
  after: null,
})

function output(verb: string, from: string, path: string, changes: Change[], { roots }: ToolContext): Output {
  const [source, dest] = [relative(from, roots), relative(path, roots)]
  const bytes = changes.reduce((sum, change) => sum + (change.after?.length ?? 0), 0)
  return {
    content: `${verb} ${source} to ${dest}.`,
    metadata: { path: dest, from: source, ...(bytes > 0 && { bytes_written: bytes }) },
    changes,
    locations: [{ path: dest }],
  }
}
