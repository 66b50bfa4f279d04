import { lstat, readdir, readlink, realpath } from 'node:fs/promises'
import { basename, dirname, isAbsolute, join, parse, relative as relativeTo, sep } from 'node:path'
import { AppError } from '../base/errors.ts'
import { diskPath } from '../base/files.ts'
import type { Roots } from './tool.ts'

/** Linux gives up after 40 links too (path_resolution(7)). */
const MAX_LINKS = 40
/** File systems that take `A` and `a` for one name, as macOS and Windows come. */
const FOLDS_CASE = process.platform === 'darwin' || process.platform === 'win32'

/**
 * The real absolute path of what a model named, existing or not: relative names start at the project, every link on the way
 * is followed, `..` means the parent of where a link led. With `link`, the last part is left as it is, for tools that act on
 * a link itself. `~` has no meaning here.
 * Throws PERMISSION_DENIED outside the roots and for our own files, INVALID_PARAMS for a name that cannot be one, TOOL_FAILED
 * for a loop of links or a file used as a directory.
 */
export async function locate(input: string, roots: Roots, options: { link?: boolean } = {}): Promise<string> {
  if (input === '' || input.includes('\0')) {
    throw new AppError('INVALID_PARAMS', 'A path must be a non-empty string without NUL bytes.')
  }
  const real = roots.host?.files.real ?? realPath
  const path = await real(isAbsolute(input) ? input : roots.project + sep + input, options)
  if (!isConfined(path, roots)) throw outside(roots)
  return path
}

/** The real path on this machine, wherever it leads. Throws as `locate` does. */
export async function realPath(absolute: string, options: { link?: boolean } = {}): Promise<string> {
  const { root } = parse(absolute)
  const parts = partsOf(absolute.slice(root.length))
  const last = options.link && parts.at(-1) !== '..' ? parts.pop() : undefined
  const parent = (await plain(root, parts)) ?? (await canonical(await resolve(root, parts)))
  return last === undefined ? parent : join(parent, last)
}

/** Most paths are real as they are written, which one call of the system says; null for the others. */
async function plain(root: string, parts: string[]): Promise<string | null> {
  if (parts.includes('..')) return null
  const path = join(root, ...parts)
  return (await realpath(path).catch(() => null)) === path ? path : null
}

/** Throws PERMISSION_DENIED if a real path found earlier leads elsewhere by now: a part of it has become a link. */
export async function confirmPath(path: string, roots: Roots, options: { link?: boolean } = {}): Promise<void> {
  if ((await locate(path, roots, options)) === path) return
  throw new AppError(
    'PERMISSION_DENIED',
    `${relative(path, roots)} leads to another place than before. Repeat the call.`,
  )
}

/** Inside one of the roots, and none of our own files. `path` is a real one. */
export const isConfined = (path: string, roots: Roots): boolean =>
  [roots.project, ...roots.allowed].some(root => isInside(path, root, roots.host ? false : FOLDS_CASE)) &&
  !isForbidden(path, roots)

export const isForbidden = (
  path: string,
  { forbidden, worktree }: { forbidden: readonly string[]; worktree?: string },
): boolean => forbidden.some(own => isInside(path, own)) && !(worktree !== undefined && isInside(path, worktree))

/** Acting on the whole of `path` would reach one of the roots or our own files. */
export const holdsRoots = (path: string, roots: Roots): boolean =>
  [roots.project, ...roots.allowed, ...roots.forbidden].some(root => isInside(root, path))

/** `path` is `directory` or lies below it. Both are real paths; `fold` compares as macOS and Windows do. */
export function isInside(path: string, directory: string, fold: boolean = FOLDS_CASE): boolean {
  const [inner, outer] = fold ? [path.toLowerCase(), directory.toLowerCase()] : [path, directory]
  return inner === outer || inner.startsWith(outer.endsWith(sep) ? outer : outer + sep)
}

/** For people and models: relative to the project with `/`, absolute outside of it, `.` for the project itself. */
export function relative(path: string, roots: Roots): string {
  if (!isInside(path, roots.project)) return path
  return relativeTo(roots.project, path).replaceAll(sep, '/') || '.'
}

