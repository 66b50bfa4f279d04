import type { MessageReader } from 'vscode-jsonrpc/node'
import type {
  ConfigurationParams,
  InitializeResult,
  RegistrationParams,
  ServerCapabilities,
  UnregistrationParams,
} from 'vscode-languageserver-protocol'
import { NEVER, onAbort } from '../base/abort.ts'
import type { Children } from '../base/children.ts'
import { AppError, messageOf } from '../base/errors.ts'
import { CAPABILITIES } from './capabilities.ts'
import type { Found } from './find.ts'
import { uriOf } from './text.ts'

/** A running server that has been initialized. */
export type Connection = {
  capabilities: ServerCapabilities
  /** Whether the server declared this capability at `initialize`, or has registered the method since. */
  provides(capability: keyof ServerCapabilities, method: string): boolean
  /** Throws TIMEOUT, TOOL_FAILED (its error, or its end), and the reason of `signal`. */
  request<T>(method: string, params: unknown, signal: AbortSignal, ms?: number): Promise<T | null>
  notify(method: string, params: unknown): void
  /** Resolves with the reason when the server has ended or was stopped. */
  ended: Promise<string>
  /** Aborted with TOOL_FAILED when `ended` resolves. */
  gone: AbortSignal
  /** Idempotent; resolves when none of its processes runs. */
  stop(why?: string): Promise<void>
}

export type ConnectOptions = {
  found: Found
  project: string
  children: Children
  env: Record<string, string>
  published(params: unknown): void
  /** Aborts the start. */
  signal: AbortSignal
}

const START_MS = 30_000
const REQUEST_MS = 20_000
const GOODBYE_MS = 1000
/** Bounds on what a server may send: bytes in one message, messages in one interval. */
const MOST_BYTES = 64 * 1024 * 1024
const MOST_MESSAGES = 20_000
const INTERVAL_MS = 5000
const LAST_WORDS = 2000

