import { abortable } from '../../base/abort.ts'
import { AppError, messageOf } from '../../base/errors.ts'
import { relative } from '../paths.ts'
import { decodeText, sameBytes } from '../text.ts'
import type { Change, ToolContext } from '../tool.ts'
import { bytesAt, verifyChanges } from './change.ts'

/** Without an answer within this time the call fails. */
const WAIT_MS = 10_000

/** Whether the client holds unsaved text of the file, and can change it: a write to the disk would clash with its buffer. */
export const isOwned = ({ path, after }: Change, { unsaved, writeBuffer }: ToolContext): boolean =>
  writeBuffer !== undefined && after !== null && unsaved.has(path)

/**
 * Has the client write the text into its buffer. Resolves with the change of the file on disk as the client left it (it may
 * save, and format what it saves); null when it only keeps the text unsaved. Throws as `commitChanges` does, and TOOL_FAILED
 * for what the client refuses.
 */
export async function writeOwned(change: Change, context: ToolContext): Promise<Change | null> {
  const { path, before, after } = change
  await verifyChanges([change], context.roots)
  try {
    const signal = AbortSignal.any([context.signal, AbortSignal.timeout(WAIT_MS)])
    await abortable(context.writeBuffer!(path, decodeText(after!)), signal)
  } catch (error) {
    const shown = relative(path, context.roots)
    throw new AppError(
      'TOOL_FAILED',
      `The editor has unsaved changes of ${shown} and did not take the text: ${messageOf(error)}`,
    )
  }
  const now = await bytesAt(path, context.roots)
  return sameBytes(now, before) ? null : { ...change, after: now }
}
