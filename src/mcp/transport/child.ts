import { spawn } from 'node:child_process'
import { parse } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import type { Children, Started } from '../../base/children.ts'
import { AppError } from '../../base/errors.ts'
import type { McpServerConfig } from '../../config/config.ts'
import { findExecutable } from '../../tools/shell/executable.ts'
import type { Isolated } from './isolated.ts'
import type { LastLines } from './last-lines.ts'

/** A server's process with all it starts. */
export type Child = {
  pid: number
  stdin: Writable
  stdout: Readable
  stderr: LastLines
  /** Resolves when the process itself has ended: `exit code 1`, `signal SIGKILL`. */
  exited: Promise<string>
  /** The same, but only when it ended by itself. */
  ended: Promise<string>
  hasExited(): boolean
  /** Closes stdin, then TERM, then KILL, for the whole family. Idempotent; resolves when none of them lives. */
  stop(): Promise<void>
}

export type ChildSpec = {
  name: string
  command: string
  args: string[]
  cwd: string
  children: Children
  env: Record<string, string>
  limits: McpServerConfig['limits']
  isolated: Isolated | null
  /** Where its stderr goes. */
  stderr: LastLines
  /** Milliseconds between closing stdin, TERM and KILL. */
  grace_ms: number
}

/** A grandchild may hold stderr open. */
const LAST_WORDS_MS = 200

/** Throws MCP_SERVER_ERROR when the program cannot be started. */
export async function startChild(spec: ChildSpec): Promise<Child> {
  const words = limited(spec)
  const confined = await spec.isolated?.confine(words, spec.cwd, spec.env)
  const [command, ...args] = confined?.command ?? words
  const { launch, program } = await launcherFor(command!, spec).catch(error => {
    throw cannotStart(spec, error)
  })
  const started = await spec.children
    .start(program, args, { cwd: spec.cwd, env: confined?.env ?? spec.env, stdio: ['pipe', 'pipe', 'pipe'], launch })
    .catch(error => {
      throw cannotStart(spec, error)
    })
  return watch(started, spec)
}

function cannotStart({ name, command }: ChildSpec, error: NodeJS.ErrnoException): AppError {
  const why =
    error.code === 'ENOENT'
      ? `the program "${command}" or the directory it should start in was not found. Install it or correct the entry`
      : `it could not be started (${error.code ?? error.message})`
  return new AppError('MCP_SERVER_ERROR', `MCP server ${name}: ${why}.`, {}, { cause: error })
}

function watch(started: Started, { stderr, grace_ms }: ChildSpec): Child {
  const child = started.process
  const exited = started.exited.then(({ exit_code, signal }) =>
    signal ? `signal ${signal}` : `exit code ${exit_code}`,
  )
  child.stderr!.on('data', chunk => stderr.push(chunk))
  for (const stream of [child.stdin!, child.stdout!, child.stderr!]) stream.on('error', () => {}) // the exit tells
  let gone = false
  void exited.then(() => (gone = true))
  let stopping: Promise<void> | undefined
  // One that has closed its stdout may already be exiting when it is asked to end.
  let leaving = false
  let told = false
  child.stdout!.once('end', () => (leaving = true))
  // What it wrote last may come a moment after the news of its end, and is mostly the reason.
  const silent = new Promise<void>(resolve => child.stderr!.once('close', resolve))
  const ended = new Promise<string>(
    resolve =>
      void exited.then(how => !told && void Promise.race([silent, delay(LAST_WORDS_MS)]).then(() => resolve(how))),
  )
  return {
    pid: started.pid,
    stdin: child.stdin!,
    stdout: child.stdout!,
    stderr,
    exited,
    ended,
    hasExited: () => gone,
    stop() {
      told ||= !leaving && !gone
      return (stopping ??= stopFamily(started, grace_ms))
    },
  }
}

async function stopFamily({ process: child, exited, end }: Started, grace_ms: number) {
  child.stdin!.end()
  // A polite server ends here, and takes its own children along.
  await Promise.race([exited, delay(grace_ms)])
  await end(grace_ms)
  child.stdout!.destroy()
  child.stderr!.destroy()
}

/**
 * The command under its limits. Memory is RLIMIT_DATA, which counts what is really written: RLIMIT_AS counts the address
 * space that Node, Bun and Java only reserve, and breaks them.
 */
function limited(spec: ChildSpec): string[] {
  const { cpu_seconds, memory_mb, open_files } = spec.limits
  const limits = [
    cpu_seconds && `-t ${Math.ceil(cpu_seconds)}`,
    open_files && `-n ${Math.ceil(open_files)}`,
    memory_mb && process.platform === 'linux' && `-d ${Math.ceil(memory_mb * 1024)}`,
  ].filter(limit => typeof limit === 'string')
  if (process.platform === 'win32' || limits.length === 0) return [spec.command, ...spec.args]
  // A limit above the hard one cannot be set and does not matter. `exec` leaves no shell behind.
  const script = `${limits.map(limit => `ulimit ${limit} 2>/dev/null || :`).join('; ')}; exec "$0" "$@"`
  return ['/bin/sh', '-c', script, spec.command, ...spec.args]
}

/**
 * How to start a program here. On Windows `npx` and its kin are `.cmd` files, which only cmd.exe runs, with arguments quoted
 * for it (CVE-2024-27980): cross-spawn does that. It would look for a name in the current directory first, which is a
 * project's, so it gets the path. Throws ENOENT.
 */
async function launcherFor(
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
