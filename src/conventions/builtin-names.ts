/** The names of all tools of ours, also of those that only some sessions have: lists of tools may name them. */
export const builtinNames: readonly string[] =
  `read_file write_file edit_file search_files grep list_directory create_directory copy_file move_file delete_file
git_status git_diff git_log git_branch git_commit git_push shell_exec shell_background shell_output shell_kill
delegate todo ask_user skill read_resource fetch_url web_search diagnostics definition references hover symbols
buffers describe compile eval_elisp`.split(/\s+/)
