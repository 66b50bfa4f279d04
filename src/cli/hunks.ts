import { basename, resolve } from 'node:path'
import type { StructuredPatchHunk } from 'diff'
import { hashOf } from '../base/files.ts'
import type { FileDiff, ToolCallAnnounced } from '../event.ts'
import { bytesAt } from '../tools/files/change.ts'

/** A file that a call writes, in parts that a person can take or leave. `path` is as the call has it. */
export type Parts = {
  path: string
  name: string
  hunks: StructuredPatchHunk[]
  /** The file's text with these hunks and no others. */
  withHunks(hunks: StructuredPatchHunk[]): string
}

/** A file that can only be taken or left as a whole, for this reason. */
export type Whole = { path: string; diff: string; why: string }
export const isWhole = (file: Parts | Whole): file is Whole => 'why' in file

type Call = Pick<ToolCallAnnounced, 'tool' | 'preview'>

/** Whether a call stands for the work of others, and is decided file by file. */
export const isByFile = ({ tool, preview }: Call): boolean =>
  (tool === 'review_edits' || tool === 'delegate') && (preview?.files.length ?? 0) > 0

/** The parts of what was shown of a call, or why it has none: a decision about parts must rest on the whole of what was shown. */
export async function filesOf(call: Call, project: string): Promise<(Parts | Whole)[] | string> {
  const files = call.preview?.files ?? []
  const parts = await Promise.all(
    files.map(async file => {
      const found = await partsOf(file, project)
      return typeof found === 'string' ? { path: file.path, diff: file.diff, why: found } : found
    }),
  )
  if (isByFile(call)) return parts
  const [one, ...others] = parts
  if (!one || others.length > 0) return 'it does not change exactly one file'
  return isWhole(one) ? one.why : [one]
}

async function partsOf(file: FileDiff, project: string): Promise<Parts | string> {
  if (!/^@@ /m.test(file.diff)) return 'there is no diff of it'
  if (/^\+\+\+ \/dev\/null$/m.test(file.diff)) return 'it deletes the file'
  if (/^\\ .* not shown$/m.test(file.diff)) return 'its diff is too long to be shown whole'
  const bytes = await bytesAt(resolve(project, file.path))
  if ((bytes && hashOf(bytes)) !== file.before_hash) return 'the file has changed since the diff was made'
  let before: string
  try {
    before = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes ?? new Uint8Array())
  } catch {
    return 'the file is not UTF-8'
  }
  const { applyPatch, parsePatch } = await import('diff')
  const [patch] = parsePatch(file.diff)
  const apply = (text: string, hunks: StructuredPatchHunk[]) =>
    applyPatch(text, { ...patch!, hunks: structuredClone(hunks) }, { autoConvertLineEndings: false })
  // Line ends that both sides have in common are not in the diff; `approve` puts them back.
  const text = [before, before.replaceAll('\r\n', '\n')].find(text => apply(text, patch!.hunks) !== false)
  if (text === undefined) return 'its diff does not fit the file'
  return {
    path: file.path,
    name: basename(file.path),
    hunks: patch!.hunks,
    withHunks: hunks => (hunks.length === 0 ? text : (apply(text, hunks) as string)),
  }
}

/** As in the diff. */
export const showHunk = ({ oldStart, oldLines, newStart, newLines, lines }: StructuredPatchHunk): string =>
  [`@@ -${oldStart},${oldLines} +${newStart},${newLines} @@`, ...lines].join('\n')
