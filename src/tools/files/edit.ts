import * as v from 'valibot'
import { AppError } from '../../base/errors.ts'
import { hashOf } from '../../base/files.ts'
import { defineTool } from '../define.ts'
import { absent, hostOf } from '../host/local.ts'
import { locate, namesDirectory, relative } from '../paths.ts'
import { isHidden } from '../search/walk.ts'
import { count, decodeText, encode, isBinary, lineCount, openText, sameBytes, textLike } from '../text.ts'
import type { Change, Effect, Output, ToolContext } from '../tool.ts'
import { isOwned, writeOwned } from './buffer.ts'
import { bytesAt, commitChanges, MAX_CHANGE_BYTES } from './change.ts'
import { editedForeign } from './foreign.ts'
import { type Formatted, forgetFormatted, formatted, noteOn, ofOwnWriter } from './format.ts'
import { type Replacement, replaced } from './match.ts'
import { refuseAmongProposed } from './proposed.ts'
import { missing } from './read.ts'
import { staleFile } from './stale.ts'

/**
 * A file the model never read may be overwritten: the approval shows the diff. One that it read, and that changed since, may
 * not: what it is about to lose is not what it knows.
 */
export const writeFileTool = defineTool({
  name: 'write_file',
  proposals: 'makes',
  category: 'filesystem',
  level: 'write',
  takes: 'path',
  description: 'Create or overwrite a file.',
  params: v.object({ path: v.string(), content: v.string() }),
  async effect({ path: input, content }, context): Promise<Effect> {
    const path = await fileAt(input, context)
    const shown = relative(path, context.roots)
    const seen = context.seen.get(path)
    const proposed = await propose(path, shown, context, async before => {
      if (before !== null && seen !== undefined && seen !== hashOf(before))
        throw staleFile(path, shown, seen, 'read it again before overwriting it.', context)
      return { after: textLike(content, context.proposed?.get(path) ?? before) }
    })
    const verb = proposed.before === null ? 'Create' : 'Overwrite'
    return writeEffect(path, 'write', proposed, `${verb} ${shown} (${count(lineCount(content), 'line')})`, context)
  },
  run: (_, context, effect) => commitText('Wrote', context, effect),
})

export const editFileTool = defineTool({
  name: 'edit_file',
  proposals: 'makes',
  category: 'filesystem',
  level: 'write',
  takes: 'path',
  description: 'Replace exact text in a file.',
  params: v.object({
    path: v.string(),
    old: v.pipe(v.string(), v.description('Must occur once')),
    new: v.string(),
    replace_all: v.optional(v.boolean()),
  }),
  async effect(params, context): Promise<Effect> {
    const path = await fileAt(params.path, context)
    const shown = relative(path, context.roots)
    if (params.old === params.new) throw new AppError('INVALID_PARAMS', 'old and new are the same text: nothing to do.')
    let before: Uint8Array | null = null
    const reason = () => `${before === null && params.old === '' ? 'Create' : 'Edit'} ${shown}`
    try {
      const proposed = await propose(path, shown, context, found => {
        before = found
        return edited(params, path, found, context)
      })
      const { line, times } = proposed
      const effect = writeEffect(
        path,
        'edit',
        proposed,
        times > 1 ? `${reason()} in ${times} places` : reason(),
        context,
      )
      return { ...effect, locations: [{ path: shown, line }] }
    } catch (error) {
      // What is near says what the file holds. Of a hidden one, that is for the rules to allow first.
      if (!isHidden(path, context)) throw asStale(error, path, before, context) ?? error
      return { level: 'write', reason: reason(), reads: [path], writes: [path] }
    }
  },
  async run(_, context, effect) {
    if (!effect.changes) throw new AppError('TOOL_FAILED', 'The text was not found exactly once. Read the file again.')
    return { ...(await commitText('Edited', context, effect)), locations: effect.locations }
  },
})

/** Of an edit that no longer fits: the file is another one than the model read. */
function asStale(error: unknown, path: string, before: Uint8Array | null, context: ToolContext): AppError | undefined {
  const seen = context.seen.get(path)
  if (!(error instanceof AppError) || error.code !== 'TOOL_FAILED') return undefined
  if (seen === undefined || (before !== null && seen === hashOf(before))) return undefined
  return staleFile(path, relative(path, context.roots), seen, error.message, context)
}

/** Edits what the model saw: what is proposed, else the unsaved buffer. What is replaced is the file on disk. */
async function edited(params: Replacement, path: string, onDisk: Uint8Array | null, context: ToolContext) {
  const proposed = context.proposed?.get(path)
  const before = proposed ?? onDisk
  const unsaved = proposed ? undefined : context.unsaved.get(path)
  if (before === null && unsaved === undefined) {
    if (params.old !== '') throw await missing(path, context)
    return { after: encode(params.new, 'utf-8'), line: 1, times: 1 }
  }
  if (before && isBinary(before)) throw new AppError('TOOL_FAILED', 'The file is binary: it cannot be edited as text.')
  if (!params.old.isWellFormed()) throw new AppError('TOOL_FAILED', 'old holds half of a character: give all of it.')
  if (unsaved !== undefined) {
    const { result, ...where } = replaced(unsaved, params)
    return { ...where, after: textLike(result, before) }
  }
  const bytes = before ?? new Uint8Array()
  const file = openText(bytes)
  if (file === null) return editedForeign(params, bytes)
  const { result, ...where } = replaced(file.text, params)
  return { ...where, after: file.close(result) }
}

