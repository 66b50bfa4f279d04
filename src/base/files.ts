import { closeSync, constants, fstatSync, openSync, promises, readFileSync, statSync } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { dirname, isAbsolute, join, parse, relative, sep } from 'node:path'
import { nodeCrypto } from './heavy.ts'

/** Not imported from node:fs/promises, which takes the start a millisecond more. */
const { chmod, lstat, mkdir, open, readdir, rename, rm, stat } = promises

/** Directories 0700, files 0600: what we keep is for the owner's eyes. */
export const PRIVATE_DIR = 0o700
export const PRIVATE_FILE = 0o600

/** Whether anything is there, links followed. */
export const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  )

/** Whether `path` lies below `directory`, and is not the directory itself. Both are real paths. */
export function isBelow(path: string, directory: string): boolean {
  const inner = relative(directory, path)
  return inner !== '' && !/^\.\.($|[/\\])/.test(inner) && !isAbsolute(inner)
}

export const hashOf = (bytes: Uint8Array | string): string =>
  `sha256:${nodeCrypto().createHash('sha256').update(bytes).digest('hex')}`

const { O_RDONLY, O_NONBLOCK = 0 } = constants

/**
 * The one way in which a file is opened for reading. Only regular files are: opening a named pipe waits for its writer for
 * ever, and takes a thread with it; opening a device may do something. So the kind is asked for first, and again of what was
 * opened without waiting, as another file may have taken the name meanwhile. `flags` are added (O_NOFOLLOW, O_RDWR).
 * Throws as open(2) does, with the code EISDIR for a directory and ENXIO, as open(2) says for a socket, for all else.
 */
export async function openRegular(path: string | Buffer, flags: number = O_RDONLY): Promise<FileHandle> {
  refuseOthers(await stat(path), path)
  const file = await open(path, flags | O_NONBLOCK)
  try {
    refuseOthers(await file.stat(), path)
    return file
  } catch (error) {
    await file.close()
    throw error
  }
}

/** All bytes of a regular file. Throws as `openRegular` does, and EFBIG when there are more than `most`. */
export async function readRegular(path: string | Buffer, most: number = Number.POSITIVE_INFINITY): Promise<Buffer> {
  const file = await openRegular(path)
  try {
    if ((await file.stat()).size > most) throw systemError('EFBIG', 'The file is too large')
    return await file.readFile()
  } finally {
    await file.close()
  }
}

/** `readRegular` for the few places that may not wait. */
export function readRegularSync(path: string): Buffer {
  refuseOthers(statSync(path), path)
  const fd = openSync(path, O_RDONLY | O_NONBLOCK)
  try {
    refuseOthers(fstatSync(fd), path)
    return readFileSync(fd)
  } finally {
    closeSync(fd)
  }
}

function refuseOthers(found: { isFile(): boolean; isDirectory(): boolean }, path: string | Buffer): void {
  if (found.isDirectory()) throw systemError('EISDIR', `${path} is a directory`)
  if (!found.isFile()) throw systemError('ENXIO', `${path} is not a regular file`)
}

const systemError = (code: string, message: string) => Object.assign(new Error(`${message} (${code})`), { code })

/**
 * Replaces `path` in one step (write beside, sync, rename): readers see the old file or the new one, never a part.
 * `place` puts the finished file in its place otherwise than by rename alone; what it leaves or throws is cleaned away.
 */
export async function writeAtomic(
  path: string,
  data: Uint8Array | string | AsyncIterable<string>,
  mode: number = PRIVATE_FILE,
  place: (temporary: string) => Promise<void> = temporary => rename(temporary, path),
): Promise<void> {
  const temporary = join(dirname(path), `.${nodeCrypto().randomBytes(6).toString('hex')}.tmp`)
  try {
    const file = await open(temporary, 'wx', mode)
    try {
      if (typeof data === 'string' || data instanceof Uint8Array) await file.writeFile(data)
      else for await (const bytes of gathered(data)) await file.writeFile(bytes)
      await file.sync()
    } finally {
      await file.close()
    }
    await chmod(temporary, mode) // the umask may have narrowed it
    await place(temporary)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
}

const LEAST_PIECE = 64 * 1024
const LARGEST_PIECE = 1024 * 1024

/** The same text in UTF-8, in pieces that are worth a call each, and that no request has to wait for. */
export async function* gathered(pieces: AsyncIterable<string>): AsyncGenerator<Uint8Array> {
  let text = ''
  for await (const piece of pieces) {
    text += piece
    if (text.length < LEAST_PIECE) continue
    yield* encoded(text)
    text = ''
  }
  if (text) yield* encoded(text)
}

function* encoded(text: string): Generator<Uint8Array> {
  for (let from = 0, to = 0; from < text.length; from = to) {
    to = from + LARGEST_PIECE
    if (/[\uD800-\uDBFF]/.test(text.charAt(to - 1))) to-- // no half of a character
    yield Buffer.from(text.slice(from, to))
  }
}

/**
 * The name to call the system with for a path as it is shown. A name that is not UTF-8 is shown with U+FFFD for what does not
 * decode, and no string is that name: the bytes of the only entry that is shown so are meant. All other paths are as they are.
 */
export async function diskPath(path: string): Promise<string | Buffer> {
  if (!path.includes('\uFFFD') || (await lstat(path).catch(() => null))) return path
  const { root } = parse(path)
  let found = Buffer.from(root)
  for (const part of path.slice(root.length).split(sep)) {
    let name = Buffer.from(part)
    if (part.includes('\uFFFD')) {
      const entries = await readdir(found, { encoding: 'buffer' }).catch(() => [])
      const shown = entries.filter(entry => entry.toString() === part)
      if (shown.length !== 1 && !shown.some(entry => entry.equals(name))) return path
      name = shown.find(entry => entry.equals(name)) ?? shown[0]!
    }
    found = Buffer.concat([found, Buffer.from(found.length === root.length ? '' : sep), name])
  }
  return found
}

export const makePrivateDir = (path: string): Promise<string | undefined> =>
  mkdir(path, { recursive: true, mode: PRIVATE_DIR })
