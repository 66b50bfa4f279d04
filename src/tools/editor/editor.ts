import { LANGUAGE_TOOLS } from './language.ts'

/** What reaches the files and programs of another machine: for the tools of a remote project, never offered to models. */
const REMOTE_TOOLS = ['remote_files', 'remote_process'] as const

/** What an editor may register. */
export const EDITOR_TOOLS = [
  ...LANGUAGE_TOOLS,
  'buffers',
  'describe',
  'compile',
  'eval_elisp',
  ...REMOTE_TOOLS,
] as const
export type EditorTool = (typeof EDITOR_TOOLS)[number]

/** The editor that is attached to a session, as tools use it. */
export type Editor = {
  /** Its own name with the version: `Emacs 30.1`. */
  name: string
  answers(tool: EditorTool): boolean
  /**
   * Sends a request, and resolves with its parsed result. Throws TIMEOUT after 10 s or `timeout_ms` without a result or
   * progress, TOOL_FAILED when the editor answers with an error, with another shape, or is detached.
   */
  ask<T>(request: Request<T>, signal: AbortSignal): Promise<T>
  /** The path of each buffer by its name, as it was listed last; null for one without a file. */
  buffers: Map<string, string | null>
}

export type Request<T> = {
  tool: EditorTool
  params: Record<string, unknown>
  /** Throws AppError for a result of another shape. */
  parse(result: unknown): T
  /** At most 30,000; progress starts it anew. */
  timeout_ms?: number
  progress?(message: string, output?: string): void
  /** What it carries are contents of files: secrets in them stay, as they do in the file. */
  exact?: true
}
