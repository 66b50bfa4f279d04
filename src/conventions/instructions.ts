import { stat } from 'node:fs/promises'
import { dirname, extname, isAbsolute, join, resolve } from 'node:path'
import { exists } from '../base/files.ts'
import { isInside } from '../tools/paths.ts'
import { isSensitive } from '../tools/permission/sensitive.ts'
import { chain, type Origin, type Place, shownPath, userDirectories } from './places.ts'
import { type Reference, referencesIn, withoutComments } from './references.ts'
import { isRefused, type Refusal, readText, type TextFile } from './text-file.ts'

/** One file that tells agents what to do. `text` is without comments, `hash` that of the bytes on the disk. */
export type Instruction = { path: string; shown: string; text: string; hash: string; isWhole: boolean }
/** What a person should know of a file: why it, or a part of it, is not used. */
export type Remark = { code: string; message: string; path: string; line?: number }
export type Gathered = { files: Instruction[]; remarks: Remark[] }

/** Of a directory, the first that is there. */
export const NAMES = ['AGENTS.md', 'CLAUDE.md', 'GEMINI.md']
const LOCAL_NAMES = ['AGENTS.local.md', 'CLAUDE.local.md', 'GEMINI.local.md']
/** Of a longer file, the rest is not read: no budget has room for it. */
const MOST_BYTES = 1024 * 1024
const DEEPEST = 5
const MOST_FILES = 200
/** What may be imported from the user's own directories: they hold keys as well. */
const TEXTS = new Set(['.md', '.mdc', '.markdown', '.txt', '.org', '.rst', '.adoc', ''])

/** Files of the repository that a rule closes to every tool; they are imported by nobody. */
export type Hidden = (path: string) => boolean

/**
 * The instructions that hold for the project: the user's, then those of each directory from the root of the repository down
 * to the project and to `below` (directories in it), each followed by what it imports. Of each directory AGENTS.md, else
 * CLAUDE.md, else GEMINI.md, and the `.local` one. No file is in it twice.
 */
export async function gatherInstructions(
  place: Place,
  below: Iterable<string>,
  hidden: Hidden,
  cache: Cache = new Map(),
): Promise<Gathered> {
  const reader = createReader(place, hidden, cache)
  const directories = new Set([place.config, ...chain(place.root, place.project), ...below])
  const there = await existing(
    Array.from(directories, directory => [...NAMES, ...LOCAL_NAMES].map(name => join(directory, name))).flat(),
  )
  for (const directory of directories)
    for (const names of [NAMES, LOCAL_NAMES])
      for (const path of names.map(name => join(directory, name)))
        if (there.has(path) && (await reader.read(path))) break
  return reader.gathered
}

/** Those of the paths that exist, asked for together: most do not, and every model call waits for the answer. */
async function existing(paths: readonly string[]): Promise<Set<string>> {
  const found = await Promise.all(paths.map(exists))
  return new Set(paths.filter((_, i) => found[i]))
}

/** What was read of a file, by the way it came in, as long as its `mark` (inode, time and size) is the same. */
export type Cache = Map<string, { mark: string; read: TextFile | Refusal; text: string; references: Reference[] }>

type Importing = { path: string; line: number }

