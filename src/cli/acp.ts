import { appendFileSync, renameSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { messageOf } from '../base/errors.ts'
import { makePrivateDir, PRIVATE_FILE } from '../base/files.ts'
import { Store } from '../session/store.ts'
import type { Options } from './commands.ts'
import { configure } from './configure.ts'
import { createLogger } from './logger.ts'
import type { Process } from './process.ts'
import { createRuntime } from './runtime.ts'

/** A longer message ends the connection. */
const LONGEST_MESSAGE = 32 * 1024 * 1024
const LONGEST_LOG = 1024 * 1024
/** After this nothing is waited for any more: whoever started us is waiting, too. */
const SHUTDOWN_MS = 4_500

/** Serves one ACP client over stdin and stdout until stdin ends. What is to be logged goes to a file: stderr is the client's. */
export async function acp(options: Options<'acp'>, outside: Process): Promise<number> {
  const { env, dirs, version, sweeper } = outside
  const loaded = await configure({ env, dirs, flags: options })
  const log = createLogger(loaded.config.log_level, await openLog(dirs.state))
  outside.onStray(error =>
    log('error', `a failure that nobody waited for: ${error instanceof Error ? error.stack : error}`),
  )
  const runtime = createRuntime({ env, dirs, loaded, log, version, sweeper, secrets: () => [] })
  const store = new Store(runtime, () => {})
  void runtime.children.sweep().catch(error => log('warn', messageOf(error)))
  const [{ serveAcp }, { ndJsonStream }] = await Promise.all([
    import('../acp/agent.ts'),
    import('@agentclientprotocol/sdk'),
  ])
  const stream = ndJsonStream(writer(outside), Readable.toWeb(outside.stdin) as unknown as ReadableStream<Uint8Array>, {
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
  await store.shutdown()
  await runtime.close()
  return 0
}

/** Each message waits until the client has taken the one before it. */
function writer({ terminal_output }: Process): WritableStream<Uint8Array> {
  return new WritableStream({
    write: chunk =>
      new Promise((resolve, reject) => {
        terminal_output.write(chunk, error => (error ? reject(error) : resolve()))
      }),
  })
}

/** Appends to `acp.log`; what a program that starts finds too long is kept once, as `acp.log.old`. */
async function openLog(state: string): Promise<(text: string) => void> {
  const path = join(state, 'acp.log')
  await makePrivateDir(state)
  if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) > LONGEST_LOG) renameSync(path, `${path}.old`)
  return text => {
    try {
      appendFileSync(path, text, { mode: PRIVATE_FILE })
    } catch {
      // A disk that is full must not end the sessions, and there is nowhere else to say so.
    }
  }
}
