import { validateRule } from '../tools/permission/rule.ts'
import { knownTools } from '../tools/registry.ts'

/** What other agents call our tools, in small letters without `_` and `-`. */
const OTHER_NAMES: Record<string, string> = {
  read: 'read_file',
  notebookread: 'read_file',
  readmanyfiles: 'read_file',
  view: 'read_file',
  write: 'write_file create_directory',
  edit: 'edit_file',
  multiedit: 'edit_file',
  notebookedit: 'edit_file',
  replace: 'edit_file',
  patch: 'edit_file write_file',
  applypatch: 'edit_file write_file',
  editfiles: 'edit_file write_file',
  bash: 'shell_exec shell_background shell_output shell_kill',
  shell: 'shell_exec shell_background shell_output shell_kill',
  execute: 'shell_exec shell_background shell_output shell_kill',
  terminal: 'shell_exec shell_background shell_output shell_kill',
  runcommands: 'shell_exec shell_background shell_output shell_kill',
  runshellcommand: 'shell_exec',
  bashoutput: 'shell_output',
  killshell: 'shell_kill',
  killbash: 'shell_kill',
  searchfilecontent: 'grep',
  search: 'grep search_files',
  codebase: 'grep search_files',
  glob: 'search_files',
  ls: 'list_directory',
  list: 'list_directory',
  webfetch: 'fetch_url',
  fetch: 'fetch_url',
  websearch: 'web_search',
  googlewebsearch: 'web_search',
  task: 'delegate',
  agent: 'delegate',
  todowrite: 'todo',
  todoread: 'todo',
  askuserquestion: 'ask_user',
  question: 'ask_user',
  slashcommand: 'skill',
  lsp: 'diagnostics definition references hover symbols',
  problems: 'diagnostics',
  usages: 'references',
}

/**
 * The rules in our own words that a list of another agent's tools comes to. What we do not know allows nothing, and is in
 * `unknown`. Undefined: all tools (`*`).
 */
export function rulesFor(written: readonly string[]): { rules: string[] | undefined; unknown: string[] } {
  if (written.includes('*')) return { rules: undefined, unknown: [] }
  const unknown: string[] = []
  const rules = written.flatMap(entry => {
    const found = ruleOf(entry)
    if (found.length === 0) unknown.push(entry)
    return found
  })
  return { rules: [...new Set(rules)], unknown }
}

function ruleOf(entry: string): string[] {
  const [, name = '', pattern] = /^([^()]+)(?:\((.*)\))?$/s.exec(entry.trim()) ?? []
  const [, server, tool] = /^mcp__(.+?)(?:__(.+))?$/.exec(name) ?? []
  if (server) return valid(`${server}/${tool ?? '*'}`)
  if (name.includes('/')) return valid(entry)
  const plain = name.toLowerCase().replace(/[_-]/g, '')
  const ours = knownTools().find(known => known.replaceAll('_', '') === plain)
  const names = ours ? [ours] : (OTHER_NAMES[plain]?.split(' ') ?? [])
  // `Bash(git log:*)` is any line that begins with these words.
  if (pattern === undefined || pattern === '*' || pattern === '**') return names
  const words = names[0] === 'shell_exec' ? pattern.replace(/:\*$/, ' *') : pattern
  return names.slice(0, 1).flatMap(first => valid(`${first}(${words})`))
}

const valid = (rule: string): string[] => (validateRule(rule) === null ? [rule] : [])
