import { compileGlob, type Glob } from './glob.ts'

/** One line of a `.gitignore`, about paths relative to its directory. */
export type IgnoreRule = { matches: Glob; negated: boolean; directoryOnly: boolean }

/** The rules of an ignore file, in order (gitignore(5)). A line that cannot be a pattern is none. */
export function parseIgnore(text: string): IgnoreRule[] {
  return text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .flatMap(parseLine)
}

/** What the last matching rule says of a path; undefined when none matches. */
export function isIgnored(rules: IgnoreRule[], path: string, isDirectory: boolean): boolean | undefined {
  const bytes = asBytes(path)
  const rule = rules.findLast(rule => (isDirectory || !rule.directoryOnly) && rule.matches(bytes))
  return rule && !rule.negated
}

function parseLine(line: string): IgnoreRule[] {
  if (line.startsWith('#')) return []
  let pattern = withoutTrailingSpaces(line)
  const negated = pattern.startsWith('!')
  if (negated) pattern = pattern.slice(1)
  const directoryOnly = pattern.endsWith('/')
  if (directoryOnly) pattern = pattern.slice(0, -1)
  // A slash at the start or in the middle ties the pattern to this directory; else it is a name at any depth.
  const anchored = pattern.includes('/')
  if (pattern.startsWith('/')) pattern = pattern.slice(1)
  if (pattern === '') return []
  try {
    return [{ matches: compileGlob(asBytes(pattern), { git: true, anchored }), negated, directoryOnly }]
  } catch {
    return [] // too large to be a pattern of anyone's
  }
}

/** To git a character is a byte: `?` is half an `ü`. */
const asBytes = (text: string): string =>
  ASCII.test(text) ? text : Array.from(ENCODER.encode(text), byte => String.fromCharCode(byte)).join('')
const ENCODER = new TextEncoder()
const ASCII = /^[\x00-\x7f]*$/

/** Spaces at the end do not count, unless a backslash stands before them. */
function withoutTrailingSpaces(line: string): string {
  let end = line.length
  while (end > 0 && line[end - 1] === ' ' && line[end - 2] !== '\\') end--
  return line.slice(0, end)
}