/** Starts a server and initializes it. Throws TOOL_FAILED, TIMEOUT. */
export async function connect({
  found,
  project,
  children,
  env,
  published,
  signal,
}: ConnectOptions): Promise<Connection> {
  const { row, program } = found
  const rpc = await import('vscode-jsonrpc/node')
  const child = await children
    .start(program, row.command.slice(1), { cwd: project, env, stdio: ['pipe', 'pipe', 'pipe'] })
    .catch(error => {
      throw new AppError('TOOL_FAILED', `The language server ${row.name} could not be started: ${messageOf(error)}`)
    })
  const { stdin, stdout, stderr } = child.process
  let lastWords = ''
  stderr!.on('data', chunk => {
    lastWords = (lastWords + chunk).slice(-LAST_WORDS)
  })
  stdin!.on('error', () => {}) // `ended` reports it
  const { promise: ended, resolve: end } = Promise.withResolvers<string>()
  const reader = new rpc.StreamMessageReader(stdout!)
  const connection = rpc.createMessageConnection(bounded(reader, stdout!, end), new rpc.StreamMessageWriter(stdin!))
  connection.onError(([error]) => end(`it broke the protocol: ${error.message}`))
  connection.onClose(() => end('it closed its output'))
  void child.exited.then(({ exit_code, signal }) => end(`it ended with ${signal ?? `status ${exit_code}`}`))

  let stopping: Promise<void> | undefined
  const stop = (why = 'it was stopped') => {
    end(why)
    stopping ??= child.end(GOODBYE_MS).finally(() => connection.dispose())
    return stopping
  }

  const failed = (why: string) => {
    const words = lastWords.trim().split('\n').at(-1)?.slice(0, 300)
    return new AppError('TOOL_FAILED', `The language server ${row.name} failed: ${why}${words ? ` (${words})` : ''}.`)
  }

  const over = new AbortController()
  void ended.then(why => {
    over.abort(failed(why))
    void stop()
  })

  async function request<T>(method: string, params: unknown, signal: AbortSignal, ms = REQUEST_MS): Promise<T | null> {
    signal.throwIfAborted()
    const cancel = new rpc.CancellationTokenSource()
    const { promise: cut, reject } = Promise.withResolvers<never>()
    const off = onAbort(signal, () => reject(signal.reason))
    const offGone = onAbort(over.signal, () => reject(over.signal.reason))
    const late = () =>
      reject(new AppError('TIMEOUT', `The language server ${row.name} did not answer within ${ms / 1000} s.`))
    const timer = setTimeout(late, ms)
    const answer = connection.sendRequest<T | null>(method, params, cancel.token)
    answer.catch(() => {}) // it may reject after the race is decided
    try {
      return await Promise.race([answer, cut])
    } catch (error) {
      cancel.cancel()
      if (error instanceof rpc.ResponseError) throw refused(row.name, method, error)
      throw error
    } finally {
      clearTimeout(timer)
      off()
      offGone()
      cancel.dispose()
    }
  }
  const notify = (method: string, params: unknown) => {
    connection.sendNotification(method, params as object).catch(() => {}) // `ended` reports it
  }

  const registered = new Map<string, string>()
  const settings = row.settings ?? {}
  connection.onRequest('workspace/configuration', ({ items }: ConfigurationParams) =>
    items.map(({ section }) => (section === undefined ? settings : (sectionOf(settings, section) ?? null))),
  )
  connection.onRequest('client/registerCapability', ({ registrations }: RegistrationParams) => {
    for (const { id, method } of registrations.slice(0, 1000)) registered.set(id, method)
    return null
  })
  connection.onRequest('client/unregisterCapability', ({ unregisterations }: UnregistrationParams) => {
    for (const { id } of unregisterations) registered.delete(id)
    return null
  })
  const folder = { uri: uriOf(project), name: project.slice(project.lastIndexOf('/') + 1) }
  connection.onRequest('workspace/workspaceFolders', () => [folder])
  connection.onRequest('workspace/applyEdit', () => ({ applied: false, failureReason: 'Edits go through the agent.' }))
  connection.onRequest('window/showDocument', () => ({ success: false }))
  for (const method of ANSWERED_BY_NULL) connection.onRequest(method, () => null)
  connection.onNotification('textDocument/publishDiagnostics', published)
  connection.listen()

  try {
    const params = {
      processId: process.pid,
      clientInfo: { name: 'emacs-agent-backend' },
      rootPath: project,
      rootUri: folder.uri,
      workspaceFolders: [folder],
      capabilities: CAPABILITIES,
      ...(row.settings && { initializationOptions: settings }),
    }
    const result = await request<InitializeResult>('initialize', params, signal, START_MS)
    const capabilities = result?.capabilities ?? {}
    notify('initialized', {})
    notify('workspace/didChangeConfiguration', { settings })
    return {
      capabilities,
      provides: (capability, method) => Boolean(capabilities[capability]) || [...registered.values()].includes(method),
      request,
      notify,
      ended,
      gone: over.signal,
      async stop(why) {
        if (stopping) return stopping
        await request('shutdown', undefined, NEVER, GOODBYE_MS).catch(() => {}) // then it is ended without
        notify('exit', undefined)
        await stop(why)
      },
    }
  } catch (error) {
    await stop(messageOf(error))
    throw error
  }
}

/** Wraps the reader; calls `end` when one message is too large or too many messages arrive in one interval. */
function bounded(reader: MessageReader, stdout: NodeJS.ReadableStream, end: (why: string) => void): MessageReader {
  let bytes = 0
  let messages = 0
  let began = performance.now()
  stdout.on('data', (chunk: Uint8Array) => {
    bytes += chunk.length
    if (bytes > MOST_BYTES) end('it sent more than any answer needs')
  })
  const listen: MessageReader['listen'] = callback =>
    reader.listen(message => {
      bytes = 0
      if (performance.now() - began > INTERVAL_MS) {
        messages = 0
        began = performance.now()
      }
      if (++messages > MOST_MESSAGES) end('it sent messages without end')
      else callback(message)
    })
  return Object.assign(Object.create(reader) as MessageReader, { listen })
}

const ANSWERED_BY_NULL = [
  'window/workDoneProgress/create',
  'window/showMessageRequest',
  'workspace/diagnostic/refresh',
  'workspace/semanticTokens/refresh',
  'workspace/inlayHint/refresh',
  'workspace/inlineValue/refresh',
  'workspace/codeLens/refresh',
  'workspace/foldingRange/refresh',
]

function refused(name: string, method: string, error: { code: number; message: string }): AppError {
  const text = `The language server ${name} answers ${method} with an error: ${error.message.slice(0, 300)}`
  return new AppError('TOOL_FAILED', text, { lsp_code: error.code })
}

/** The section `python.analysis` is either a key of that name or nested tables. */
function sectionOf(settings: Readonly<Record<string, unknown>>, section: string): unknown {
  if (Object.hasOwn(settings, section)) return settings[section]
  let value: unknown = settings
  for (const key of section.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined
    value = (value as Record<string, unknown>)[key]
  }
  return value
}
