import { constants, type Stats } from 'node:fs'
import { access, chown, type FileHandle, link, rename, stat, unlink } from 'node:fs/promises'
import { AppError, codeOf } from '../../base/errors.ts'
import { diskPath, openRegular, writeAtomic } from '../../base/files.ts'

/**
 * A file that must not be replaced by another file, as that would lose what belongs to it, or one that the system does not
 * let us replace: EBUSY is a mount point, EACCES, EPERM and EROFS a directory that we may not write or another's file in a
 * sticky one, EXDEV a file mounted from elsewhere, ENOTSUP a file system without rename over a file.
 */
const IN_PLACE = new Set(['EBUSY', 'EACCES', 'EPERM', 'EROFS', 'EXDEV', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'])
/** File systems without hard links say one of these. */
const NO_LINKS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EXDEV', 'EACCES', 'UNKNOWN'])

/** A new file, whole from its first moment. `confirm` is called directly before. Throws EEXIST when there is one by now. */
export async function createFile(
  path: string,
  bytes: Uint8Array,
  mode: number,
  confirm: () => Promise<void>,
): Promise<void> {
  await writeAtomic(path, bytes, mode, async temporary => {
    try {
      await link(temporary, path) // unlike a rename, it replaces nothing
    } catch (error) {
      if (!NO_LINKS.has(codeOf(error))) throw error
      await confirm()
      return await rename(temporary, path)
    }
    await unlink(temporary)
  })
}

/**
 * New contents for a file that is there, in one step where that keeps its owner and all of its names, else in place, with
 * links, owner and extended attributes as they are. The mode stays. `confirm` is called directly before either, and throws
 * if the file is not what it was. Throws TOOL_FAILED for a file that may not be written.
 */
export async function replaceFile(
  path: string,
  before: Uint8Array,
  after: Uint8Array,
  confirm: () => Promise<void>,
): Promise<void> {
  const name = await diskPath(path)
  const old = await stat(name)
  await requireWritable(name, old)
  if (old.nlink > 1 || typeof name !== 'string') return await writeInPlace(name, before, after, confirm)
  try {
    await writeAtomic(path, after, old.mode & 0o777, async temporary => {
      await giveTo(temporary, old)
      await confirm()
      await rename(temporary, path)
    })
  } catch (error) {
    if (!IN_PLACE.has(codeOf(error))) throw error
    await writeInPlace(path, before, after, confirm)
  }
}

/** A rename asks only for the directory: a file whose own permissions forbid writing would be replaced all the same. */
async function requireWritable(path: string | Buffer, { mode }: Stats): Promise<void> {
  const allowed =
    (mode & 0o222) !== 0 &&
    (await access(path, constants.W_OK).then(
      () => true,
      () => false,
    ))
  if (!allowed) throw new AppError('TOOL_FAILED', 'The file is read-only: its permissions have to be changed first.')
}

/** The new file belongs to whoever runs us, and only root may give it away: to others chown says EPERM. */
async function giveTo(temporary: string, { uid, gid, mode }: Stats): Promise<void> {
  const now = await stat(temporary)
  if (now.uid === uid && now.gid === gid) return
  await chown(temporary, uid, gid)
  const kept = await stat(temporary)
  if ((kept.mode & 0o777) !== (mode & 0o777)) throw Object.assign(new Error('The mode was lost'), { code: 'EPERM' })
}

/** What fails midway is put back: the blocks of the old contents are still the file's own. */
async function writeInPlace(
  path: string | Buffer,
  before: Uint8Array,
  after: Uint8Array,
  confirm: () => Promise<void>,
): Promise<void> {
  const file = await openRegular(path, constants.O_RDWR | (constants.O_NOFOLLOW ?? 0))
  try {
    await confirm()
    try {
      await overwrite(file, after)
    } catch (error) {
      await overwrite(file, before)
      throw error
    }
  } finally {
    await file.close()
  }
}

async function overwrite(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; ) at += (await file.write(bytes, at, bytes.length - at, at)).bytesWritten
  await file.truncate(bytes.length)
  await file.sync()
}
