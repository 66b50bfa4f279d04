import { AppError } from '../../../base/errors.ts'
import { isInside } from '../../paths.ts'
import type { Ended, Started, StartOptions } from '../../shell/process.ts'
import { redacting } from '../../shell/redacting.ts'
import { ask, MOST_BYTES, named, Ran, type Reach } from './reach.ts'

/** Of a command that a model runs. */
const MOST_OUTPUT = 4 * 1024 * 1024

/** Starts a program there. What it prints comes as text while it runs, and as bytes at its end. */
export async function startThere(reach: Reach, command: string[], options: StartOptions): Promise<Started> {
  const stop = new AbortController()
  const deliver = (stream: 'stdout' | 'stderr', bytes: Uint8Array) => {
    const { push, flush } = redacting(options.redactor, chunk => options.onOutput?.(chunk, stream))
    if (bytes.length > 0) push(bytes)
    flush()
  }
  const live = redacting(options.redactor, chunk => options.onLive?.(chunk))
  /** In place of the bytes, where it does not come to its end. */
  const shown: Buffer[] = []
  let room = options.onOutput ? MOST_OUTPUT : 0
  const progress = (_message: string, output = '') => {
    const bytes = Buffer.from(output)
    if (bytes.length === 0) return
    if (room > 0) shown.push(bytes.subarray(0, room))
    room -= bytes.length
    live.push(bytes)
  }
  const params = {
    command,
    directory: named(reach, options.cwd),
    env: options.env,
    ...(options.stdin !== undefined && { input: Buffer.from(options.stdin).toString('base64') }),
    output_limit: options.onOutput ? MOST_OUTPUT : 0,
  }
  const ended = ask(reach, { tool: 'remote_process', params, schema: Ran, progress }, stop.signal)
    .then(
      ({ stdout, stderr, cut, exit_code, signal }): Ended => {
        deliver('stdout', stdout)
        deliver('stderr', Buffer.from(stderr))
        return { exit_code, signal, leftovers: false, ...(cut && options.onOutput && { cut }) }
      },
      (error): Ended => {
        if (!stop.signal.aborted) throw error
        deliver('stdout', Buffer.concat(shown))
        return { exit_code: null, signal: 'SIGKILL', leftovers: false }
      },
    )
    .finally(live.flush)
  ended.catch(() => {}) // callers that await it still receive the error
  return {
    ended,
    // The editor ends it when its next progress finds nobody.
    kill: async () => stop.abort(),
  }
}

/**
 * Runs one of our own shell scripts there to its end, outside of the project. `input` are texts for `xargs -0`. Throws TOOL_FAILED
 * for one that a signal ended.
 */
export async function runScript(
  reach: Reach,
  command: string[],
  { input, env = {} }: { input?: readonly string[]; env?: Record<string, string> },
  signal: AbortSignal,
) {
  const params = {
    command,
    directory: named(reach, '/'),
    env: { LC_ALL: 'C', ...env },
    ...(input && { input: Buffer.from(input.join('\0')).toString('base64') }),
    output_limit: MOST_BYTES,
    quiet: true,
  }
  const ran = await ask(reach, { tool: 'remote_process', params, schema: Ran }, signal)
  if (ran.signal === null) return ran
  throw new AppError('TOOL_FAILED', `A command on ${reach.machine} was ended before it was done. Try again.`)
}

/** What is known of a machine once it was asked: the home directory, and where programs are. */
export type Facts = { home: string | undefined; programs: Map<string, string> }

const LOOKED_FOR = ['bash', 'git', 'rg']
const FACTS = `printf '%s\\000' "$HOME"; for p; do printf '%s\\000' "$(command -v "$p" 2>/dev/null)"; done`

export async function factsOf(reach: Reach, signal: AbortSignal): Promise<Facts> {
  const { stdout } = await runScript(reach, ['/bin/sh', '-c', FACTS, 'sh', ...LOOKED_FOR], {}, signal)
  const [home, ...paths] = stdout.toString().split('\0')
  const programs = new Map(
    LOOKED_FOR.flatMap((name, i) => (paths[i]?.startsWith('/') ? [[name, paths[i]] as const] : [])),
  )
  return { home: home?.startsWith('/') ? home : undefined, programs }
}

/** A repository must not bring the program that we start without asking. */
export const isOutside = (path: string, project: string): boolean => project === '/' || !isInside(path, project, false)