type Proposed = { before: Uint8Array | null; after: Uint8Array; formatted?: Formatted }

/**
 * The text that `make` returns for the file, formatted by the user's formatter. When the formatter changed the file itself,
 * `make` is called again for the new contents, and its text is not formatted.
 */
async function propose<T extends { after: Uint8Array }>(
  path: string,
  shown: string,
  context: ToolContext,
  make: (before: Uint8Array | null) => Promise<T>,
): Promise<T & Proposed> {
  const before = await fileBytes(path, shown, context)
  const made = await make(before)
  const done = isHidden(path, context) ? undefined : await formatted(path, made.after, context)
  if (!done) return { ...made, before }
  if (!done.wrote) return { ...made, before, after: done.after, formatted: done }
  const now = await fileBytes(path, shown, context)
  const again = await make(now)
  return { ...again, before: now, formatted: ofOwnWriter(done, again.after) }
}

function writeEffect(
  path: string,
  operation: 'write' | 'edit',
  { before, after, formatted }: Proposed,
  reason: string,
  context: ToolContext,
): Effect {
  return {
    level: 'write',
    reason: formatted?.changed ? `${reason}, formatted by ${formatted.command}` : reason,
    reads: [],
    writes: [path],
    changes: [{ path, operation, before, after }],
    ...(formatted && { formatted }),
    locations: [{ path: relative(path, context.roots) }],
    ...unsavedDanger([path], context),
  }
}

/** Saving the buffer would undo the write, and the write would clash with the buffer. */
export const unsavedDanger = (paths: string[], { unsaved }: ToolContext): { danger?: string } =>
  paths.some(path => unsaved.has(path)) ? { danger: 'unsaved_buffer' } : {}

/** Throws INVALID_PARAMS for `newdir/`, which no file can be called. */
async function fileAt(input: string, context: ToolContext): Promise<string> {
  const path = await locate(input, context.roots)
  refuseAmongProposed(path, 'file', context)
  if (!namesDirectory(input)) return path
  throw new AppError('INVALID_PARAMS', `${input} names a directory: name a file in it, or use create_directory.`)
}

async function fileBytes(path: string, shown: string, { roots }: ToolContext): Promise<Uint8Array | null> {
  const found = await hostOf(roots).files.stat(path).catch(absent)
  if (found?.isDirectory()) throw new AppError('TOOL_FAILED', `${shown} is a directory.`)
  if (found && found.size > MAX_CHANGE_BYTES)
    throw new AppError('TOOL_FAILED', `${shown} is too large to be edited here.`)
  return await bytesAt(path, roots)
}

/** What is committed is in the effect: an approval may have changed it. */
async function commitText(verb: string, context: ToolContext, effect: Effect): Promise<Output> {
  const [shown] = effect.changes ?? []
  if (!shown?.after) throw new AppError('TOOL_FAILED', 'There was nothing to write.')
  const change = isOwned(shown, context) ? await writeOwned(shown, context) : await written(shown, context)
  forgetFormatted(context)
  const note = await noteOn(shown.after, effect.formatted)
  if (!change?.after) return withNote(unsavedOutput(verb, shown, effect, context), note)
  markSeen(change, context)
  const path = relative(change.path, context.roots)
  const size = `${count(lineCount(decodeText(change.after)), 'line')}, ${count(change.after.length, 'byte')}`
  const output = {
    content: `${verb} ${path} (${size}).`,
    metadata: { path, bytes_written: change.after.length },
    changes: sameBytes(change.before, change.after) ? [] : [change],
    locations: effect.locations,
  }
  return withNote(output, note)
}

const withNote = (output: Output, note: Awaited<ReturnType<typeof noteOn>>): Output =>
  note
    ? { ...output, content: `${output.content}\n[${note.text}]`, metadata: { ...output.metadata, ...note.metadata } }
    : output

async function written(change: Change, { roots }: ToolContext): Promise<Change> {
  await commitChanges([change], roots)
  return change
}

/** The text is in the editor's buffer, and the file is what it was. */
function unsavedOutput(verb: string, { path }: Change, { locations }: Effect, { roots }: ToolContext): Output {
  const shown = relative(path, roots)
  const content = `${verb} ${shown} in the editor's buffer, which is not saved yet: the file on disk is unchanged.`
  return { content, metadata: { path: shown, unsaved: true }, locations }
}

/** An edit of a file that had changed since it was read does not make the rest of it known. */
export function markSeen({ path, operation, before, after }: Change, { seen }: ToolContext): void {
  const known = operation === 'write' || before === null || seen.get(path) === hashOf(before)
  if (known && after) seen.set(path, hashOf(after))
}
