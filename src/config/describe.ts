import { printable } from '../base/controls.ts'
import { ACTIONS } from './check.ts'
import type { ParsedFile } from './file.ts'
import { problemLine } from './problem.ts'
import type { FileConfig } from './schema.ts'

/**
 * What a project's file would do, a line each, most dangerous first, for the person who decides whether to trust it. It
 * says what the file literally says, variables unexpanded; anything unseen is escaped.
 */
export function describeFile({ data, problems, left_out, ignored }: ParsedFile): string[] {
  if (problems.length > 0) return problems.map(problem => `cannot be used: ${printable(problemLine(problem))}`)
  const { providers: _, mcp_servers = [], permissions = {}, agents = {}, models = {}, ...others } = data
  const { hooks: __, lsp: ___, web_search: ____, telemetry: _____, format = {}, sandbox, ...settings } = others
  const { allowed_directories = [], ...scalars } = settings
  return [
    ...mcp_servers.map(describeServer),
    ...Object.entries(format).map(
      ([pattern, command]) => `formats ${printable(pattern)} by running ${command.map(word).join(' ')}`,
    ),
    ...ACTIONS.flatMap(action => (permissions[action] ?? []).map(rule => RULES[action](printable(rule)))),
    ...allowed_directories.map(path => `lets tools into ${printable(path)}`),
    ...Object.entries(agents).map(describeAgent),
    ...Object.entries(scalars).map(([key, value]) => `sets ${key} = ${show(value)}`),
    ...(sandbox ? [`restricts the sandbox further: ${show(sandbox)}`] : []),
    ...Object.keys(models).map(id => `changes what is known of the model ${printable(id)}`),
    ...left_out.map(problem => `is left out: ${printable(problemLine(problem))}`),
    ...ignored.map(printable),
  ]
}

const RULES = {
  allow: (rule: string) => `allows without asking: ${rule}`,
  ask: (rule: string) => `asks before: ${rule}`,
  deny: (rule: string) => `denies: ${rule}`,
}

const show = (value: unknown) => printable(JSON.stringify(value))
const list = (items: string[]) => printable(items.join(', '))
const pairs = (values: Record<string, string>) =>
  Object.entries(values)
    .map(([name, value]) => `${printable(name)}=${show(value)}`)
    .join(' ')

function describeServer(server: NonNullable<FileConfig['mcp_servers']>[number]): string {
  const { name, command, args = [], cwd, url, env = {}, headers = {}, oauth = {} } = server
  const { enabled, disabled, trust_annotations, allow, deny } = server
  const parts = [
    command ? `starts ${[command, ...args].map(word).join(' ')}` : `connects to ${printable(url ?? '')}`,
    cwd && `in ${printable(cwd)}`,
    Object.keys(env).length > 0 && `with ${pairs(env)}`,
    Object.keys(headers).length > 0 && `sending ${pairs(headers)}`,
    Object.keys(oauth).length > 0 && `signing in with ${pairs(oauth)}`,
    trust_annotations && 'and believes what it says about its own tools',
    allow && allow.length > 0 && `(allow: ${list(allow)})`,
    deny && deny.length > 0 && `(deny: ${list(deny)})`,
    (enabled === false || disabled) && '(disabled)',
  ]
  return `MCP server ${printable(name)}: ${parts.filter(Boolean).join(' ')}`
}

/** A word of a command as a shell would need it, so that its limits show. */
const word = (text: string) => (/^[\w@%+=:,./-]+$/.test(text) ? text : show(text))

function describeAgent([name, agent]: [string, NonNullable<FileConfig['agents']>[string]]): string {
  const { system_prompt, description, model, allowed_tools, write_paths, read_only, isolation } = agent
  const parts = [
    description && show(description),
    model && `model ${printable(model)}`,
    allowed_tools && `tools ${list(allowed_tools) || 'none'}`,
    read_only && 'read-only',
    isolation === 'worktree' && 'works in a git worktree',
    write_paths && `writes only ${list(write_paths) || 'nothing'}`,
    system_prompt && `told ${show(system_prompt)}`,
  ]
  return `agent ${name}: ${parts.filter(Boolean).join('; ') || 'as it is'}`
}
