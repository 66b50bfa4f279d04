import type { ChildProcess } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import type { McpServerConfig } from '../config/config.ts'
import { AppError } from '../errors.ts'
import { endFamily, marked, newMark } from '../family.ts'
import { launcherFor } from './launch.ts'
import type { Ring } from './ring.ts'

/** A server's process with all it starts: one process group, and whoever left it but still carries the mark. */
export type Child = {
  pid: number
  /** In the environment of every descendant; unique to this start. */
  mark: string
  stdin: Writable
  stdout: Readable
  stderr: Ring
  /** Resolves when the process itself has ended: `exit code 1`, `signal SIGKILL`. */
  exited: Promise<string>
  /** The same, but only when it was not told to. */
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
  env: Record<string, string>
  limits: McpServerConfig['limits']
  /** Where its stderr goes. */
  stderr: Ring
  /** Milliseconds between closing stdin, TERM and KILL. */
  grace_ms: number
}

/** A grandchild may hold stderr open for ever. */
const LAST_WORDS_MS = 200

/** Throws MCP_SERVER_ERROR when the program cannot be started. */
export async function startChild(spec: ChildSpec): Promise<Child> {
  const mark = newMark()
  const [command, args] = limited(spec)
  const { launch, program } = await launcherFor(command, spec).catch(error => {
    throw cannotStart(spec, error)
  })
  const process_ = launch(program, args, {
    cwd: spec.cwd,
    env: marked(spec.env, mark),
    stdio: ['pipe', 'pipe', 'pipe'],
    // A group of its own, so that a signal reaches wrappers and what they started.
    detached: process.platform !== 'win32',
    windowsHide: true,
  })
  const exited = new Promise<string>(resolve => {
    process_.once('exit', (code, signal) => resolve(signal ? `signal ${signal}` : `exit code ${code}`))
    process_.once('error', () => resolve('not started'))
  })
  await started(process_, spec)
  return watch(process_, mark, exited, spec)
}

const started = (child: ChildProcess, spec: ChildSpec): Promise<void> =>
  new Promise((resolve, reject) => {
    child.once('spawn', resolve)
    child.once('error', error => reject(cannotStart(spec, error)))
  })

function cannotStart({ name, command }: ChildSpec, error: NodeJS.ErrnoException): AppError {
  const why =
    error.code === 'ENOENT'
      ? `the program "${command}" or the directory it should start in was not found. Install it or correct the entry`
      : `it could not be started (${error.code ?? error.message})`
  return new AppError('MCP_SERVER_ERROR', `MCP server ${name}: ${why}.`, {}, { cause: error })
}

function watch(child: ChildProcess, mark: string, exited: Promise<string>, { stderr, grace_ms }: ChildSpec): Child {
  const pid = child.pid!
  child.stderr!.on('data', chunk => stderr.push(chunk))
  for (const stream of [child.stdin!, child.stdout!, child.stderr!]) stream.on('error', () => {}) // the exit tells
  let gone = false
  void exited.then(() => (gone = true))
  let stopping: Promise<void> | undefined
  // One that has closed its stdout is already on its way out when it is told to end.
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
    pid,
    mark,
    stdin: child.stdin!,
    stdout: child.stdout!,
    stderr,
    exited,
    ended,
    hasExited: () => gone,
    stop() {
      told ||= !leaving && !gone
      return (stopping ??= stopFamily(child, pid, mark, exited, grace_ms))
    },
  }
}

async function stopFamily(child: ChildProcess, pid: number, mark: string, exited: Promise<string>, grace_ms: number) {
  child.stdin!.end()
  // A polite server ends here, and takes its own children along.
  await Promise.race([exited, delay(grace_ms)])
  await endFamily(pid, grace_ms, mark)
  child.stdout!.destroy()
  child.stderr!.destroy()
}

/**
 * The command under its limits. Memory is RLIMIT_DATA, which counts what is really written: RLIMIT_AS counts the address
 * space that Node, Bun and Java only reserve, and breaks them.
 */
function limited(spec: ChildSpec): [string, string[]] {
  const { cpu_seconds, memory_mb, open_files } = spec.limits
  const limits = [
    cpu_seconds && `-t ${Math.ceil(cpu_seconds)}`,
    open_files && `-n ${Math.ceil(open_files)}`,
    memory_mb && process.platform === 'linux' && `-d ${Math.ceil(memory_mb * 1024)}`,
  ].filter(limit => typeof limit === 'string')
  if (process.platform === 'win32' || limits.length === 0) return [spec.command, spec.args]
  // A limit above the hard one cannot be set and does not matter. `exec` leaves no shell behind.
  const script = `${limits.map(limit => `ulimit ${limit} 2>/dev/null || :`).join('; ')}; exec "$0" "$@"`
  return ['/bin/sh', ['-c', script, spec.command, ...spec.args]]
}
