import { randomBytes } from 'node:crypto'
import { constants, lstatSync } from 'node:fs'
import { copyFile, cp, lstat, readdir, readlink, realpath, rename, rm, rmdir, stat, unlink } from 'node:fs/promises'
import { delimiter, dirname, join } from 'node:path'
import { AppError, codeOf } from '../../base/errors.ts'
import { diskPath, openRegular, readRegular, writeAtomic } from '../../base/files.ts'
import { inDirectory, makeDirectory } from '../files/held.ts'
import { createFile, replaceFile } from '../files/replace.ts'
import { realPath } from '../paths.ts'
import { findExecutable, pathOutside, variable } from '../shell/executable.ts'
import { start } from '../shell/process.ts'
import { sameBytes } from '../text.ts'
import type { Change } from '../tool.ts'
import type { Files, Host, OnHost, Opened, Sight } from './host.ts'

/** A regular file of at most so many bytes is read with others, ahead of its turn. */
const READ_AHEAD_BYTES = 1024 * 1024
const AHEAD = 16
/** Larger ones are not read with others. */
const MOST_OF_EACH = 32 * 1024 * 1024
const START_BYTES = 8192
const CHUNK_BYTES = 1024 * 1024

const files: Files = {
  real: realPath,
  spelled: path => realpath(path).catch(() => path),
  stat: async path => stat(await diskPath(path)),
  lstat: async path => lstat(await diskPath(path)),
  sights: paths => Promise.all(paths.map(sightOf)),
  entries: async path => readdir(await diskPath(path), { withFileTypes: true }),
  readlink: async path => readlink(await diskPath(path)),
  read: async (path, most) => readRegular(await diskPath(path), most),
  open,
  readEach,
  largest: MOST_OF_EACH,
  async holds(path, bytes) {
    const current = await contentsAt(path, files).catch(() => undefined) // a directory, or unreadable: not what it was
    return current !== undefined && sameBytes(current, bytes)
  },
  commit,
  makeDirectory,
  remove: (path, kind) =>
    inDirectory(path, name => {
      if (kind === 'file') return unlink(name)
      return kind === 'tree' ? rm(name, { recursive: true }) : rmdir(name)
    }),
  move: (from, to) => inDirectory(to, target => inDirectory(from, source => moveTo(source, target)), { create: true }),
  copy: (from, to) => inDirectory(to, target => inDirectory(from, source => copyTo(source, target)), { create: true }),
  // Two names of one file are one file. Looked up without waiting, so that who came first goes first.
  holdNames: paths => [...paths, ...paths.flatMap(identityOf)],
}

/** This machine. */
export const local: Host = {
  files,
  start,
  find: findExecutable,
  outside: (env, project) => ({ PATH: pathOutside(env, project).join(delimiter) }),
  home: env => variable(env, 'HOME'),
}

/** For `catch`: what a failed system call is about is not there. That the machine is out of reach is thrown on. */
export function absent(error: unknown): null {
  if (error instanceof AppError) throw error
  return null
}

export const hostOf = ({ host }: OnHost): Host => host ?? local

/** Whether anything is at the path, links not followed. */
export const isThere = async (path: string, on: OnHost): Promise<boolean> =>
  (await hostOf(on).files.sights([path]))[0] !== null

/** All bytes of a regular file, or the target of a link; null where nothing is. Throws as `files` do. */
export async function contentsAt(
  path: string,
  { lstat, readlink, read }: Pick<Files, 'lstat' | 'readlink' | 'read'>,
): Promise<Buffer | null> {
  try {
    return (await lstat(path)).isSymbolicLink() ? Buffer.from(await readlink(path)) : await read(path)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null
    throw error
  }
}

async function sightOf(path: string): Promise<Sight | null> {
  try {
    const name = await diskPath(path)
    const found = await lstat(name)
    if (found.isSymbolicLink()) return { kind: 'link', size: found.size, target: await readlink(name) }
    const kind = found.isFile() ? 'file' : found.isDirectory() ? 'directory' : 'other'
    return { kind, size: found.size, target: null }
  } catch {
    return null // gone, or not ours to see
  }
}

