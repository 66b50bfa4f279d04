import { posix } from 'node:path'
import { ANY, hasMark, isUnknown, SPLIT, STAR, VALUE } from './command/cursor.ts'
import { nameOf } from './command/unwrap.ts'
import type { SimpleCommand } from './command.ts'
import { isSensitive, mayBeInsideProcess, SENSITIVE_GLOBS } from './sensitive.ts'

/**
 * Paths that the words of a command name, as far as words tell: `a`, `--file=a`, `-fa`, `@a`, `HEAD:a`, and what stands between
 * quotes or brackets in code. A help against accidents and the obvious; a program can always be told of a path otherwise.
 */

/** Commands whose bare words (no dot, no slash) are paths; for others `test` is more likely a task than a directory. */
const TAKE_FILES = new Set(
  '. ack ag awk b2sum bash base32 base64 bat cat cd chmod chown cksum cmp column comm cp csplit cut dd diff du egrep emacs expand fgrep file find fmt fold gawk grep gsed gsort gzip head hexdump iconv install jq join less ln ls md5sum mawk more mv nano nl od paste patch perl pr ptx python python3 rg rm rmdir rsync scp sed sh sha1sum sha256sum sha512sum shred shuf sort source split stat strings tac tail tar tee touch tr tree truncate tsort unexpand uniq unlink vi vim wc xxd xzcat yq zcat zgrep zip'.split(
    ' ',
  ),
)
export const BETWEEN = /[\s=@:,;'"`(){}<>|&\\]+/

/** Candidates for paths among the words and redirections, marks included; those before relative ones are `cwd` and each `-C`. */
export function pathsNamed(command: SimpleCommand, cwd: string, home?: string): string[] {
  const { words, redirects } = command
  const bare = takesFiles(words)
  const named = new Set(redirects.map(({ target }) => target))
  for (const word of words.slice(1)) {
    for (const text of [word, ...word.split(BETWEEN)]) {
      for (const path of [text, text.replace(/^-[A-Za-z]/, '')]) if (bare || /[./]/.test(path)) named.add(path)
    }
  }
  named.delete('')
  const bases = basesOf(command, cwd, home)
  return [...named].flatMap(path => bases.map(base => posix.normalize(placed(path, base, home))))
}

export const takesFiles = (words: string[]): boolean => TAKE_FILES.has(nameOf(words[0]))

/** Where relative paths begin: where the command runs, and where an option like `-C` sends it. */
export function basesOf({ words }: SimpleCommand, cwd: string, home?: string): string[] {
  const bases = new Set([cwd])
  words.forEach((word, at) => {
    const [, joined] = /^(?:-C|--(?:directory|cwd|prefix|work-tree|chdir|cd)(?:=|$))(.*)$/s.exec(word) ?? []
    const named = joined === '' ? words[at + 1] : joined
    if (named !== undefined && !isUnknown(named)) bases.add(placed(named, cwd, home))
  })
  return [...bases]
}

/** Absolute, and otherwise as it is written: `..` is left, as what it means depends on links. */
export function placed(path: string, cwd: string, home?: string): string {
  const [, user, rest = ''] = /^~([\w.-]*|\+)(\/.*|$)/s.exec(path) ?? []
  if (user === '+') return cwd + rest
  if (user !== undefined && home !== undefined)
    return (user === '' ? home : user === 'root' ? '/root' : posix.join(posix.dirname(home), user)) + rest
  return posix.isAbsolute(path) ? path : posix.isAbsolute(cwd) || cwd !== '' ? `${cwd}/${path}` : path
}

/** True when a word names a sensitive path, or is a glob that could become one. `cwd` is relative to the project. */
export function namesSensitive({ words, redirects }: SimpleCommand, cwd: string): boolean {
  const texts = [...words, ...redirects.map(({ target }) => target)]
  return texts.some(word =>
    [word, ...word.split(BETWEEN), ...(word.includes('%') ? [decoded(word)] : [])].some(text =>
      [text, text.replace(/^-[A-Za-z]/, ''), text.replace(/^-\w+/, '')].some(
        path => mayBeSensitive(path) || mayBeSensitive(posix.join(cwd, path)),
      ),
    ),
  )
}

/** As a URL would be read. */
export function decoded(text: string): string {
  return text.replace(/%([0-7][0-9a-f])/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
}

export function mayBeSensitive(path: string): boolean {
  if (isSensitive(path)) return true
  if (!hasMark(path)) return false
  const names = path.toLowerCase().split('/')
  const fitsAt = (parts: string[], at: number) => parts.every((part, i) => mayMeet(names[at + i] ?? '', part))
  return names.some((_, at) => GLOBS.some(parts => fitsAt(parts, at))) || mayBeInsideProcess(names, mayMeet)
}
const GLOBS = SENSITIVE_GLOBS.map(glob => glob.split('/'))

/** Whether a path with wildcards may be one that `glob` stands for: names by `*`, whole paths by `**`; both absolute. */
export function mayFit(path: string, glob: string): boolean {
  const [names, parts] = [path, glob].map(text => text.split('/').filter(part => part !== '' && part !== '.'))
  const from = (name: number, part: number): boolean => {
    if (part === parts!.length) return name === names!.length
    if (parts![part] === '**') return from(name, part + 1) || (name < names!.length && from(name + 1, part))
    return name < names!.length && mayMeet(names![name]!, parts![part]!) && from(name + 1, part + 1)
  }
  return parts!.filter(part => part === '**').length > 2 || names!.length > 64 || from(0, 0)
}

/** Some name fits both: a name with marks, and a glob with `*`. A shell's wildcards do not match a dot at the beginning. */
export function mayMeet(name: string, glob: string): boolean {
  if (/^[\x02\x03]/.test(name) && glob.startsWith('.')) return false
  return overlap(name, glob)
}

/** Whether the languages of two wildcard patterns have a word in common, by the states that both can be in. */
function overlap(a: string, b: string): boolean {
  if (a.length > 255) return false // no file system has such names
  let row = new Set([0]) // places in b that fit a[0…i]
  const skipStars = (places: Set<number>) => {
    for (const at of places) if (b[at] === '*') places.add(at + 1)
    return places
  }
  row = skipStars(row)
  for (const ch of a) {
    const next = new Set<number>()
    if (ch === STAR || ch === VALUE || ch === SPLIT) {
      for (let at = Math.min(...row); at <= b.length; at++) next.add(at)
    } else {
      for (const at of row) {
        if (b[at] === '*') next.add(at)
        else if (at < b.length && (ch === ANY || b[at] === ch)) next.add(at + 1)
      }
    }
    if (next.size === 0) return false
    row = skipStars(next)
  }
  return row.has(b.length)
}