const SEPARATOR = sep === '\\' ? /[\\/]/ : '/'

const partsOf = (path: string): string[] => path.split(SEPARATOR).filter(part => part !== '' && part !== '.')

/**
 * Walks part by part, because `node:path` takes `link/..` for the directory the link is in, and realpath(3) knows nothing of
 * files that do not exist yet. Past the first missing part there are no links to follow.
 */
async function resolve(root: string, parts: string[]): Promise<string> {
  let path = root
  let links = 0
  const rest = parts.toReversed()
  for (let part = rest.pop(); part !== undefined; part = rest.pop()) {
    if (part === '..') {
      path = dirname(path)
      continue
    }
    const next = join(path, await spelled(path, part))
    const target = await linkTarget(next)
    if (target === null) {
      path = next
      continue
    }
    if (++links > MAX_LINKS) throw new AppError('TOOL_FAILED', 'The path leads into a loop of symbolic links.')
    if (isAbsolute(target)) path = parse(target).root
    rest.push(...partsOf(isAbsolute(target) ? target.slice(path.length) : target).reverse())
  }
  return path
}

/**
 * How the directory spells a name: as it is asked for, or as its only entry that is the same for a person's eye, who cannot
 * tell a composed letter from a decomposed one (macOS writes those), nor one space from another (its screenshots have U+202F).
 */
async function spelled(directory: string, name: string): Promise<string> {
  const folded = fold(name)
  if (folded === name && /^[\x21-\x7e]*$/.test(name)) return name // nothing else looks like it
  if (await lstat(join(directory, name)).catch(error => error.code !== 'ENOENT')) return name
  const alike = (await readdir(directory).catch(() => [])).filter(entry => fold(entry) === folded)
  return alike.length === 1 ? alike[0]! : name
}

const fold = (name: string): string => name.normalize('NFC').replace(/\p{Zs}/gu, ' ')

/** A name that ends in a separator is a directory's. */
export const namesDirectory = (input: string): boolean => ['', '.', '..'].includes(input.split(SEPARATOR).at(-1)!)

async function linkTarget(path: string): Promise<string | null> {
  try {
    const name = await diskPath(path)
    return (await lstat(name)).isSymbolicLink() ? await readlink(name) : null
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return null
    throw failure(error)
  }
}

/** The names as the disk spells them, so that one file has one name where case does not count. */
async function canonical(path: string): Promise<string> {
  try {
    return await realpath(path)
  } catch {
    const parent = dirname(path) // not there, or not ours to see: the parent may be
    return parent === path ? path : join(await canonical(parent), basename(path))
  }
}

const outside = ({ host }: Roots) =>
  new AppError(
    'PERMISSION_DENIED',
    host
      ? 'That path is not open to tools. Use paths relative to the project: nothing else of its machine is open.'
      : 'That path is not open to tools. Use paths relative to the project; other directories have to be named in allowed_directories of the configuration.',
  )

/** What a failed system call means, in words that help a model to go on. */
export function failure(error: unknown, path = 'The path'): AppError {
  if (error instanceof AppError) return error
  const { code } = error as NodeJS.ErrnoException
  const words = (code && FAILURES[code]) ?? `could not be used (${code ?? 'unknown error'})`
  return new AppError('TOOL_FAILED', `${path} ${words}.`, {}, { cause: error })
}

const FAILURES: Record<string, string> = {
  ENOENT: 'does not exist',
  ENOTDIR: 'goes through a file as if it were a directory',
  EISDIR: 'is a directory',
  EEXIST: 'already exists',
  ENXIO: 'is not a regular file',
  EFBIG: 'is too large',
  ENOTEMPTY: 'is a directory that is not empty',
  EACCES: 'may not be accessed: the file permissions forbid it',
  EPERM: 'may not be changed: the system forbids it',
  EROFS: 'is on a read-only file system',
  ENAMETOOLONG: 'is too long a name',
  ENOSPC: 'could not be written: the disk is full',
  EDQUOT: 'could not be written: the disk quota is used up',
  ELOOP: 'leads into a loop of symbolic links',
  EBUSY: 'is in use',
}
