import { constants } from 'node:fs'
import { type FileHandle, mkdir, open, readlink } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { AppError, codeOf } from '../../base/errors.ts'
import { diskPath } from '../../base/files.ts'

/** A descriptor that only stands for a place (open(2)): a directory need not be readable for that. */
const O_PATH = 0o10000000
const FLAGS = O_PATH | (constants.O_DIRECTORY ?? 0) | (constants.O_NOFOLLOW ?? 0)

/**
 * Works on a file by a name in its own directory, which is opened and seen to be the one that was meant: what becomes of the
 * names above it meanwhile (a directory replaced by a link) leads nowhere else. `path` is a real one; with `create` missing
 * parents are made, each in the one above it. On Linux by /proc/self/fd; elsewhere by the path itself, so that callers confirm
 * it directly before. Throws PERMISSION_DENIED when the directory is another by now, and what `work` throws.
 */
export async function inDirectory<T>(
  path: string,
  work: (name: string) => Promise<T>,
  { create = false }: { create?: boolean } = {},
): Promise<T> {
  const directory = dirname(path)
  if (!(await canHold())) {
    if (create) await mkdir(directory, { recursive: true })
    return await work(path)
  }
  const held = await hold(directory, create)
  try {
    return await work(`${placeOf(held)}/${basename(path)}`)
  } finally {
    await held.close()
  }
}

/** Makes a directory and its parents. False when it is there already. */
export async function makeDirectory(path: string): Promise<boolean> {
  return await inDirectory(
    path,
    async name => {
      try {
        await mkdir(name)
        return true
      } catch (error) {
        if (codeOf(error) !== 'EEXIST') throw error
        await inDirectory(`${path}/.`, async () => {}) // a directory, and no link
        return false
      }
    },
    { create: true },
  )
}

const placeOf = ({ fd }: FileHandle): string => `/proc/self/fd/${fd}`

async function hold(directory: string, create: boolean): Promise<FileHandle> {
  try {
    return await openAt(await diskPath(directory), directory)
  } catch (error) {
    if (!create || codeOf(error) !== 'ENOENT' || directory === '/') throw error
  }
  const parent = await hold(dirname(directory), create)
  try {
    const name = `${placeOf(parent)}/${basename(directory)}`
    await mkdir(name).catch(error => {
      if (codeOf(error) !== 'EEXIST') throw error
    })
    return await openAt(name, directory)
  } finally {
    await parent.close()
  }
}

/** Throws PERMISSION_DENIED unless what is opened is the directory of this very path, without a link in it. */
async function openAt(name: string | Buffer, directory: string): Promise<FileHandle> {
  let held: FileHandle
  try {
    held = await open(name, FLAGS)
  } catch (error) {
    throw ['ELOOP', 'ENOTDIR'].includes(codeOf(error)) ? moved() : error
  }
  if ((await readlink(placeOf(held))) === directory) return held
  await held.close()
  throw moved()
}

const moved = () =>
  new AppError('PERMISSION_DENIED', 'A directory on the way leads to another place than before. Repeat the call.')

/** Not where /proc is not mounted, or shows paths of another root. */
const canHold = async (): Promise<boolean> =>
  (holds ??=
    process.platform === 'linux' && (await readlink('/proc/self/fd/0').then(yes, error => codeOf(error) === 'EACCES')))
let holds: boolean | undefined
const yes = () => true
