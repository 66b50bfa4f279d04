import { readdirSync, rmSync } from 'node:fs'
import { UsageError } from '../base/errors.ts'
import { childrenDir, worktreesDir } from '../config/dirs.ts'
import { createDoor } from '../server/door.ts'
import { listen } from '../server/listen.ts'
import type { Options } from './commands.ts'
import { configure } from './configure.ts'
import type { Engine } from './engine.ts'
import { createLogger, logStray } from './logger.ts'
import type { Process } from './process.ts'
import { keepAddress, keepToken, newToken } from './token.ts'

export const PROTOCOL = 1
/** After this a shutdown stops waiting: the parent process, or the system, is waiting too. */
export const SHUTDOWN_MS = 4_500

/** Runs the server until a signal, or the end of stdin under the lifeline. Resolves with the exit code. */
export async function serve(options: Options<'serve'>, program: Process): Promise<number> {
  // Taken one by one: what of it has a getter creates a stream, and the start needs none.
  const { env, dirs, version, started, sweeper, sandbox } = program
  const loaded = await configure({ env, dirs, flags: options })
  const { config } = loaded
  const log = createLogger(config.log_level, program.stderr)
  program.onStray(logStray(log))
  const loopback = ['127.0.0.1', 'localhost', '::1', '[::1]'].includes(config.host)
  const token = chooseToken(options, env.EMACS_AGENT_TOKEN, loopback)
  if (token === null) log('warn', 'Running with --no-auth: every program of this user can use this server.')

  /** Loaded by the first request that needs it, so that a server that was only started has loaded none of it. */
  let engine: Promise<Engine> | null = null
  let counted: Pick<Engine, 'sessions' | 'problems'> = { sessions: () => 0, problems: () => loaded.problems }
  const about = (authorized: boolean) => ({
    status: 'ok',
    ...(authorized && {
      version,
      protocol: PROTOCOL,
      pid: process.pid,
      uptime_ms: Math.round(performance.now() - started),
      sessions: counted.sessions(),
      problems: counted.problems(),
    }),
  })
  const load = async () => {
    engine ??= import('./engine.ts').then(({ createEngine }) =>
      createEngine({ env, dirs, loaded, log, version, sweeper, sandbox, token, about }),
    )
    counted = await engine
    return engine
  }
  const door = createDoor(
    { token, allowed_hosts: config.allowed_hosts, loopback },
    { about, load, log, logs_requests: config.log_level === 'debug' },
  )
  const server = await listen({ host: config.host, port: config.port, fetch: door })

  // Before the line is printed: its reader may end us at once.
  const stopped = program.untilStopped({
    lifeline: options.stdin_lifeline,
    signals: ['SIGTERM', 'SIGINT', 'SIGHUP'],
  })
  // Under the lifeline the token is in the line.
  const tokenFile = options.stdin_lifeline || token === null ? null : await keepToken(token, dirs.state)
  const host = config.host.includes(':') && !config.host.startsWith('[') ? `[${config.host}]` : config.host
  const handshake = {
    url: `http://${host}:${server.port}`,
    port: server.port,
    pid: process.pid,
    version,
    protocol: PROTOCOL,
    token_file: tokenFile,
    token: options.stdin_lifeline ? token : null,
  }
  const addressFile = tokenFile && keepAddress('serve', handshake, dirs.state)
  program.handshake(`${JSON.stringify(handshake)}\n`)
  log('info', `listening on ${handshake.url}`)
  // What was ignored in the configuration is said at the start.
  if (loaded.notices.length + loaded.problems.length > 0) void load()
  // Ends what a killed backend left running; the start does not wait for it.
  if ([childrenDir, worktreesDir].some(own => isFilled(own(dirs.state)))) void load().then(loaded => loaded.sweep())

  log('info', `stopping: ${await stopped}`)
  const forget = () => {
    for (const path of [tokenFile, addressFile]) if (path) rmSync(path, { force: true })
  }
  const patience = setTimeout(() => {
    forget()
    program.exit(0)
  }, SHUTDOWN_MS)
  try {
    await (await (engine as Promise<Engine> | null))?.close()
    await server.stop()
  } finally {
    clearTimeout(patience)
    forget()
  }
  return 0
}

function isFilled(directory: string): boolean {
  try {
    return readdirSync(directory).length > 0
  } catch {
    return false // not there, or no directory: what needs it says so
  }
}

/** Throws UsageError for a bind that others can reach without a token that was set on purpose. */
function chooseToken({ no_auth }: Options<'serve'>, fromEnv: string | undefined, loopback: boolean): string | null {
  if (no_auth && !loopback)
    throw new UsageError('--no-auth works on a loopback address only. Leave it out, or use --host 127.0.0.1.')
  if (!loopback && !fromEnv)
    throw new UsageError(
      'A server that other machines can reach needs a token of your own: set EMACS_AGENT_TOKEN, or use --host 127.0.0.1.',
    )
  if (no_auth) return null
  // No request could bring it: it comes in a header, after a blank.
  if (fromEnv && !/^[\x21-\x7e]+$/.test(fromEnv))
    throw new UsageError('EMACS_AGENT_TOKEN must be printable ASCII characters without blanks.')
  return fromEnv || newToken()
}
