import { basename, resolve } from 'node:path'
import type { StructuredPatchHunk } from 'diff'
import { hashOf } from '../base/files.ts'
import type { Preview } from '../event.ts'
import { bytesAt } from '../tools/files/change.ts'

/** The one file that a call writes, in parts that a person can take or leave. */
export type Parts = {
  name: string
  hunks: StructuredPatchHunk[]
  /** The file's text with these hunks and no others. */
  withHunks(hunks: StructuredPatchHunk[]): string
}

/** The parts of what a preview shows, or why it has none: a decision about parts must rest on the whole of what was shown. */
export async function partsOf(preview: Preview | undefined, project: string): Promise<Parts | string> {
  const [file, ...others] = preview?.files ?? []
  if (!file || others.length > 0) return 'it does not change exactly one file'
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
    name: basename(file.path),
    hunks: patch!.hunks,
    withHunks: hunks => (hunks.length === 0 ? text : (apply(text, hunks) as string)),
  }
}

/** As in the diff. */
export const showHunk = ({ oldStart, oldLines, newStart, newLines, lines }: StructuredPatchHunk): string =>
  [`@@ -${oldStart},${oldLines} +${newStart},${newLines} @@`, ...lines].join('\n')
