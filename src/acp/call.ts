import { resolve } from 'node:path'
import type { ToolCall, ToolCallContent, ToolKind } from '@agentclientprotocol/sdk'
import { head } from '../base/text.ts'
import type { Location, Stored, ToolCallAnnounced, ToolResult } from '../event.ts'
import { diffsOf } from './diff.ts'

/** What a client draws beside a call. A tool that is not here, as those of MCP servers, is `other`. */
const KINDS: Record<string, ToolKind> = {
  read_file: 'read',
  read_resource: 'read',
  list_directory: 'read',
  skill: 'read',
  buffers: 'read',
  describe: 'read',
  diagnostics: 'read',
  hover: 'read',
  git_status: 'read',
  git_diff: 'read',
  git_log: 'read',
  search_files: 'search',
  grep: 'search',
  web_search: 'search',
  definition: 'search',
  references: 'search',
  symbols: 'search',
  write_file: 'edit',
  review_edits: 'edit',
  edit_file: 'edit',
  create_directory: 'edit',
  copy_file: 'edit',
  delete_file: 'delete',
  move_file: 'move',
  shell_exec: 'execute',
  shell_background: 'execute',
  shell_output: 'execute',
  shell_kill: 'execute',
  git_branch: 'execute',
  git_commit: 'execute',
  git_push: 'execute',
  compile: 'execute',
  eval_elisp: 'execute',
  fetch_url: 'fetch',
  todo: 'think',
  delegate: 'think',
}
const LONGEST_TITLE = 200

const kindOf = (tool: string): ToolKind => (Object.hasOwn(KINDS, tool) ? KINDS[tool]! : 'other')

/** Whether its output streams, as that of a terminal does. */
export const isShell = (tool: string): boolean => tool === 'shell_exec'

export const text = (said: string): ToolCallContent => ({ type: 'content', content: { type: 'text', text: said } })

export const locationsOf = (locations: Location[] | undefined, project: string) =>
  locations?.map(({ path, line }) => ({ path: resolve(project, path), ...(line !== undefined && { line }) }))

/** A call as it is announced, with the diff that an approval is about. */
export function callOf(call: Stored<ToolCallAnnounced>, project: string): ToolCall {
  const { command } = call.params
  const title = isShell(call.tool) && typeof command === 'string' ? command : call.reason || call.tool
  const locations = locationsOf(call.locations, project)
  return {
    toolCallId: call.tool_call_id,
    title: head(title.split('\n', 1)[0]!, LONGEST_TITLE),
    kind: kindOf(call.tool),
    status: call.requires_approval ? 'pending' : 'in_progress',
    ...(call.preview && { content: call.preview.files.flatMap(file => diffsOf(file, project)) }),
    ...(locations && { locations }),
    rawInput: call.params,
  }
}

/** What a call came to, in words. */
export const saidBy = ({ status, result, error, message }: ToolResult): string =>
  status === 'success' ? (result?.content ?? message) : (error?.message ?? message)

export const rawOutputOf = ({ result, error }: ToolResult): object | undefined =>
  error ? { error } : result && { ...result.metadata }
