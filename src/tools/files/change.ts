import { AppError } from '../../base/errors.ts'
import { hashOf } from '../../base/files.ts'
import type { FileDiff, Preview } from '../../event.ts'
import { isForeign } from '../foreign.ts'
import type { OnHost } from '../host/host.ts'
import { contentsAt, hostOf } from '../host/local.ts'
import { confirmPath, failure, relative } from '../paths.ts'
import { count, decodeText, encodingOf, isBinary, lineCount, sameBytes, textLike } from '../text.ts'
import type { Change, Roots } from '../tool.ts'
import { unifiedDiff } from './diff.ts'
import { holding } from './hold.ts'

/** Larger files are not held in memory: they are moved, copied and deleted by name alone, and not edited. */
export const MAX_CHANGE_BYTES = 32 * 1024 * 1024
/** Larger files are described in a line instead of a diff. */
const MAX_SHOWN_BYTES = 8 * 1024 * 1024

/**
 * Performs the changes and nothing else: all are checked before the first is made, and each once more directly before it is
 * made. Nobody else in this process acts on the files meanwhile; an editor that saves does. A file keeps its mode, owner and
 * other names; parents of a new one are created. Throws STALE_FILE if a file is not what it was when the change was made up, PERMISSION_DENIED
 * if it has left the roots since, TOOL_FAILED if the system refuses.
 */
export async function commitChanges(changes: Change[], roots: Roots): Promise<void> {
  const { files } = hostOf(roots)
  const paths = changes.flatMap(({ path, from }) => (from === undefined ? [path] : [path, from]))
  await holding(files.holdNames(paths), async () => {
    await verifyChanges(changes, roots)
    for (const change of changes) {
      try {
        await files.commit(change, () => verifyChanges([change], roots))
      } catch (error) {
        throw failure(error, relative(change.path, roots))
      }
    }
  })
}

/** The first half of `commitChanges`, for tools that act on a whole directory at once. */
export async function verifyChanges(changes: Change[], roots: Roots): Promise<void> {
  for (const change of changes) {
    const { path, from, operation, before, after } = change
    await confirmPath(path, roots, { link: operation === 'delete' || operation === 'move' })
    await expect(path, before, roots)
    if (operation !== 'move' || from === undefined) continue
    await confirmPath(from, roots, { link: true })
    await expect(from, after, roots)
  }
}

/**
 * What a person decides on: a diff per file, and a hash of all that it rests on (each path with its contents before and
 * after), so that the decision holds for nothing else.
 */
export async function previewOf(changes: Change[], roots: Roots): Promise<Preview> {
  const pinned = changes.map(({ path, from, before, after }) => [path, from, hashOrNull(before), hashOrNull(after)])
  const files: FileDiff[] = []
  for (const change of changes) {
    const path = relative(change.path, roots)
    files.push({ path, before_hash: hashOrNull(change.before), diff: await diffOf(change, roots) })
  }
  return { hash: hashOf(JSON.stringify(pinned)), files }
}

/**
 * The same change with another text, as a person left it after hunks were dropped or edited by hand. The text comes from an
 * editor buffer: the file's line ends and byte order mark are put back. Throws INVALID_REQUEST if no single file is written.
 */
export function withContent(changes: Change[], text: string): Change[] {
  const [change, ...others] = changes
  if (!change || others.length > 0 || change.after === null || change.operation === 'move') {
    throw new AppError('INVALID_REQUEST', 'content can only replace the text of a call that writes exactly one file.')
  }
  return [{ ...change, after: textLike(text, change.before ?? change.after, change.after) }]
}

/** A person's decision about a file of a change: another text, as above; without one the file stays as it is. */
export type FileDecision = { path: string; content?: string }

/** The changes of a call that is `divisible`, as a person left them. Throws INVALID_REQUEST for a file that is none of them. */
export function withFiles(changes: Change[], files: readonly FileDecision[], roots: Roots): Change[] {
  const decided = new Map(files.map(({ path, content }) => [path, content]))
  const names = new Set(changes.map(change => relative(change.path, roots)))
  const unknown = files.find(({ path }) => !names.has(path))
  if (unknown) throw new AppError('INVALID_REQUEST', `files: the call does not write ${unknown.path}.`)
  const left = changes.flatMap(change => {
    const path = relative(change.path, roots)
    if (!decided.has(path)) return [change]
    const content = decided.get(path)
    const [other] = content === undefined ? [] : withContent([change], content)
    return other && !sameBytes(other.before, other.after) ? [other] : []
  })
  if (left.length > 0) return left
  throw new AppError('INVALID_REQUEST', 'files: nothing would be written. Reject the call instead.')
}

/** The diff of one change, as `file.changed` and the preview show it; a line of words where a diff would not help. */
export async function diffOf(change: Change, roots: Roots): Promise<string> {
  const { from, operation, before, after } = change
  if (from !== undefined && before === null) {
    const verb = operation === 'move' ? 'Moved' : 'Copied'
    return `${verb} from ${relative(from, roots)} (${sizeOf(after)})\n`
  }
  const sides = [before, after].filter(side => side !== null)
  if (sides.length === 0 && operation === 'create') return 'New directory\n'
  const words = `${before ? sizeOf(before) : 'nothing'} → ${after ? sizeOf(after) : 'nothing'}\n`
  if (sides.some(isBinary)) return `Binary file: ${words}`
  if (sides.some(side => side.length > MAX_SHOWN_BYTES)) return `Too large to show: ${words}`
  if (sides.every(side => side.length === 0)) return after ? 'New empty file\n' : 'Deletes an empty file\n'
  const path = relative(change.path, roots)
  if (sides.some(side => encodingOf(side) === 'utf-8' && isForeign(side))) {
    // What is shown as the same may not be: compared by bytes, then decoded.
    const bytes = (side: Uint8Array | null) => side && Buffer.from(side).toString('latin1')
    const diff = await unifiedDiff(Buffer.from(path).toString('latin1'), bytes(before), bytes(after))
    return decodeText(Buffer.from(diff, 'latin1'))
  }
  const diff = await unifiedDiff(path, before && decodeText(before), after && decodeText(after))
  return diff === '' && !sameBytes(before, after) ? `Another encoding of the same text: ${words}` : diff
}

/** The bytes of a file, or the target of a link (as git stores it); null if there is nothing. Throws TOOL_FAILED otherwise. */
export async function bytesAt(path: string, on: OnHost = {}): Promise<Uint8Array | null> {
  return await contentsAt(path, hostOf(on).files).catch(error => {
    throw failure(error, 'The file')
  })
}

async function expect(path: string, bytes: Uint8Array | null, roots: Roots): Promise<void> {
  if (await hostOf(roots).files.holds(path, bytes)) return
  throw new AppError('STALE_FILE', `${relative(path, roots)} has changed on disk. Read it again, then repeat the call.`)
}

const hashOrNull = (bytes: Uint8Array | null): string | null => (bytes === null ? null : hashOf(bytes))

function sizeOf(bytes: Uint8Array | null): string {
  if (bytes === null) return 'nothing'
  const size = count(bytes.length, 'byte')
  return isBinary(bytes) || bytes.length > MAX_SHOWN_BYTES
    ? size
    : `${count(lineCount(decodeText(bytes)), 'line')}, ${size}`
}
