import { relative, sep } from 'node:path'
import { lazily } from '../../base/once.ts'
import { isInside } from '../paths.ts'
import type { Effect } from '../tool.ts'
import { ANY, hasMark } from './command/cursor.ts'
import type { Redirect } from './command/lists.ts'
import { nameOf } from './command/unwrap.ts'
import { type Line, parseLine } from './command.ts'
import { mayBeSensitive, mayFit, namesSensitive, pathsNamed } from './operands.ts'
import { compilePath, type PathRule } from './pathrule.ts'
import { type ParsedRule, parseRule, readsPath } from './rule.ts'
import { dangerOf } from './sensitive.ts'
import { compileUrl, type UrlRule } from './urlrule.ts'

/** Whose paths are meant: the real path of the project, and the home directory for `~/`. */
export type RuleScope = { project: string; home?: string }

/** A call as rules look at it. */
export type Subject = {
  tool: string
  effect: Effect
  /** Real paths it reads or writes; of MCP tools and shell lines none are known. */
  touched: string[]
  /** The shell line as it was read, and what its words name. */
  shell: (Shell & { command: string }) | null
}
type Shell = {
  line: Line
  in_project: boolean
  named(): string[]
  written(): string[]
  sensitive(): boolean
  /** Absolute paths with wildcards, as marks. */
  patterns(): string[]
}

export function subjectOf(call: { tool: string; effect: Effect }, place: RuleScope): Subject {
  const { tool, effect } = call
  const touched = [...new Set([...effect.reads, ...effect.writes])]
  const shell = effect.command === undefined ? null : shellOf(effect.command, effect, place)
  return { tool, effect, touched, shell }
}

/** What the words name is only looked at when some rule wants to know. */
function shellOf(command: string, effect: Effect, { project, home }: RuleScope): Subject['shell'] {
  const { cwd = project, leads } = effect
  const line = parseLine(command)
  const from = inProject(cwd, project)
  const marked = lazily(() => line.commands.flatMap(each => pathsNamed(each, cwd, home)))
  const pathsOf = (paths: string[]) => paths.map(path => path.replace(MARKS, 'x'))
  return {
    command,
    line,
    in_project: cwd === project,
    named: lazily(() => [...new Set([...pathsOf(marked()), ...(leads?.paths ?? [])])]),
    written: lazily(() =>
      pathsOf(
        line.commands.flatMap(({ redirects }) =>
          pathsNamed({ words: [], redirects: redirects.filter(isOutput) }, cwd, home),
        ),
      ),
    ),
    sensitive: lazily(
      () =>
        line.commands.some(each => namesSensitive(each, from)) ||
        [...marked(), ...(leads?.paths ?? [])].some(path => mayBeSensitive(inProject(path, project))),
    ),
    patterns: lazily(() => marked().filter(hasMark)),
  }
}

/** Unknown parts of a path count as some name. */
const MARKS = /[\x00-\x03]+/g

/** Into a file, that is: not into a descriptor, a device or nothing. */
const isOutput = ({ operator, target }: Redirect): boolean =>
  operator.includes('>') && !target.startsWith('/dev/') && !(operator === '>&' && /^[\d-]+$/.test(target))

/** As names are judged: relative to the project where it is inside, so that the place of the project itself does not count. */
export const inProject = (path: string, project: string): string =>
  isInside(path, project) ? relative(project, path).replaceAll(sep, '/') : path

/** The text of a rule with its glob made ready; null for one that cannot be read. */
export type Compiled = (ParsedRule & { path?: PathRule; url?: UrlRule }) | null

/** Rules come as text with every call; what they mean is kept. */
const compiled = new Map<string, Compiled>()
const MOST_COMPILED = 2000

