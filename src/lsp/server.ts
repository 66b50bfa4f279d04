import type { Children } from '../base/children.ts'
import { AppError, messageOf } from '../base/errors.ts'
import type { Connection } from './connection.ts'
import { createDocuments, type Documents } from './documents.ts'
import type { Found } from './find.ts'

export type ServerOptions = {
  project: string
  children: Children
  env(): Record<string, string>
  idle_ms: number
  log(message: string): void
}

export type Running = { connection: Connection; documents: Documents }

/** A server that ran this long starts a new count of failures; after so many in a row it is not started for PAUSE_MS. */
const SOUND_MS = 60_000
const MOST_FAILURES = 3
const PAUSE_MS = 5 * 60_000

/** One language server of one project: started when it is used first, stopped when it is not used for a while. */
export function createServer(found: Found, { project, children, env, idle_ms, log }: ServerOptions) {
  const { name } = found.row
  let running: Promise<Running> | undefined
  let starting = new AbortController()
  let failures = 0
  let rests_until = 0
  let last = ''
  let idle: NodeJS.Timeout | undefined
  let isOver = false

  const touch = () => {
    clearTimeout(idle)
    idle = setTimeout(() => void stop('it was not used any more'), idle_ms)
    idle.unref()
  }
  async function stop(why: string, forGood = false) {
    clearTimeout(idle)
    isOver ||= forGood
    const stopping = running
    running = undefined
    starting.abort(new AppError('TOOL_FAILED', `The language server ${name} was not started: ${why}.`))
    await stopping?.then(
      ({ connection }) => connection.stop(why),
      () => {},
    )
  }

  async function start(): Promise<Running> {
    const began = performance.now()
    const failed = (why: string) => {
      running = undefined
      clearTimeout(idle)
      failures = performance.now() - began > SOUND_MS ? 1 : failures + 1
      last = why
      if (failures >= MOST_FAILURES) rests_until = performance.now() + PAUSE_MS
      log(`The language server ${name} of ${project}: ${why}`)
    }
    const documents = createDocuments(found)
    const { signal } = (starting = new AbortController())
    const { connect } = await import('./connection.ts')
    try {
      const connection = await connect({ found, project, children, env: env(), published: documents.published, signal })
      const self = running
      void connection.ended.then(why => {
        if (running === self && self !== undefined) failed(why)
      })
      return { connection, documents }
    } catch (error) {
      if (!signal.aborted) failed(messageOf(error))
      throw error
    }
  }

  return {
    found,
    /** Throws TOOL_FAILED when the server cannot be started, has failed too often, or was stopped for good. */
    async use(): Promise<Running> {
      if (performance.now() < rests_until)
        throw new AppError('TOOL_FAILED', `The language server ${name} failed ${failures} times, at last: ${last}`)
      if (isOver) throw new AppError('TOOL_FAILED', `The language server ${name} was stopped.`)
      running ??= start()
      clearTimeout(idle)
      const used = await running
      if (!isOver) touch()
      return used
    },
    /** Whether it is paused after too many failures. */
    rests: () => performance.now() < rests_until,
    /** Without starting it. */
    current: (): Promise<Running> | undefined => running,
    stop,
  }
}

export type Server = ReturnType<typeof createServer>
