import { createHash, randomBytes } from 'node:crypto'
import { chmod, mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/** Directories 0700, files 0600: what we keep is for the owner's eyes. */
export const PRIVATE_DIR = 0o700
export const PRIVATE_FILE = 0o600

export const hashOf = (bytes: Uint8Array | string): string =>
  `sha256:${createHash('sha256').update(bytes).digest('hex')}`

/** Replaces `path` in one step (write beside, sync, rename): readers see the old file or the new one, never a part. */
export async function writeAtomic(path: string, data: Uint8Array | string, mode: number = PRIVATE_FILE): Promise<void> {
  const temporary = join(dirname(path), `.${randomBytes(6).toString('hex')}.tmp`)
  try {
    const file = await open(temporary, 'wx', mode)
    try {
      await file.writeFile(data)
      await file.sync()
    } finally {
      await file.close()
    }
    await chmod(temporary, mode) // the umask may have narrowed it
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
}

export const makePrivateDir = (path: string): Promise<string | undefined> =>
  mkdir(path, { recursive: true, mode: PRIVATE_DIR })