export function compile(rule: string, { project, home }: RuleScope): Compiled {
  const key = `${project}\0${home}\0${rule}`
  let found = compiled.get(key)
  if (found !== undefined) return found
  try {
    const parsed = parseRule(rule)
    found =
      parsed.kind === 'path'
        ? { ...parsed, path: compilePath(parsed.glob, project, home) }
        : parsed.kind === 'url'
          ? { ...parsed, url: compileUrl(parsed.glob) }
          : parsed
  } catch {
    found = null // said where it was loaded; here it must only not allow anything
  }
  if (compiled.size >= MOST_COMPILED) compiled.clear()
  compiled.set(key, found)
  return found
}

/**
 * Whether the rule, read as narrowly as can be, is about this call: of that very tool; all of its paths; and of shell lines one
 * plain command that names no sensitive path. A line that was remembered holds in the project's own directory only.
 */
export function allows(rule: Compiled, { tool, effect, touched, shell }: Subject): boolean {
  if (rule === null || !isOfTool(rule, tool)) return false
  if (rule.kind === 'url') return effect.url !== undefined && rule.url!.matches(effect.url)
  if (rule.kind === 'path') return touched.length > 0 && touched.every(path => rule.path!.matches(path))
  if (shell === null) return rule.kind === 'tool' || rule.kind === 'server'
  if (shell.line.plain === null || effect.leads?.partial || shell.sensitive()) return false
  if (rule.kind === 'tool' || rule.kind === 'server') return shell.line.acting === 0
  return allowsLine(rule, shell.command, shell.line) && (rule.kind === 'words' || shell.in_project)
}

/** Whether an agent that is limited to this rule may make the call. A bare name is the whole tool, unlike for `allow`. */
export const permits = (rule: Compiled, subject: Subject): boolean =>
  rule?.kind === 'tool' || rule?.kind === 'server' ? isOfTool(rule, subject.tool) : allows(rule, subject)

/**
 * Whether the rule, read as widely as it can be meant, is about this call. A path rule for a reading tool binds whatever reads
 * or writes there, one for a writing tool whatever writes there. One for `shell_exec` binds every tool that runs a line. One
 * that cannot be read binds everything.
 */
export function binds(rule: Compiled, subject: Subject): boolean {
  if (rule === null) return true
  const { tool, effect, touched, shell } = subject
  if (rule.kind === 'path') {
    const reads = readsPath(rule.tool)
    const paths = shell === null ? (reads ? touched : effect.writes) : reads ? shell.named() : shell.written()
    return paths.some(path => rule.path!.binds(path))
  }
  if (rule.kind === 'url') return effect.url !== undefined && rule.url!.matches(effect.url)
  if (rule.kind === 'server' && rule.server === effect.mcp_server) return true
  if (!isOfTool(rule, tool) && !(shell !== null && rule.kind !== 'server' && rule.tool === 'shell_exec')) return false
  if (rule.kind === 'tool' || rule.kind === 'server') return true
  return shell !== null && bindsLine(rule, shell.command, shell.line)
}

/** Names on a shell line that keep it from being allowed by a rule: they may be written to, whatever the command is. */
export const namesBound = (rule: Compiled, { shell }: Subject): boolean =>
  shell !== null && rule?.kind === 'path' && !readsPath(rule.tool) && shell.named().some(path => rule.path!.binds(path))
/** Whether a wildcard on a shell line could become our own file, or one that the rule binds. */
export const mayBecomeBound = (rule: Compiled, { shell }: Subject, { project, home = '' }: RuleScope): boolean =>
  rule?.kind === 'path' &&
  (shell?.patterns() ?? []).some(path => mayFit(path.toLowerCase(), wideGlob(rule.glob, project, home)))
export const mayBecomeOwn = (subject: Subject, own: readonly string[]): boolean =>
  readsBelow(subject).some(path => own.some(file => isInside(file, path))) ||
  (subject.shell?.patterns() ?? []).some(path =>
    own.some(file => mayFit(path.toLowerCase(), `${file.toLowerCase()}/**`)),
  )