async function open(path: string, size: number): Promise<Opened> {
  const file = await openRegular(await diskPath(path))
  return {
    async start() {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(START_BYTES), 0, START_BYTES, 0)
      return buffer.subarray(0, bytesRead)
    },
    async *chunks() {
      const buffer = Buffer.alloc(Math.min(CHUNK_BYTES, size + 1))
      for (;;) {
        const { bytesRead } = await file.read(buffer, 0, buffer.length)
        if (bytesRead === 0) return
        yield buffer.subarray(0, bytesRead)
      }
    },
    all: () => files.read(path),
    close: () => file.close(),
  }
}

/** Reads ahead, keeps the order; larger files are read when it is their turn. */
async function* readEach(paths: readonly (string | null)[]): AsyncGenerator<Uint8Array | 'too large' | null> {
  const reading: Promise<Uint8Array | 'later' | 'too large' | null>[] = []
  for (const [i, path] of paths.entries()) {
    for (let next = reading.length; next < Math.min(i + AHEAD, paths.length); next++)
      reading.push(readSmall(paths[next]!))
    const bytes = await reading[i]!
    reading[i] = Promise.resolve(null)
    yield bytes === 'later' ? await files.read(path!).catch(() => null) : bytes // gone meanwhile
  }
}

async function readSmall(path: string | null): Promise<Uint8Array | 'later' | 'too large' | null> {
  if (path === null) return null
  try {
    const name = await diskPath(path)
    const { size } = await stat(name)
    if (size <= READ_AHEAD_BYTES) return await readRegular(name)
    return size <= MOST_OF_EACH ? 'later' : 'too large'
  } catch {
    return null // gone, or not ours to read: as if it were not there
  }
}

async function commit(change: Change, confirm: () => Promise<void>): Promise<void> {
  const { path, from, operation, before, after } = change
  if (operation === 'move' && from !== undefined) return await moveFile(from, path, after, confirm)
  if (after === null) {
    await confirm()
    return before === null ? undefined : await inDirectory(path, unlink)
  }
  if (before !== null) {
    if (!sameBytes(before, after)) await inDirectory(path, name => replaceFile(name, before, after, confirm))
    return
  }
  const model = operation === 'copy' && from !== undefined ? await stat(from) : null
  const mode = model ? model.mode & 0o777 : 0o666 & ~process.umask()
  try {
    await inDirectory(path, name => createFile(name, after, mode, confirm), { create: true })
  } catch (error) {
    if (codeOf(error) === 'EEXIST') await confirm() // says that it is another file by now
    throw error
  }
}

async function moveFile(
  from: string,
  path: string,
  bytes: Uint8Array | null,
  confirm: () => Promise<void>,
): Promise<void> {
  const move = async (source: string, target: string) => {
    await confirm()
    try {
      await rename(source, target)
    } catch (error) {
      if (codeOf(error) !== 'EXDEV') throw error
      const { mode } = await lstat(source) // another file system
      await writeAtomic(target, bytes ?? '', mode & 0o777)
      await unlink(source)
    }
  }
  await inDirectory(path, target => inDirectory(from, source => move(source, target)), { create: true })
}

async function moveTo(source: string, target: string): Promise<void> {
  try {
    await rename(source, target)
  } catch (error) {
    if (codeOf(error) !== 'EXDEV') throw error
    await cp(source, target, { recursive: true, errorOnExist: true, preserveTimestamps: true, verbatimSymlinks: true })
    await rm(source, { recursive: true })
  }
}

/** Beside its place first: a link that takes that name meanwhile is replaced, not followed. */
async function copyTo(source: string, target: string): Promise<void> {
  const temporary = join(dirname(target), `.${randomBytes(6).toString('hex')}.tmp`)
  try {
    await copyFile(source, temporary, constants.COPYFILE_EXCL)
    await rename(temporary, target)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
}

function identityOf(path: string): string[] {
  try {
    const file = lstatSync(path)
    return file.isFile() && file.nlink > 1 ? [`\0${file.dev}:${file.ino}`] : []
  } catch {
    return [] // not there, or not ours to see: it has no other name that we know of
  }
}
