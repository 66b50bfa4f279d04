import { AppError, messageOf } from '../../base/errors.ts'
import type { Definition } from '../../event.ts'
import { traitsOf } from '../registry.ts'
import { splitWords } from './command/plain.ts'
import { expandRanges, splitNegation } from './extglob.ts'
import { compileUrl } from './urlrule.ts'

/** A permission rule as `GET /api/rules` shows it. `origin` says in words where it stands, for the reasons we give. */
export type Rule = {
  rule_id: string
  rule: string
  action: 'allow' | 'ask' | 'deny'
  origin: string
  /** The project it was remembered for: a real path. */
  project_path?: string
  /** Remembered for a tool of an MCP server: what that said of the tool then; null where it was not kept. */
  definition?: Definition | null
}

/**
 * What the text of a rule means (the contract, "Rules"):
 * - `tool`: every call of that tool. `server/tool`, `server/*`: a tool, every tool, of that MCP server.
 * - `path_tool(glob)`: calls that touch such a path. Relative globs start at the project; absolute ones and `~/…` do not. A
 *   backslash takes its meaning from the character behind it.
 * - `shell_exec(words)`: one simple command by its words after quote removal; `*` as the last word is any rest or none.
 * - `fetch_url(glob)`: calls that contact such an address; `*` stays within a name or part of the path, `**` is any rest.
 * - `shell_exec(=line)`: one line, byte for byte, in the directory of the project: what approvals remember.
 */
export type ParsedRule =
  | { kind: 'tool'; tool: string }
  | { kind: 'server'; server: string }
  | { kind: 'path'; tool: string; glob: string }
  | { kind: 'words'; tool: string; words: string[]; rest: boolean }
  | { kind: 'line'; tool: string; line: string }
  | { kind: 'url'; tool: string; glob: string }

/** A rule for one of these binds other tools that take a path too (see `policy.ts`). */
export const takesPath = (tool: string): boolean => traitsOf(tool)?.takes === 'path'
export const readsPath = (tool: string): boolean => takesPath(tool) && traitsOf(tool)?.level === 'read'

/** Throws INVALID_REQUEST that says how to write it; the message has nothing of the text in it. */
export function parseRule(text: string): ParsedRule {
  if (/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u.test(text)) throw wrong('A rule is one line of visible characters.')
  const [, name, pattern] = /^([^()]*)(?:\((.*)\))?$/.exec(text) ?? []
  if (name?.includes('/')) return parseMcp(name, pattern)
  if (name === undefined || !/^[a-z][a-z0-9_]*$/.test(name)) throw wrong(FORMS)
  if (pattern === undefined) return { kind: 'tool', tool: name }
  switch (traitsOf(name)?.takes) {
    case 'line':
      return pattern.startsWith('=') ? parseLineRule(name, pattern) : parseWords(name, pattern)
    case 'path':
      return { kind: 'path', tool: name, glob: parseGlob(pattern) }
    case 'url':
      compileUrl(pattern)
      return { kind: 'url', tool: name, glob: pattern }
  }
  throw wrong('Only tools that take a path or an address, and shell_exec and shell_background, can have a pattern.')
}
const FORMS = 'Write a rule as tool, tool(pattern), server/tool or server/*.'

/** What is wrong with the text of a rule; null when nothing is. For the configuration, which knows file, line and key. */
export function validateRule(text: string): string | null {
  try {
    parseRule(text)
    return null
  } catch (error) {
    return messageOf(error)
  }
}

/** A glob that matches this very path and nothing else. */
export const escapeGlob = (path: string): string => path.replace(/[\\*?[\]{}()!]|^~/g, '\\$&')

/** A server is called what its owner likes (`@scope/x`, `My server`): of several slashes none is known to be the one between. */
function parseMcp(name: string, pattern: string | undefined): ParsedRule {
  if (pattern !== undefined) throw wrong('A tool of an MCP server takes no pattern: write server/tool or server/*.')
  const all = name.endsWith('/*')
  const named = all ? name.slice(0, -2) : name
  if (/[*?]/.test(named) || named !== named.trim() || /^\/|\/$|^$/.test(named))
    throw wrong('Write the tool of an MCP server as server/tool, all of them as server/*.')
  return all ? { kind: 'server', server: named } : { kind: 'tool', tool: name }
}

function parseGlob(pattern: string): string {
  const glob = pattern.replace(/^(?:\.\/+)+/, '').replace(/\/+$/, '/**')
  if (glob === '') throw wrong('The pattern is empty: name a path, as in read_file(secrets/**).')
  if (glob.startsWith('!')) throw wrong('A pattern cannot be turned round with !: name the paths that are meant.')
  if (glob.split('/').includes('..')) throw wrong('A pattern has no .. in it: write an absolute path instead.')
  splitNegation(expandRanges(glob))
  return glob
}

function parseWords(tool: string, pattern: string): ParsedRule {
  if (/[$`]/.test(pattern)) throw wrong('A rule for a command has no $ and no backtick: what they become is not known.')
  const words = splitWords(pattern)
  if (!words) throw wrong('A rule is for one simple command: quote characters that mean something to a shell.')
  const rest = words.at(-1)?.raw === '*'
  if (rest) words.pop()
  if (words.some(({ raw }) => raw.replace(/'[^']*'|"(?:[^"\\]|\\.)*"|\\./g, '').includes('*')))
    throw wrong('* may only stand as the last word, by itself, for any rest; quote it to mean the character.')
  if (words.length === 0 && !rest) throw wrong('The pattern is empty: name a command, as in shell_exec(npm test *).')
  if (/^[A-Za-z_]\w*\+?=/.test(words[0]?.raw ?? '')) throw wrong('A rule begins with the command, without assignments.')
  return { kind: 'words', tool, words: words.map(word => word.text), rest }
}

function parseLineRule(tool: string, pattern: string): ParsedRule {
  const line = pattern.slice(1)
  if (line.trim() === '') throw wrong('The line behind = is empty.')
  return { kind: 'line', tool, line }
}

const wrong = (message: string) => new AppError('INVALID_REQUEST', message)
