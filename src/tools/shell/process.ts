import { constants } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import { onAbort } from '../../base/abort.ts'
import type { Started as Child, Children } from '../../base/children.ts'
import { AppError } from '../../base/errors.ts'
import type { Redaction } from '../tool.ts'
import { createCapture } from './capture.ts'
import { redacting } from './redacting.ts'

/** Between asking a command to end and ending it. */
const GRACE_MS = 300
/** How long processes that a finished command leaves behind may take to end by themselves (`cmd > >(tee log)`). */
const LEFTOVER_MS = 200
/** How long output may still arrive when something outside the group holds the pipe open. */
const DRAIN_MS = 100
const MAX_OUTPUT = 1024 * 1024

export type StartOptions = {
  /** Starts it, and keeps it registered until all of it has ended. */
  children: Children
  cwd: string
  env: Record<string, string>
  /** Fed to the child; without it, its stdin is /dev/null. */
  stdin?: string
  /** All of the output, in pieces, at its end at the latest; absent: nobody wants it. */
  onOutput?(chunk: Uint8Array, stream: 'stdout' | 'stderr'): void
  /** What can be shown of it while it runs: from another machine that may be less than all. */
  onLive?(chunk: Uint8Array): void
  /** Takes secrets out of the output before it is passed on. */
  redactor?: Redaction
  /** What to do with whatever it started once the command itself is done: end it (the default) or wait for it. */
  leftovers?: 'kill' | 'wait'
  /** Arguments go to a Windows program as they are. */
  verbatim?: boolean
}

export type Started = {
  /** Absent for a process of another machine. */
  pid?: number
  /**
   * Settles when nothing that it started runs any more, wherever that went, and its output was delivered. Rejects only when the
   * machine that it is on cannot be reached any more.
   */
  ended: Promise<Ended>
  /** Ends the child and everything it started, however far that went away; resolves when all of it is gone. */
  kill(): Promise<void>
}

/** Starts a child, on whatever machine. */
export type Start = (command: string[], options: StartOptions) => Promise<Started>

/** `leftovers`: the command left processes behind, which were ended with it. `cut`: there was more output than was delivered. */
export type Ended = { exit_code: number | null; signal: NodeJS.Signals | null; leftovers: boolean; cut?: true }

/** Starts a child. Throws TOOL_FAILED when the program or the directory is not there. */
export async function start([program, ...args]: string[], options: StartOptions): Promise<Started & { pid: number }> {
  const started = await options.children
    .start(program!, args, {
      cwd: options.cwd,
      env: options.env,
      stdio: [options.stdin === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
      windowsVerbatimArguments: options.verbatim,
    })
    .catch(error => {
      throw cannotStart(error)
    })
  const { process: child, pid, exited, closed } = started
  const outputs = (['stdout', 'stderr'] as const).map(name => {
    const { push, flush } = redacting(options.redactor, chunk => {
      options.onOutput?.(chunk, name)
      options.onLive?.(chunk)
    })
    child[name]?.on('data', push)
    return flush
  })
  child.stdin?.on('error', () => {}) // it ended without reading all of its input
  child.stdin?.end(options.stdin)

  async function end(): Promise<Ended> {
    const status = await exited
    const leftovers = await endLeftovers(started, options.leftovers ?? 'kill')
    if (!(await Promise.race([closed, delay(DRAIN_MS, false)]))) {
      child.stdout?.destroy()
      child.stderr?.destroy()
    }
    for (const flush of outputs) flush()
    return { ...status, leftovers }
  }
  return { pid, ended: end(), kill: () => started.end(GRACE_MS) }
}

async function endLeftovers(child: Child, how: 'kill' | 'wait'): Promise<boolean> {
  for (let waited = 0; child.isAlive(); waited += 20) {
    if (how === 'kill' && waited >= LEFTOVER_MS) {
      await child.end(GRACE_MS)
      return true
    }
    await delay(how === 'wait' && waited > LEFTOVER_MS ? 500 : 20)
  }
  return false
}

export type RunOptions = {
  children: Children
  cwd: string
  env: Record<string, string>
  signal: AbortSignal
  timeout_ms?: number
  stdin?: string
  /** Kept in memory of each stream (default 1 MiB): both ends, or the start for what a program reads. */
  max_output_bytes?: number
  keep?: 'ends' | 'start'
  /** Where the whole of stdout goes when it is longer than that. */
  spill?: string | null
  /** stderr goes into stdout, in order of arrival. */
  merge?: boolean
  verbatim?: boolean
  redactor?: Redaction
  onOutput?(chunk: Uint8Array, stream: 'stdout' | 'stderr'): void
  onLive?(chunk: Uint8Array): void
}

export type RunResult = Ended & {
  stdout: string
  stderr: string
  timed_out: boolean
  /** Bytes missing in `stdout` and `stderr`. */
  dropped: number
  spilled: boolean
}

/**
 * Runs a command to its end; nothing that it started is left when this settles, wherever that went. `begin` starts it, on
 * whatever machine. An exit status other than 0 and a timeout are results. Throws INTERRUPTED on abort, TOOL_FAILED when it
 * cannot start.
 */
export async function run(command: string[], options: RunOptions, begin: Start = start): Promise<RunResult> {
  if (options.signal.aborted) throw interrupted()
  const limit = options.max_output_bytes ?? MAX_OUTPUT
  const stdout = createCapture(limit, options.keep, options.spill)
  const stderr = options.merge ? stdout : createCapture(limit, options.keep)
  const child = await begin(command, {
    ...options,
    onOutput(chunk, stream) {
      ;(stream === 'stdout' ? stdout : stderr).add(chunk)
      options.onOutput?.(chunk, stream)
    },
  })

  let timed_out = false
  let killed: Promise<void> | undefined
  const kill = () => {
    killed ??= child.kill()
  }
  const expire = () => {
    timed_out = true
    kill()
  }
  const timer = options.timeout_ms === undefined ? undefined : setTimeout(expire, options.timeout_ms)
  const off = onAbort(options.signal, kill)
  const ended = await child.ended
    .catch(error => {
      throw options.signal.aborted ? interrupted() : error
    })
    .finally(() => {
      clearTimeout(timer)
      off()
    })
  await killed
  const out = stdout.finish()
  const err = options.merge ? { text: '', dropped: 0 } : stderr.finish()
  if (options.signal.aborted) throw interrupted()
  return {
    ...ended,
    stdout: out.text,
    stderr: err.text,
    timed_out,
    dropped: out.dropped + err.dropped + (ended.cut ? 1 : 0),
    spilled: out.spilled,
  }
}

/** As shells count: 128 and the number of the signal that ended it. */
export const exitCodeOf = ({ exit_code, signal }: Pick<Ended, 'exit_code' | 'signal'>): number =>
  exit_code ?? 128 + (signal === null ? 0 : constants.signals[signal])

const interrupted = () => new AppError('INTERRUPTED', 'Interrupted; the command and all it started were ended.')

function cannotStart(error: NodeJS.ErrnoException): AppError {
  const reasons: Record<string, string> = {
    ENOENT: 'the program or its directory does not exist',
    EACCES: 'it is not executable',
    E2BIG:
      'its arguments and environment are too long. Write the long part into a file with write_file, and name that file',
  }
  return new AppError('TOOL_FAILED', `The command could not be started: ${reasons[error.code ?? ''] ?? error.code}.`)
}
