import { dirname, isAbsolute } from 'node:path'
import type { Entry, OnHost, Sight } from '../host/host.ts'
import { absent, hostOf } from '../host/local.ts'
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
 * Where the words of a shell line lead on the disk of their machine: the real paths of files, of what they reach through links
 * and wildcards, and the ways through `/proc/PID` that they take. Directories that go by their own name are not listed: `test` is a task, too.
 * `partial` when there is more than the bounds let us look at. Never throws.
 */
export async function leadsOf(
  line: string,
  cwd: string,
  home?: string,
  on: OnHost = {},
): Promise<{ paths: string[]; partial: boolean }> {
  const found = new Set<string>()
  if (process.platform === 'win32') return { paths: [], partial: false }
  try {
    const starts = startsOf(parseLine(line).commands, cwd, home)
    const walk = createWalk(found, cwd, on)
    await walk.ahead([...starts])
    for (const start of starts) await walk.along(start)
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
function createWalk(found: Set<string>, cwd: string, on: OnHost) {
  const { files } = hostOf(on)
  const looks = new Map<string, Sight | null>()
  const entries = new Map<string, Promise<Entry[]>>()
  let steps = 0

  function spend(units: number) {
    steps += units
    if (steps > MOST_STEPS) throw new TooMany()
  }

  /** Looks at all on these ways that is not known yet, in one go: another machine is far. */
  async function look(ways: readonly { at: string; rest: readonly string[] }[]): Promise<void> {
    const unknown = new Set(ways.flatMap(({ at, rest }) => namesOn(at, rest)).filter(name => !looks.has(name)))
    if (unknown.size === 0) return
    spend(unknown.size)
    const sights = await files.sights([...unknown])
    for (const [i, name] of [...unknown].entries()) looks.set(name, sights[i]!)
  }

  function entriesOf(path: string): Promise<Entry[]> {
    const known = entries.get(path)
    if (known) return known
    spend(1)
    const listed = files
      .entries(path)
      .catch(absent)
      .then(list => list ?? [])
    entries.set(path, listed)
    return listed
  }

  async function keep(path: string) {
    found.add(await files.spelled(path))
    if (found.size > MOST_FOUND) throw new TooMany()
  }

  async function follow(at: string, rest: string[], crossed: number): Promise<void> {
    let path = at
    let isFile = false
    const parts = [...rest]
    await look([{ at, rest }])
    for (let part = parts.pop(); part !== undefined; part = parts.pop()) {
      if (part === '..') {
        path = dirname(path)
        continue
      }
      if (hasMark(part)) return await branch(path, part, parts, crossed)
      const next = path === '/' ? `/${part}` : `${path}/${part}`
      if (!looks.has(next)) await look([{ at: path, rest: [...parts, part] }])
      const sight = looks.get(next)
      const to = sight?.target ?? null
      const target = next === `/proc/${process.pid}/cwd` ? cwd : to // ours stands for the command's
      if (target === null) {
        path = next
        isFile = sight?.kind === 'file'
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
    const listed = await entriesOf(path)
    steps += listed.length
    const ways: string[][] = []
    for (const entry of listed) {
      if (hasMark(entry.name)) throw new TooMany()
      if (fits(entry.name, part) && !(rest.length > 0 && entry.isFile())) ways.push([...rest, entry.name])
    }
    await look(ways.map(rest => ({ at: path, rest })))
    for (const way of ways) await follow(path, way, Math.max(crossed, 1))
  }

  return {
    ahead: (paths: readonly string[]) => look(paths.map(path => ({ at: '/', rest: partsOf(path) }))),
    along: (path: string) => follow('/', partsOf(path), 0),
  }
}

/** The names that a way goes through, as far as it is plain. */
function namesOn(at: string, rest: readonly string[]): string[] {
  const names: string[] = []
  let path = at
  for (const part of rest.toReversed()) {
    if (part === '..' || hasMark(part)) break
    path = path === '/' ? `/${part}` : `${path}/${part}`
    names.push(path)
  }
  return names
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
