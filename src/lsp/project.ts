import { abortable } from '../base/abort.ts'
import { AppError, messageOf } from '../base/errors.ts'
import { hashOf } from '../base/files.ts'
import { type Diagnostic, diagnosticsOf, type Spot, spotsOf, symbolsOf, textOf } from './answers.ts'
import { check } from './check.ts'
import { createFinder, type Found, type Surroundings } from './find.ts'
import { newcomers } from './newcomers.ts'
import { createServer, type Running, type Server, type ServerOptions } from './server.ts'
import type { Reported } from './shapes.ts'
import { linesOf, textAt, unitsOf, uriOf } from './text.ts'

/** The contents of a file as the session sees it, unsaved text included; null where it cannot be read as text. */
export type ReadText = (path: string) => Promise<string | null>
export type At = { path: string; line: number; column: number }

/** How long to wait for the diagnostics of a text. */
const CHECK_MS = 15_000
const MOST_SERVERS = 3

/** The language servers of one project: started when they are first needed, and queried about its code. */
export function createProjectServers(
  around: Surroundings,
  options: Omit<ServerOptions, 'project'> & {
    /** Called by `close`: no server is started any more. */
    closed?(): void
  },
) {
  const finder = createFinder(around)
  const servers = new Map<string, Server>()
  /** Checks of files before a change. Aborted when the change is made: the server must not receive the old text after it. */
  const beginning = new Map<string, AbortController>()
  let isClosed = false

  const serverOf = (found: Found): Server => {
    const known = servers.get(found.row.name)
    if (known) return known
    if (isClosed) throw new AppError('TOOL_FAILED', `The language servers of ${around.project} were stopped.`)
    const server = createServer(found, { ...options, project: around.project })
    servers.set(found.row.name, server)
    return server
  }
  /** The first server for the file that is not paused after repeated failures. */
  const serverFor = async (path: string): Promise<Server | undefined> =>
    (await finder.for(path)).map(serverOf).find(server => !server.rests())

  async function serving(path: string): Promise<Running> {
    const server = await serverFor(path)
    if (server) return await server.use()
    const name = path.slice(path.lastIndexOf('/') + 1)
    throw new AppError('TOOL_FAILED', `No language server is found for ${name}. Use grep and read_file.`)
  }

  /** A file with its server, which has not received the text yet. */
  async function opened(path: string, read: ReadText) {
    const running = await serving(path)
    const text = await read(path)
    if (text === null) throw new AppError('TOOL_FAILED', 'The file cannot be read as text.')
    return { ...running, text }
  }

  async function shown(path: string, read: ReadText) {
    const file = await opened(path, read)
    file.documents.show(path, file.text, file.connection)
    return file
  }

  async function ask<T>(method: string, at: At, more: object, read: ReadText, signal: AbortSignal): Promise<T | null> {
    const { connection, text } = await shown(at.path, read)
    const position = { line: at.line - 1, character: unitsOf(linesOf(text)(at.line - 1), at.column) }
    return connection.request<T>(method, { textDocument: { uri: uriOf(at.path) }, position, ...more }, signal)
  }

  async function checked(path: string, read: ReadText, signal: AbortSignal): Promise<Diagnostic[]> {
    const { documents, connection, text } = await opened(path, read)
    const bounded = AbortSignal.any([signal, AbortSignal.timeout(CHECK_MS)])
    const items = await check(path, text, documents, connection, bounded).catch(error => {
      signal.throwIfAborted()
      if (!bounded.aborted) throw error
      throw new AppError('TIMEOUT', `The language server reported nothing within ${CHECK_MS / 1000} s.`)
    })
    return diagnosticsOf(path, text, items ?? [])
  }

  /** The running servers; when none runs, those of the project are started. */
  async function all(): Promise<{ running: Running; sample?: string }[]> {
    const up = [...servers.values()].flatMap(server => server.current() ?? [])
    if (up.length > 0)
      return (await Promise.allSettled(up)).flatMap(one => (one.status === 'fulfilled' ? { running: one.value } : []))
    const found = (await finder.present()).slice(0, MOST_SERVERS)
    const started = await Promise.allSettled(
      found.map(async ({ found, sample }) => ({ running: await serverOf(found).use(), sample })),
    )
    const ready = started.flatMap(one => (one.status === 'fulfilled' ? one.value : []))
    const [failed] = started
    if (ready.length === 0 && failed?.status === 'rejected') throw failed.reason
    return ready
  }

  return {
    /** Names of the servers for files of the project, and of those that calls have needed since. Starts none. */
    async names(): Promise<string[]> {
      return [...new Set([...(await finder.present()).map(({ found }) => found.row.name), ...servers.keys()])]
    },

    /** All servers that can be started; `present` is true for those with files in the project. */
    async found(): Promise<{ name: string; program: string; files: readonly string[]; present: boolean }[]> {
      const here = new Set((await finder.present()).map(({ found }) => found))
      return (await finder.all()).map(found => {
        const { row, program } = found
        return { name: row.name, program, files: row.files, present: here.has(found) }
      })
    },

    /** Answers for the tools about code. */
    source: (read: ReadText) => ({
      name: 'language server',
      async diagnostics(paths: readonly string[] | null, signal: AbortSignal): Promise<Diagnostic[]> {
        if (paths !== null) return (await Promise.all(paths.map(path => checked(path, read, signal)))).flat()
        const known = (await all()).flatMap(({ running: { documents } }) => documents.known())
        return known.flatMap(({ path, text, items }) => diagnosticsOf(path, text, items))
      },
      definition: async (at: At, signal: AbortSignal): Promise<Spot[]> =>
        spotsOf(await ask('textDocument/definition', at, {}, read, signal)),
      references: async (at: At, signal: AbortSignal): Promise<Spot[]> =>
        spotsOf(await ask('textDocument/references', at, { context: { includeDeclaration: true } }, read, signal)),
      hover: async (at: At, signal: AbortSignal): Promise<string> =>
        textOf(await ask('textDocument/hover', at, {}, read, signal)),
      async symbols({ path, query }: { path?: string; query?: string }, signal: AbortSignal): Promise<Spot[]> {
        if (path !== undefined) {
          const { connection } = await shown(path, read)
          const uri = uriOf(path)
          return symbolsOf(
            await connection.request('textDocument/documentSymbol', { textDocument: { uri } }, signal),
            uri,
            query,
          )
        }
        const answers = await Promise.all(
          (await all()).map(async ({ running: { connection, documents }, sample }) => {
            // Servers load a project when one of its files is opened.
            const text = sample === undefined ? null : await read(sample)
            if (text !== null) documents.show(sample!, text, connection)
            return symbolsOf(await connection.request('workspace/symbol', { query: query ?? '' }, signal), '')
          }),
        )
        return answers.flat()
      },
    }),

    /** Before a change, in the background: collects the file's errors; for a new file, starts its server. Never rejects. */
    async begin(path: string, before: string | null): Promise<void> {
      beginning.get(path)?.abort() // it would send the server an older text
      const controller = new AbortController()
      beginning.set(path, controller)
      try {
        const server = await serverFor(path)
        if (!server) return
        const { documents, connection } = await server.use()
        if (before === null || documents.get(path)?.earlier.has(hashOf(before))) return
        const signal = AbortSignal.any([controller.signal, AbortSignal.timeout(CHECK_MS)])
        await check(path, before, documents, connection, signal)
      } catch (error) {
        if (!controller.signal.aborted) options.log(`The errors of ${path} are not known: ${messageOf(error)}`)
      } finally {
        if (beginning.get(path) === controller) beginning.delete(path)
      }
    },

    /**
     * Errors of the changed file that it did not have before; null when the server reports one of the texts too late or not
     * at all. Never rejects.
     */
    async newErrors(
      path: string,
      before: string | null,
      after: string,
      signal: AbortSignal,
    ): Promise<Diagnostic[] | null> {
      beginning.get(path)?.abort()
      try {
        const server = await serverFor(path)
        if (!server) return null
        const { documents, connection } = await abortable(server.use(), signal)
        const old = before === null ? [] : await baseline(path, before, { documents, connection }, signal)
        const items = old && (await check(path, after, documents, connection, signal))
        if (!items || !old) return null
        return newcomers(
          { items: diagnosticsOf(path, before, old), text: before },
          { items: diagnosticsOf(path, after, items), text: after },
        )
      } catch {
        return null // too late, or the server failed: an old error must not be reported as new
      }
    },

    /** After a file was deleted or changed by other means: sends its present text to the servers that have it open. */
    async refresh(path: string): Promise<void> {
      for (const server of servers.values()) {
        const running = await server.current()?.catch(() => undefined)
        if (!running) continue
        const { documents, connection } = running
        const text = await textAt(path)
        const type = text === null ? 3 : documents.get(path) ? 2 : 1
        if (text === null) documents.close(path, connection)
        else if (documents.get(path)) documents.show(path, text, connection)
        connection.notify('workspace/didChangeWatchedFiles', { changes: [{ uri: uriOf(path), type }] })
      }
    },

    /** Stops all of them, for good. */
    async close(): Promise<void> {
      isClosed = true
      options.closed?.()
      await Promise.allSettled([...servers.values()].map(server => server.stop('it is not needed any more', true)))
    },
  }
}

export type ProjectServers = ReturnType<typeof createProjectServers>

/** The diagnostics of the text before the change. */
async function baseline(
  path: string,
  before: string,
  { documents, connection }: Running,
  signal: AbortSignal,
): Promise<readonly Reported[] | null> {
  const known = documents.get(path)?.earlier.get(hashOf(before))
  return known ?? (await check(path, before, documents, connection, signal))
}
