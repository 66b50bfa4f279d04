import { appendFileSync, renameSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { messageOf } from '../base/errors.ts'
import { makePrivateDir, PRIVATE_FILE } from '../base/files.ts'
import { createDoor } from '../server/door.ts'
import { listen } from '../server/listen.ts'
import { acpOutput, LONGEST_MESSAGE } from './acp-output.ts'
import type { Options } from './commands.ts'
import { configure } from './configure.ts'
import { createEngine, type Engine } from './engine.ts'
import { createLogger, type Log, logStray } from './logger.ts'
import type { Process } from './process.ts'
import { PROTOCOL, SHUTDOWN_MS } from './serve.ts'
import { keepAddress, keepToken, newToken } from './token.ts'

const LONGEST_LOG = 1024 * 1024

/** Serves one ACP client over stdin and stdout until stdin ends. The log is a file, because clients show what is on stderr. */
export async function acp(options: Options<'acp'>, outside: Process): Promise<number> {
  if (options.login) return (await import('./login.ts')).setUp(options, outside)
  if (options.attach) return (await import('./attach.ts')).attach(options, outside)
  const { env, dirs, version, sweeper, sandbox } = outside
  const loaded = await configure({ env, dirs, flags: options })
  const log = createLogger(loaded.config.log_level, await openLog(dirs.state))
  outside.onStray(logStray(log))
  const token = newToken()
  const about = (authorized: boolean) => ({
    status: 'ok',
    ...(authorized && { version, protocol: PROTOCOL, pid: process.pid }),
  })
  const engine = createEngine({ env, dirs, loaded, log, version, sweeper, sandbox, token, about })
  const { store, runtime } = engine
  void engine.sweep().catch(error => log('warn', messageOf(error)))
  const stopListening = await listenBeside(engine, { token, about, log, version, state: dirs.state })
  const [{ serveAcp }, { ndJsonStream }] = await Promise.all([
    import('../acp/agent.ts'),
    import('@agentclientprotocol/sdk'),
  ])
  const output = new WritableStream<Uint8Array>({ write: acpOutput(outside) })
  const stream = ndJsonStream(output, Readable.toWeb(outside.stdin) as unknown as ReadableStream<Uint8Array>, {
    maxMessageBytes: LONGEST_MESSAGE,
  })
  const reason = await Promise.race([
    serveAcp({ store, runtime, version, log }, stream),
    outside.untilStopped({ output: true, signals: ['SIGTERM', 'SIGINT', 'SIGHUP'] }),
  ])
  log(
    'info',
    `stopping: ${reason instanceof Error ? reason.message : (reason ?? 'the client has closed the connection')}`,
  )
  setTimeout(() => outside.exit(1), SHUTDOWN_MS).unref()
  try {
    await engine.close()
  } finally {
    await stopListening()
  }
  return 0
}

/**
 * Listens on loopback, so that another client can follow the same sessions. `acp-<pid>.json` in the state directory has the
 * address. A failure is logged; the editor is served without it.
 */
async function listenBeside(
  engine: Engine,
  given: {
    token: string
    about: Parameters<typeof createEngine>[0]['about']
    log: Log
    version: string
    state: string
  },
): Promise<() => Promise<void>> {
  const { token, about, log, version, state } = given
  const files: string[] = []
  const forget = () => {
    for (const path of files) rmSync(path, { force: true })
  }
  try {
    const door = createDoor({ token, allowed_hosts: [], loopback: true }, { about, load: async () => engine, log })
    const { port, stop } = await listen({ host: '127.0.0.1', port: 0, fetch: door })
    const token_file = await keepToken(token, state)
    files.push(token_file)
    const url = `http://127.0.0.1:${port}`
    files.push(keepAddress('acp', { url, port, pid: process.pid, version, protocol: PROTOCOL, token_file }, state))
    return async () => {
      forget()
      await stop()
    }
  } catch (error) {
    log('warn', `No other client can follow: ${messageOf(error)}`)
    return async () => forget()
  }
}

/** Returns a function that appends to `acp.log`. At start, a file that is too long is renamed to `acp.log.old`. */
async function openLog(state: string): Promise<(text: string) => void> {
  const path = join(state, 'acp.log')
  await makePrivateDir(state)
  if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) > LONGEST_LOG) renameSync(path, `${path}.old`)
  return text => {
    try {
      appendFileSync(path, text, { mode: PRIVATE_FILE })
    } catch {
      // A full disk must not end the sessions, and there is no other log to report it in.
    }
  }
}
