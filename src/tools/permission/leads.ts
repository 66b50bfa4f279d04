import type { Dirent } from 'node:fs'
import { lstat, readdir, readlink, realpath } from 'node:fs/promises'
import { dirname, isAbsolute } from 'node:path'
import { ANY, hasMark, isUnknown } from './command/cursor.ts'
import { parseLine, type SimpleCommand } from './command.ts'
import { BETWEEN, basesOf, decoded, mayMeet, placed, takesFiles } from './operands.ts'
import { isSensitive } from './sensitive.ts'

/** Bounds of one line: words that may be paths, steps on the disk, and paths that are found. */
const MOST_WORDS = 600
const MOST_STEPS = 20_000
const MOST_FOUND = 1000
/** Linux gives up after 40 links too (path_resolution(7)). */
const MOST_LINKS = 40
/** Letters of short options before a value that is joined to them. */
const MOST_LETTERS = 6

class TooMany extends Error {}

/**
 * Where the words of a shell line lead on this disk: the real paths of files, of what they reach through links and wildcards,
 * and the ways through `/proc/PID` that they take. Directories that go by their own name are not listed: `test` is a task, too.
 * `partial` when there is more than the bounds let us look at. Never throws.
 */
export async function leadsOf(
  line: string,
  cwd: string,
  home?: string,
): Promise<{ paths: string[]; partial: boolean }> {
  const found = new Set<string>()
  if (process.platform === 'win32') return { paths: [], partial: false }
  try {
    const starts = startsOf(parseLine(line).commands, cwd, home)
    const walk = createWalk(found, cwd)
    for (const start of starts) await walk(start)
    return { paths: [...found], partial: false }
  } catch (error) {
    if (!(error instanceof TooMany)) throw error
    return { paths: [...found], partial: true }
  }
}

function startsOf(commands: SimpleCommand[], cwd: string, home?: string): Set<string> {
  const starts = new Set<string>()
  for (const command of commands) {
    const bases = basesOf(command, cwd, home)
    const words = [...command.words.slice(1), ...command.redirects.map(({ target }) => target)]
    for (const text of new Set(words.flatMap(word => textsOf(word, takesFiles(command.words))))) {
      if (text === '' || text.length > 4096 || isUnknown(text) || STANDARD.test(text)) continue
      for (const base of isAbsolute(text) || text.startsWith('~') ? [cwd] : bases) {
        starts.add(placed(text, base, home))
        if (starts.size > MOST_WORDS) throw new TooMany()
      }
    }
  }
  return starts
}

/** The standard descriptors, which are the command's own. */
const STANDARD = /^\/dev\/(?:std(?:in|out|err)|fd\/[0-2]|null|tty)$/

/** What of a word may be a path: all of it, what stands behind an option, and its parts. */
function textsOf(word: string, takesFiles: boolean): string[] {
  const parts = word.split(BETWEEN)
  const isProse = parts.length > 1 && /\s/.test(word)
  const texts = [word, ...parts.filter(part => !isProse || takesFiles || /[./]/.test(part))]
  for (const sign of '=@:') {
    for (let at = word.indexOf(sign); at >= 0 && texts.length < 100; at = word.indexOf(sign, at + 1))
      texts.push(word.slice(at + 1))
  }
  if (/^-[^-]/.test(word)) for (let at = 2; at <= MOST_LETTERS + 1 && at < word.length; at++) texts.push(word.slice(at))
  if (/%|file:/i.test(word))
    texts.push(...decoded(word).split(BETWEEN), decoded(word).replace(/^.*?file:\/\/[^/]*/i, ''))
  return texts
}

/** Follows a path part by part as the system would: `..` is the parent of where a link led. */
function createWalk(found: Set<string>, cwd: string) {
  const looks = new Map<string, Promise<Look>>()
  const entries = new Map<string, Promise<Dirent[]>>()
  let steps = 0

  const once = <T>(known: Map<string, Promise<T>>, path: string, look: (path: string) => Promise<T>): Promise<T> => {
    let value = known.get(path)
    if (!value) {
      if (++steps > MOST_STEPS) throw new TooMany()
      value = look(path)
      known.set(path, value)
    }
    return value
  }

  async function keep(path: string) {
    found.add(await realpath(path).catch(() => path))
    if (found.size > MOST_FOUND) throw new TooMany()
  }

  async function follow(at: string, rest: string[], crossed: number): Promise<void> {
    let path = at
    let isFile = false
    const parts = [...rest]
    for (let part = parts.pop(); part !== undefined; part = parts.pop()) {
      if (part === '..') {
        path = dirname(path)
        continue
      }
      if (hasMark(part)) return await branch(path, part, parts, crossed)
      const next = path === '/' ? `/${part}` : `${path}/${part}`
      const { target: to, file } = await once(looks, next, look)
      const target = next === `/proc/${process.pid}/cwd` ? cwd : to // ours stands for the command's
      if (target === null) {
        path = next
        isFile = file
        continue
      }
      if (++crossed > MOST_LINKS) return
      if (isThroughProcess(next)) found.add(next)
      if (isAbsolute(target)) path = '/'
      parts.push(...partsOf(target))
    }
    if (crossed > 0 || isFile || isThroughProcess(path)) await keep(path)
  }

  /** A wildcard becomes each name that fits it, and itself where none does. */
  async function branch(path: string, part: string, rest: string[], crossed: number): Promise<void> {
    const names = await once(entries, path, entriesOf)
    steps += names.length
    for (const entry of names) {
      if (hasMark(entry.name)) throw new TooMany()
      if (!fits(entry.name, part) || (rest.length > 0 && entry.isFile())) continue
      await follow(path, [...rest, entry.name], Math.max(crossed, 1))
    }
  }

  return (path: string): Promise<void> => follow('/', partsOf(path), 0)
}

const isThroughProcess = (path: string): boolean => /^\/(?:proc|dev\/fd)\//.test(path) && isSensitive(path)

/** The last part first. */
const partsOf = (path: string): string[] =>
  path
    .split('/')
    .filter(part => part !== '' && part !== '.')
    .reverse()

const fits = (name: string, part: string): boolean =>
  mayMeet(part, name.replaceAll('*', ANY)) || mayMeet(part.toLowerCase(), name.replaceAll('*', ANY).toLowerCase())

type Look = { target: string | null; file: boolean }

async function look(path: string): Promise<Look> {
  try {
    const found = await lstat(path)
    return { target: found.isSymbolicLink() ? await readlink(path) : null, file: found.isFile() }
  } catch {
    return { target: null, file: false } // not there, or not ours to see: nothing more is known of it
  }
}

const entriesOf = (path: string): Promise<Dirent[]> => readdir(path, { withFileTypes: true }).catch(() => [])
