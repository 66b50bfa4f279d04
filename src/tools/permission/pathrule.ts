import { join, normalize, sep } from 'node:path'
import picomatch from 'picomatch'
import { isInside } from '../paths.ts'
import { compileGlob } from '../search/glob.ts'

/** A glob of a rule, ready to be held against real absolute paths. */
export type PathRule = {
  /** The one path it names, when it has no wildcards. */
  exact: string | null
  /** As narrow as it is written: for what it allows. */
  matches(path: string): boolean
  /** As wide as it can be meant: in any case and composition of letters, and all below a path that is named to its end. */
  binds(path: string): boolean
}

/** `glob` as `parseRule` gives it; `home` is what `~/` stands for. Throws what picomatch throws, for globs of absurd length. */
export function compilePath(glob: string, project: string, home?: string): PathRule {
  const isHome = home !== undefined && glob.startsWith('~/')
  const isRelative = !isHome && !glob.startsWith('/') && !/^[A-Za-z]:\//.test(glob)
  const base = isHome ? home : isRelative ? project : ''
  const inner = isHome ? glob.slice(2) : glob
  const literal = isLiteral(inner) ? inner.replace(/\\(.)/g, '$1') : null
  const exact = literal === null ? null : base === '' ? normalize(literal) : join(base, literal)
  const test = literal === null ? globMatcher(inner, OPTIONS) : null
  const wide = wideMatcher(inner, literal)
  const subject = (path: string): string | null => {
    if (base === '') return slashes(path)
    return isInside(path, base) ? slashes(path.slice(base.length)).replace(/^\/+/, '') || '.' : null
  }
  return {
    exact,
    matches: path => {
      const text = subject(path)
      return exact === null ? text !== null && test!(text) : path === exact
    },
    binds: path => {
      const text = subject(path)
      return text !== null && wide(text.normalize())
    },
  }
}

/** A name may hold a newline: `.` has to match it, or a name could slip through a deny. */
const OPTIONS = { dot: true, nonegate: true, flags: 's' } as const
const ONLY_PICOMATCH = /\(|\{[^}]*\.\.|\[:/
const MAGIC = /[*?[{(]/

function wideMatcher(glob: string, literal: string | null): (text: string) => boolean {
  if (literal !== null) {
    const name = literal.normalize().toLowerCase()
    return text =>
      text.toLowerCase() === name || text.toLowerCase().startsWith(`${name.replace(/\/$/, '')}/`) || name === '.'
  }
  const composed = glob.normalize()
  const last = composed.slice(composed.lastIndexOf('/') + 1)
  const globs = isLiteral(last) ? [composed, `${composed}/**`] : [composed]
  return globMatcher(globs, { ...OPTIONS, flags: 'is' })
}

/**
 * Runs in linear time, which picomatch does not: it is for what only it knows, groups in parentheses, ranges of numbers in
 * braces, and classes by name. `dir/**` holds `dir` too. To globs `.` is a name like any other; to us it is the project itself, which `**` holds too. */
function globMatcher(globs: string | string[], options: picomatch.PicomatchOptions): (text: string) => boolean {
  const all = [globs].flat()
  const tests = all.map(glob => (ONLY_PICOMATCH.test(glob) ? picomatch(glob, options) : linearMatcher(glob, options)))
  return text => tests.some(test => test(text)) || (text === '.' && all.includes('**'))
}

/** In any case of letters it holds what it holds as written, too: `[A-z]` has more in it than `[a-z]`. */
function linearMatcher(glob: string, { flags }: picomatch.PicomatchOptions): (text: string) => boolean {
  const holder = glob.replace(/(?:\/\*\*)+$/, '')
  // What is allowed by `*/**` is below the directories, no file beside them.
  const isHeld = holder !== glob && (flags?.includes('i') || !holder.endsWith('*'))
  const written = isHeld ? [glob, holder] : [glob]
  const globs = written.map(glob => compileGlob(glob, { anchored: true }))
  if (!flags?.includes('i')) return text => globs.some(test => test(text))
  const lower = written.map(glob => compileGlob(glob.toLowerCase(), { anchored: true }))
  return text => globs.some(test => test(text)) || lower.some(test => test(text.toLowerCase()))
}

/** Without wildcards; escaped ones do not count. */
const isLiteral = (glob: string): boolean => !MAGIC.test(glob.replace(/\\./g, ''))
const slashes = (path: string): string => (sep === '\\' ? path.replaceAll('\\', '/') : path)
