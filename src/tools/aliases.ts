import type { Params } from '../event.ts'

/** What another agent's parameter comes to in ours, beside those that are read already. */
type Reading = (value: unknown, read: Params) => Params

/**
 * The names that other agents' tools (Claude Code, Codex, OpenCode, Gemini CLI, Cline, Aider, SWE-agent) give to the
 * parameters of ours: models send what they were trained on. They stay out of the schemas. `plainName` of them all: case,
 * `_` and `-` do not count. A tool takes those whose parameter it has and was not given by its own name.
 */
const OTHER_NAMES: Record<string, string> = {
  path: 'file_path file filename target_file target_path source_path absolute_path relative_path file_name dir directory folder dir_path directory_path root search_path search_dir uri',
  content: 'contents text file_text file_content new_content code_content data body',
  old: 'old_string old_str old_text old_content original original_text search search_text search_string find find_text from_text target_content before',
  new: 'new_string new_str new_text new_content replacement replacement_text replacement_content replace replace_with to_text after updated_text',
  replace_all: 'all global replace_all_occurrences allow_multiple multiple expected_multiple',
  source: 'src from source_path from_path old_path source_file path file_path',
  dest: 'destination dst to target destination_path dest_path to_path new_path target_path destination_file',
  overwrite: 'force replace',
  recursive: 'recurse force_recursive',
  depth: 'max_depth levels',
  pattern:
    'query regex regexp search term search_term search_pattern search_query expression q text glob glob_pattern file_pattern name',
  glob: 'include include_pattern includes file_pattern file_glob glob_pattern file_mask include_glob globs files',
  case_sensitive: 'match_case',
  context: 'context_lines lines_around surrounding_lines',
  offset: 'line start_line line_start first_line from_line start line_offset line_number begin_line',
  limit:
    'max_results maximum_results head_limit max_count max_lines num_lines line_count lines count max num_results top_k length',
  command: 'cmd script command_line shell_command bash_command line code',
  cwd: 'workdir work_dir working_dir working_directory dir directory dir_path folder current_directory current_dir path',
  timeout_seconds: 'timeout_s timeout_secs timeout_sec',
  job_id: 'job id shell_id bash_id task_id process_id session_id background_id',
  message: 'msg commit_message title summary subject',
  files: 'paths file_paths file path pathspec filenames file_path',
  staged: 'cached index',
  name: 'branch branch_name new_branch target_branch ref',
  branch: 'name branch_name ref',
  remote: 'remote_name repository origin',
  create: 'new create_branch create_new is_new',
}

/** Where it is more than another name. */
const READINGS: Record<string, Record<string, Reading>> = {
  case_sensitive: sameFor(['ignorecase', 'caseinsensitive', 'insensitive', 'i'], value =>
    value === null ? {} : { case_sensitive: /^(?:false|0|no)$/i.test(String(value)) },
  ),
  // What is asked on one side is given on both; the lines have their numbers anyway.
  context: {
    ...sameFor(['a', 'b', 'c', 'aftercontext', 'beforecontext', 'linesafter', 'linesbefore'], (value, { context }) => ({
      context: Math.max(Number(value), Number(context ?? 0)),
    })),
    ...sameFor(['n', 'linenumbers', 'showlinenumbers'], () => ({})),
  },
  timeout_seconds: {
    ...sameFor(['timeoutms', 'timeoutmillis'], value => ({ timeout_seconds: Number(value) / 1000 })),
    // Some mean seconds by it, most milliseconds: nobody gives a command only a few of those, or 17 minutes.
    timeout: value => ({ timeout_seconds: Number(value) >= 1000 ? Number(value) / 1000 : value }),
  },
  offset: {
    ...sameFor(['endline', 'lineend', 'toline', 'lastline'], (value, { offset }) => linesTo(value, offset)),
    ...sameFor(['viewrange', 'linerange'], value =>
      Array.isArray(value) ? { offset: value[0], ...linesTo(value[1], value[0]) } : { offset: value },
    ),
  },
  // Words about a command, for a person: the line itself is shown.
  command: sameFor(['description', 'explanation', 'justification'], () => ({})),
}

/** They count from a parameter of another name, and so are read behind it. */
export const COUNTS_FROM_ANOTHER: ReadonlySet<string> = new Set(['endline', 'lineend', 'toline', 'lastline'])

function sameFor(names: string[], reading: Reading): Record<string, Reading> {
  return Object.fromEntries(names.map(name => [name, reading]))
}

/** -1 is the end of the file. */
const linesTo = (last: unknown, first: unknown): Params =>
  Number(last) > 0 ? { limit: Number(last) - Number(first ?? 1) + 1 } : {}

export const plainName = (name: string): string => name.replace(/[_-]/g, '').toLowerCase()

/** All that `names`, the parameters of one tool, are called elsewhere, by plain name: which it is, or how to read it. */
export function readingsFor(names: string[], own: Record<string, string> = {}): Map<string, (string | Reading)[]> {
  const readings = new Map<string, (string | Reading)[]>()
  const add = (other: string, reading: string | Reading) => {
    readings.set(plainName(other), [...(readings.get(plainName(other)) ?? []), reading])
  }
  for (const name of names) add(name, name)
  for (const [other, name] of Object.entries(own)) add(other, name)
  for (const name of names) {
    for (const other of OTHER_NAMES[name]?.split(' ') ?? []) add(other, name)
    for (const [other, reading] of Object.entries(READINGS[name] ?? {})) add(other, reading)
  }
  return readings
}