const SEARCH = /^(?:rg|ag|ack)$/
const COPY = /^(?:tar|zip|cp|rsync|diff)$/
const RECURSIVE = /^-[^-]*[rR]|^--(?:dereference-)?recursive|^--directories=recurse/

/** Directories that a command reads with all that is below them. */
function readsBelow({ shell, effect }: Subject): string[] {
  const [word, ...rest] = shell?.line.plain ?? []
  const name = nameOf(word)
  const searches = SEARCH.test(name) || (/^[ef]?grep$/.test(name) && rest.some(option => RECURSIVE.test(option)))
  if (!searches && !COPY.test(name)) return []
  const isWhole = searches && rest.filter(option => !option.startsWith('-')).length < 2
  return [...(isWhole && effect.cwd !== undefined ? [effect.cwd] : []), ...shell!.named()]
}

/** The rule's glob with plain stars only, for rather more paths than it has. */
function wideGlob(glob: string, project: string, home: string): string {
  const absolute = glob.startsWith('/') ? glob : glob.startsWith('~/') ? home + glob.slice(1) : `${project}/${glob}`
  const simple = /[{(][^)}]*\//.test(absolute) ? absolute.replace(/[^/]*[{(].*/s, '**') : absolute
  const names = simple.split('/').map(name => (name === '**' ? name : /[[\]{}()]/.test(name) ? '*' : name))
  return names
    .join('/')
    .replace(/\\(.)|\?/g, '*')
    .toLowerCase()
}
export const namesDangerous = ({ shell }: Subject, project: string): boolean =>
  (shell?.named() ?? []).some(path => dangerOf(inProject(path, project)) !== null)

const isOfTool = (rule: ParsedRule, tool: string): boolean =>
  rule.kind === 'server' ? tool.startsWith(`${rule.server}/`) : rule.tool === tool

type ShellRule = Extract<ParsedRule, { kind: 'words' | 'line' }>

/** What an allow rule is held against: a plain line only, word by word as it is written, with no option that acts unless the rule has it. */
function allowsLine(rule: ShellRule, line: string, { plain, acting }: Line): boolean {
  if (plain === null) return false
  if (rule.kind === 'line') return line === rule.line
  const { words, rest } = rule
  if (words.length < acting) return false
  return (
    (rest ? plain.length >= words.length : plain.length === words.length) && words.every((word, i) => word === plain[i])
  )
}

/**
 * What a deny or ask rule is held against: any command of the line, by the base name of its program in any case. A word of
 * which a part is unknown fits what it might become; one of which nothing is known fits only a final `*`.
 */
function bindsLine(rule: ShellRule, line: string, { commands }: Line): boolean {
  if (rule.kind === 'line') return line.trim() === rule.line.trim()
  return commands.some(command => bindsWords(rule, command.words))
}

function bindsWords({ words, rest }: Extract<ParsedRule, { kind: 'words' }>, actual: string[]): boolean {
  if (actual.length === 0) return false
  if (rest ? actual.length < words.length : actual.length !== words.length) return false
  return words.every((word, i) => (i === 0 ? fits(nameOf(actual[0]), nameOf(word)) : fits(actual[i]!, word)))
}

function fits(actual: string, word: string): boolean {
  if (!hasMark(actual)) return actual === word
  return /[^\x00-\x03]/.test(actual) && mayBe(actual, word)
}

/** Wildcard match by the two-pointer method: linear but for the last wildcard's retries. */
function mayBe(pattern: string, text: string): boolean {
  let [p, t, star, from] = [0, 0, -1, 0]
  while (t < text.length) {
    const ch = pattern[p]
    if (ch !== undefined && (ch === text[t] || ch === ANY)) {
      p++
      t++
    } else if (ch !== undefined && hasMark(ch)) {
      star = p++
      from = t
    } else if (star >= 0) {
      p = star + 1
      t = ++from
    } else return false
  }
  while (p < pattern.length && hasMark(pattern[p]!) && pattern[p] !== ANY) p++
  return p === pattern.length
}
