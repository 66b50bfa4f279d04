import { abortable, within } from '../base/abort.ts'
import { readRegular } from '../base/files.ts'
import type { Params } from '../event.ts'
import type { Workspace } from './workspace.ts'

/** The buffers of a client. Paths are absolute. */
export type Buffers = {
  /** What stands in the buffer of a file; null where there is none. */
  read(path: string): Promise<string | null>
  /** Replaces the text of a buffer; whether it is saved, too, is for the client. Absent where the client cannot. */
  write?(path: string, text: string): Promise<void>
}

const LONGEST_PATH = 4096
const LARGEST_FILE = 10 * 1024 * 1024
/** A client that does not answer within this time is taken to have no buffer of the file. */
const WAIT_MS = 2000

/**
 * Takes over what stands in the client's buffers of the files that the parameters of a call name: text that differs from the
 * disk is unsaved, and tools see it in place of the file. How lines end, and a byte order mark, make no difference.
 */
export async function refreshBuffers(params: Params, place: Workspace, signal: AbortSignal): Promise<void> {
  if (!place.buffers) return
  const { locate } = await import('../tools/paths.ts')
  for (const value of Object.values(params)) {
    if (typeof value !== 'string' || value.length > LONGEST_PATH || value.includes('\n')) continue
    const path = await locate(value, place.roots).catch(() => null) // no path, or none that tools may use
    const bytes = path && (await readRegular(path, LARGEST_FILE).catch(() => null)) // no file, or too large for a buffer
    if (!path || !bytes) continue
    const text = await abortable(within(place.buffers.read(path), WAIT_MS), signal)
    if (text === null || plain(text) === plain(bytes.toString())) place.unsaved.delete(path)
    else place.unsaved.set(path, text)
  }
}

const plain = (text: string) => text.replace(/^\uFEFF/, '').replaceAll('\r\n', '\n')