function createReader(place: Place, hidden: Hidden, cache: Cache) {
  const gathered: Gathered = { files: [], remarks: [] }
  const seen = new Set<string>()
  const remark = (code: string, path: string, message: string, line?: number) => {
    const shown = shownPath(path, place)
    const where = line === undefined ? shown : `${shown}:${line}`
    gathered.remarks.push({ code, path: shown, message: `${where} ${message}.`, ...(line !== undefined && { line }) })
  }

  /** False when there is nothing to be had at that path. */
  async function read(path: string, open: string[] = [], by?: Importing): Promise<boolean> {
    const as = by ? 'import' : isInside(path, place.config) ? 'user' : 'project'
    const looked = await look(path, as, real => refusalOf(real, as, place, hidden))
    if (looked === null) return false
    const { read: found, text, references } = looked
    if (isRefused(found)) {
      if (by) remark('IMPORT_LEFT_OUT', by.path, `imports ${shownPath(path, place)}, which ${found.refusal}`, by.line)
      else remark('INSTRUCTIONS_LEFT_OUT', path, `is left out: it ${found.refusal}`)
      return false
    }
    if (by && open.includes(found.path))
      remark('IMPORT_CYCLE', by.path, `imports ${shownPath(found.path, place)}, which imports it: a cycle`, by.line)
    if (seen.has(found.path)) return true
    if (text.trim() === '' || seen.size >= MOST_FILES) return false
    seen.add(found.path)
    const shown = shownPath(found.path, place)
    gathered.files.push({ path: found.path, shown, text, hash: found.hash, isWhole: found.isWhole })
    const model = modelLine(text)
    if (model !== null) remark('MODEL_IGNORED', found.path, 'names a model, which is ignored', model)
    for (const reference of references) await follow(found.path, reference, [...open, found.path])
    return true
  }

  async function look(path: string, as: string, admits: (real: string) => string | null) {
    const info = await stat(path).catch(() => null)
    if (!info) return null // not there, or not ours to see
    const mark = `${info.ino} ${info.mtimeMs} ${info.size}`
    const key = `${as} ${path}`
    const known = cache.get(key)
    if (known?.mark === mark) return known
    const read = await readText(path, MOST_BYTES, admits)
    if (read === null) return null
    const text = isRefused(read) ? '' : withoutComments(read.text).trimEnd()
    const looked = { mark, read, text, references: referencesIn(text) }
    cache.set(key, looked)
    return looked
  }

  async function follow(from: string, { written, line }: Reference, open: string[]): Promise<void> {
    const path = target(written, from, place)
    const found = await stat(path).catch(() => null)
    if (!found) {
      if (looksLikePath(written))
        remark('IMPORT_LEFT_OUT', from, `imports ${JSON.stringify(written)}, which does not exist`, line)
      return
    }
    if (open.length > DEEPEST) return remark('IMPORT_TOO_DEEP', from, `imports more than ${DEEPEST} files deep`, line)
    // A directory is named in passing, not imported.
    if (!found.isDirectory()) await read(path, open, { path: from, line })
  }

  return { read: (path: string) => read(path), gathered }
}

/** The line of a `model` in the front matter that some write above their instructions. */
function modelLine(text: string): number | null {
  const [, block] = /^---\n([\s\S]{0,4000}?)\n---/.exec(text) ?? []
  const index = block?.split('\n').findIndex(line => /^model *:/.test(line)) ?? -1
  return index === -1 ? null : index + 2
}

function target(written: string, from: string, { home }: Place): string {
  if (written.startsWith('~/')) return join(home, written.slice(2))
  return isAbsolute(written) ? resolve(written) : resolve(dirname(from), written)
}

/** Not a person, a package or a decorator. */
const looksLikePath = (written: string) => /^(?:\.{1,2}|~)?\/|\.(?:md|mdc|markdown|txt|org|rst|adoc)$/.test(written)

/** Why a real path may not be read; null when it may. `as` is how it came to be read. */
function refusalOf(real: string, as: 'import' | Origin, place: Place, hidden: Hidden): string | null {
  if (isInside(real, place.root))
    return hidden(real) || isSensitive(real.slice(place.root.length + 1)) ? 'is closed to tools' : null
  // A person's own file may be a link into their dotfiles; what a repository has may not lead anywhere.
  if (as === 'user') return null
  if (!userDirectories(place).some(directory => isInside(real, directory)))
    return as === 'import'
      ? 'lies outside of the repository and of your own directories'
      : 'is a link that leads out of the repository'
  return isSensitive(real) || !TEXTS.has(extname(real)) ? 'is no text for agents' : null
}
