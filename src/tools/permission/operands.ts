import { posix } from 'node:path'
import { ANY, hasMark, SPLIT, STAR, VALUE } from './command/cursor.ts'
import { nameOf } from './command/unwrap.ts'
import type { SimpleCommand } from './command.ts'
import { isSensitive, SENSITIVE_GLOBS } from './sensitive.ts'

/**
 * Paths that the words of a command name, as far as words tell: `a`, `--file=a`, `-fa`, `@a`, `HEAD:a`, and what stands between
 * quotes or brackets in code. A help against accidents and the obvious; a program can always be told of a path otherwise.
 */

/** Commands whose bare words (no dot, no slash) are paths; for others `test` is more likely a task than a directory. */
const TAKE_FILES = new Set(
  '. awk bash base64 bat cat cd chmod chown cmp comm cp csplit cut dd diff du emacs find fold grep gzip head hexdump install join less ln ls md5sum more mv nano nl od paste patch perl python python3 rg rm rmdir rsync scp sed sh sha256sum shred sort source split stat strings tac tail tar tee touch tr truncate uniq unlink vi vim wc xxd zip'.split(
    ' ',
  ),
)
const BETWEEN = /[\s=@:,;'"`(){}<>|&\\]+/

/** Candidates for paths among the words and redirections, marks included; `cwd` is put before relative ones. */
export function pathsNamed({ words, redirects }: SimpleCommand, cwd: string, home?: string): string[] {
  const bare = TAKE_FILES.has(nameOf(words[0]))
  const named = new Set(redirects.map(({ target }) => target))
  for (const word of words.slice(1)) {
    for (const text of [word, ...word.split(BETWEEN)]) {
      for (const path of [text, text.replace(/^-[A-Za-z]/, '')]) if (bare || /[./]/.test(path)) named.add(path)
    }
  }
  named.delete('')
  return [...named].map(path => absolute(path, cwd, home))
}

function absolute(path: string, cwd: string, home?: string): string {
  if (home !== undefined && /^~(?:\/|$)/.test(path)) return posix.join(home, path.slice(1))
  return posix.isAbsolute(path) ? posix.normalize(path) : posix.join(cwd, path)
}

/** True when a word names a sensitive path, or is a glob that could become one. `cwd` is relative to the project. */
export function namesSensitive({ words, redirects }: SimpleCommand, cwd: string): boolean {
  const texts = [...words, ...redirects.map(({ target }) => target)]
  return texts.some(word =>
    [word, ...word.split(BETWEEN)].some(text =>
      [text, text.replace(/^-[A-Za-z]/, ''), text.replace(/^-\w+/, '')].some(
        path => mayBeSensitive(path) || mayBeSensitive(posix.join(cwd, path)),
      ),
    ),
  )
}

function mayBeSensitive(path: string): boolean {
  if (isSensitive(path)) return true
  if (!hasMark(path)) return false
  const names = path.toLowerCase().split('/')
  const fitsAt = (parts: string[], at: number) => parts.every((part, i) => mayMeet(names[at + i] ?? '', part))
  return names.some((_, at) => GLOBS.some(parts => fitsAt(parts, at)))
}
const GLOBS = SENSITIVE_GLOBS.map(glob => glob.split('/'))

/** Some name fits both: a name with marks, and a glob with `*`. A shell's wildcards do not match a dot at the beginning. */
function mayMeet(name: string, glob: string): boolean {
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
