import { hostOf } from '../host/local.ts'
import { run } from '../shell/process.ts'
import type { ToolContext } from '../tool.ts'
import { type Node, rustSource } from './regex.ts'

/** Starting a program costs more than reading so few files. */
const WORTH_IT = 200
const MAX_OUTPUT = 1024 * 1024
/** A file that became a named pipe meanwhile would be waited for. */
const TIMEOUT_MS = 10_000

/**
 * Narrows a batch of files to those that ripgrep finds the pattern in. It only ever saves time: what it is given was chosen
 * by us, what it names is read again by us, and null (no ripgrep, or it failed) means that all of them have to be read.
 * Nothing of the project takes part: no config file, no preprocessor, a program from outside.
 */
export function createPrefilter(
  pattern: Node,
  { children, env, roots, signal }: Pick<ToolContext, 'children' | 'env' | 'roots' | 'signal'>,
) {
  const { narrow } = hostOf(roots)
  if (narrow) return (files: string[]) => narrow(pattern, files)
  let found: Promise<string | null> | undefined
  return async (files: string[]): Promise<Set<string> | null> => {
    if (files.length < WORTH_IT) return null
    found ??= hostOf(roots).find('rg', env, roots.project)
    const program = await found
    if (program === null) return null
    const command = [program, ...FLAGS, '--regexp', rustSource(pattern), '--', ...files]
    const options = {
      cwd: roots.project,
      children,
      env,
      signal,
      max_output_bytes: MAX_OUTPUT,
      keep: 'start' as const,
      timeout_ms: TIMEOUT_MS,
    }
    const { exit_code, stdout, dropped } = await run(command, options).catch(() => FAILED)
    return (exit_code === 0 || exit_code === 1) && dropped === 0 ? new Set(stdout.split('\0')) : null
  }
}

/** It could not even start; an abort is noticed by the caller. */
const FAILED = { exit_code: null, stdout: '', dropped: 0 }

/** For the names of files that it finds the pattern in, each followed by a NUL. */
export const FLAGS = [
  '--no-config',
  '--files-with-matches',
  '--null',
  '--no-messages',
  '--no-mmap',
  '--crlf',
  '--no-ignore',
  '--hidden',
  '--color=never',
]
