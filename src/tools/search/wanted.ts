import { realpath } from 'node:fs/promises'
import { dirname, isAbsolute, join, sep } from 'node:path'
import type { OnHost } from '../host/host.ts'
import { isInside, relative } from '../paths.ts'
import { expandRanges } from '../permission/extglob.ts'
import type { ToolContext } from '../tool.ts'
import { compileGlob } from './glob.ts'

/** What the globs of a call ask for, below the directory where it starts. */
export type Wanted = {
  /** `path` counts from that directory, with `/`. */
  matches(path: string, kind: 'file' | 'directory'): boolean
  /** The pattern as one path from there, to be tried as it is. */
  literal: string
}

type Part = { negated: boolean; directories: boolean; matches: (path: string) => boolean }

/**
 * Reads a glob as models write them: from the directory where the search starts, from the project (`./`, `/src/**`), from the
 * root of the file system, also through a link to the project; several of them with commas; with `!` for what is left out,
 * which alone is all the rest; with a last `/` for directories. A path that is there is found by its very name, whatever
 * its characters mean in a glob (`app/[slug]/page.tsx`). Throws INVALID_PARAMS for one that is too large.
 */
export async function compileWanted(
  pattern: string,
  start: string,
  { roots }: ToolContext,
  options: { ignore_case?: boolean } = {},
): Promise<Wanted> {
  const fold = (text: string) => (options.ignore_case ? text.toLowerCase() : text)
  const texts = await Promise.all(splitList(pattern).map(text => partOf(text)))
  const wanted = texts.filter(({ negated }) => !negated)
  const unwanted = texts.filter(({ negated }) => negated)
  const literal = (await below(pattern)).replace(/\/$/, '')
  const inName = !literal.includes('/')
  return {
    literal,
    matches(path, kind) {
      const name = path.slice(path.lastIndexOf('/') + 1)
      if (kind === 'file' && (path === literal || (inName && name === literal))) return true
      if (kind === 'directory' && pattern.endsWith('/') && path === literal) return true
      const fits = ({ directories, matches }: Part) => directories === (kind === 'directory') && matches(path)
      return (wanted.length > 0 ? wanted.some(fits) : kind === 'file') && !unwanted.some(part => covers(part, path))
    },
  }

  async function partOf(text: string): Promise<Part> {
    const negated = text.startsWith('!')
    const inner = await below(negated ? text.slice(1) : text)
    const anchored = inner !== '' && /^!?(?:\.?\/)/.test(text)
    const directories = inner.endsWith('/')
    const bare = fold(directories ? inner.slice(0, -1) : inner)
    const glob = compileGlob(expandRanges(bare), anchored ? { anchored } : {})
    return { negated, directories, matches: path => glob(fold(path)) }
  }

  /** The pattern from `start` on. */
  async function below(text: string): Promise<string> {
    const real = isAbsolute(text) ? await throughLinks(text, roots) : text
    const from = relative(start, roots)
    if (isAbsolute(real) && isInside(real, start))
      return real.slice(start.length).split(sep).join('/').replace(/^\//, '')
    const inside = isAbsolute(real) && isInside(real, roots.project) ? real.slice(roots.project.length) : real
    const inner = inside.replace(/^(?:\.?\/)+/, '')
    // Also where the path is given, some name it in the glob again.
    return from !== '.' && inner.startsWith(`${from}/`) ? inner.slice(from.length + 1) : inner
  }
}

/**
 * What a glob that finds nothing may have meant: another case, `\\` for `/`, several with blanks between them, and what `whole`
 * makes of one without a wildcard. Throws INVALID_PARAMS.
 */
export function compileLoosely(
  pattern: string,
  start: string,
  context: ToolContext,
  whole: (name: string) => string,
): Promise<Wanted> {
  const slashed = pattern.replace(/\\(?=[\w*.])/g, '/').trim()
  const blanks = slashed.split(/\s+/)
  const parts = blanks.length > 1 && blanks.every(part => part.includes('*')) ? blanks : splitList(slashed)
  const loose = parts.map(part => (/[*?[{!/]/.test(part) ? part : whole(part)))
  return compileWanted(loose.join(','), start, context, { ignore_case: true })
}

/** What is left out is left out with all below it. */
function covers({ directories, matches }: Part, path: string): boolean {
  if (!directories && matches(path)) return true
  for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) {
    if (matches(path.slice(0, end))) return true
  }
  return false
}

/** An absolute glob with the real path of that part of it which has no wildcards. */
async function throughLinks(text: string, { host }: OnHost): Promise<string> {
  const first = text.search(/[*?[{\\]/)
  let head = first < 0 ? text : dirname(`${text.slice(0, first)}x`)
  for (; head !== dirname(head); head = dirname(head)) {
    const real = await (host?.files.real(head, {}) ?? realpath(head)).catch(() => null)
    if (real !== null) return join(real, text.slice(head.length))
  }
  return text
}

/** At the commas outside of braces, brackets and escapes, if all that is between looks like a path or a glob (`*,v` is one). */
function splitList(pattern: string): string[] {
  const parts: string[] = []
  let depth = 0
  let from = 0
  for (let at = 0; at < pattern.length; at++) {
    const char = pattern[at]
    if (char === '\\') at++
    else if (char === '{' || char === '[') depth++
    else if ((char === '}' || char === ']') && depth > 0) depth--
    else if (char === ',' && depth === 0) {
      parts.push(pattern.slice(from, at))
      from = at + 1
    }
  }
  const trimmed = [...parts, pattern.slice(from)].map(part => part.trim()).filter(part => part !== '')
  return trimmed.length > 1 && trimmed.every(part => /[*?[{./!]/.test(part)) ? trimmed : [pattern]
}
