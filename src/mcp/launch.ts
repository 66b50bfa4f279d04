import { spawn } from 'node:child_process'
import { parse } from 'node:path'
import { findExecutable } from '../tools/shell/executable.ts'

/**
 * How to start a program here. On Windows `npx` and its kin are `.cmd` files, which only cmd.exe runs, with arguments quoted
 * for it (CVE-2024-27980): cross-spawn does that. It would look for a name in the current directory first, which is a
 * project's, so it gets the path. Throws ENOENT.
 */
export async function launcherFor(
  command: string,
  { cwd, env }: { cwd: string; env: Record<string, string> },
): Promise<{ launch: typeof spawn; program: string }> {
  if (process.platform !== 'win32') return { launch: spawn, program: command }
  const { default: launch } = await import('cross-spawn')
  // Anywhere on PATH: a program of the user's may well be inside of a project that is their home.
  const program = /[/\\]/.test(command) ? command : await findExecutable(command, env, parse(cwd).root)
  if (program === null) throw Object.assign(new Error('not on PATH'), { code: 'ENOENT' })
  return { launch, program }
}
