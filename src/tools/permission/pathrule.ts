import { join, normalize, sep } from 'node:path'
import { isInside } from '../paths.ts'
import { compileGlob } from '../search/glob.ts'
import { expandRanges, splitNegation } from './extglob.ts'

/** A glob of a rule, ready to be held against real absolute paths. */
export type PathRule = {
  /** The one path it names, when it has no wildcards. */
  exact: string | null
  /** As narrow as it is written: for what it allows. */
  matches(path: string): boolean
  /** As wide as it can be meant: in any case and composition of letters, and all below a path that is named to its end. */
  binds(path: string): boolean
}

/** `glob` as `parseRule` gives it; `home` is what `~/` stands for. Throws as `compileGlob`, `expandRanges` and `splitNegation` do. */
export function compilePath(glob: string, project: string, home?: string): PathRule {
  const isHome = home !== undefined && glob.startsWith('~/')
  const isRelative = !isHome && !glob.startsWith('/') && !/^[A-Za-z]:\//.test(glob)
  const base = isHome ? home : isRelative ? project : ''
  const inner = expandRanges(isHome ? glob.slice(2) : glob)
  const literal = isLiteral(inner) ? inner.replace(/\\(.)/g, '$1') : null
  const exact = literal === null ? null : base === '' ? normalize(literal) : join(base, literal)
  const test = literal === null ? globMatcher([inner], narrow) : null
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

const MAGIC = /[*?[{]|[@+!]\(|\([^)]*\|/

function wideMatcher(glob: string, literal: string | null): (text: string) => boolean {
  if (literal !== null) {
    const name = literal.normalize().toLowerCase()
    return text =>
      text.toLowerCase() === name || text.toLowerCase().startsWith(`${name.replace(/\/$/, '')}/`) || name === '.'
  }
  const composed = glob.normalize()
  const last = composed.slice(composed.lastIndexOf('/') + 1)
  const globs = isLiteral(last) ? [composed, `${composed}/**`] : [composed]
  return globMatcher(globs, wide)
}

type Test = (text: string) => boolean

/** `dir/**` holds `dir` too. To globs `.` is a name like any other; to us it is the project itself, which `**` holds too. */
function globMatcher(globs: string[], reading: (glob: string) => Test[]): Test {
  const tests = globs.flatMap(reading)
  return text => tests.some(test => test(text)) || (text === '.' && globs.includes('**'))
}

/** What is allowed by a wildcard and `/**` is below the directories, no file beside them. */
function narrow(glob: string): Test[] {
  const holder = holderOf(glob)
  const written = holder === glob || /\*$|[!*+]\([^/]*\)$/.test(holder) ? [glob] : [glob, holder]
  return written.map(glob => {
    const not = splitNegation(glob)
    if (!not) return compiled(glob)
    const any = compiled(`${not.before}@(*)${not.after}`)
    const named = compiled(`${not.before}@(${not.inner})${not.after}`)
    return text => any(text) && !named(text)
  })
}

/** In any case of letters it holds what it holds as written, too: `[A-z]` has more in it than `[a-z]`. */
function wide(glob: string): Test[] {
  const written = [...new Set([glob, holderOf(glob)])]
  return written.flatMap(glob => {
    const lower = widest(glob.toLowerCase().replaceAll('[:upper:]', '[:lower:]'))
    return [widest(glob), (text: string) => lower(text.toLowerCase())]
  })
}

/** With `!(…)`, some reading of the path is enough: `**` may take a name that `!(…)` does not. */
function widest(glob: string): Test {
  const not = splitNegation(glob)
  if (!not) return compiled(glob)
  const [before, inner] = [compiled(not.before), compiled(`@(${not.inner})`)]
  const after = compiled(not.after)
  return text => {
    const ends = Array.from({ length: text.length + 1 }, (_, at) => after(text.slice(at)))
    for (let from = 0; from <= text.length; from++) {
      if (!before(text.slice(0, from))) continue
      for (let to = from; to <= text.length && (to === from || text[to - 1] !== '/'); to++)
        if (ends[to] && !inner(text.slice(from, to)) && !(to === from && isWholeName(text, from))) return true
    }
    return false
  }
}

const isWholeName = (text: string, at: number): boolean =>
  (at === 0 || text[at - 1] === '/') && (at === text.length || text[at] === '/')
const compiled = (glob: string): Test => compileGlob(glob, { anchored: true })
const holderOf = (glob: string): string => glob.replace(/(?:\/\*\*)+$/, '')

/** Without wildcards; escaped ones do not count. */
const isLiteral = (glob: string): boolean => !MAGIC.test(glob.replace(/\\./g, ''))
const slashes = (path: string): string => (sep === '\\' ? path.replaceAll('\\', '/') : path)
