import { onAbort } from '../base/abort.ts'
import { AppError } from '../base/errors.ts'
import { newId } from '../base/ids.ts'
import type { EditorRequest } from '../event.ts'
import type { Editor, EditorTool, Request } from '../tools/editor/editor.ts'
import type { Redaction } from '../tools/tool.ts'

/** A client's reply to a request: its result, an error, or its progress. */
export type EditorReply = {
  result?: unknown
  error?: { message: string }
  progress?: { message: string; output?: string }
}

/** Milliseconds for a request, where its tool sets none. */
const PATIENCE_MS = 10_000
/** A client that is without a stream for less than this, as after it was cut off for being slow, stays attached. */
const GRACE_MS = 1000

type Open = {
  event: EditorRequest
  /** Parses the result. Throws AppError for another shape, with which the call has failed. */
  settle(result: unknown): void
  fail(error: AppError): void
  progress: NonNullable<Request<unknown>['progress']>
  renew(): void
}

/**
 * The editor that is attached to a session: what it registered last, and the requests that it has not answered. Requests go to
 * all streams of the session, and to those that join while they are open; the first answer counts. When no stream has been
 * there for a second, the editor is detached.
 */
export function createEditor(
  emit: (event: EditorRequest) => void,
  redactor: Redaction,
  /** The editor as the tools of the project use it. */
  seen: (editor: Editor) => Editor = editor => editor,
) {
  let attached: { name: string; tools: ReadonlySet<EditorTool>; buffers: Editor['buffers'] } | null = null
  const open = new Map<string, Open>()
  /** Streams of the session that are open, live or behind. */
  let streams = 0
  let leaving: NodeJS.Timeout | undefined

  const detach = (why: string) => {
    clearTimeout(leaving)
    attached = null
    for (const request of [...open.values()]) request.fail(new AppError('TOOL_FAILED', why))
  }
  const leaveSoon = () => {
    clearTimeout(leaving)
    if (!attached || streams > 0) return
    leaving = setTimeout(() => detach('The editor is gone: nothing follows the session any more.'), GRACE_MS)
    leaving.unref()
  }

  function ask<T>(
    { tool, params, parse, timeout_ms = PATIENCE_MS, progress = () => {}, exact }: Request<T>,
    signal: AbortSignal,
  ): Promise<T> {
    signal.throwIfAborted()
    const request_id = newId('er')
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    const close = () => {
      clearTimeout(timer)
      open.delete(request_id)
    }
    const fail = (error: unknown) => {
      close()
      reject(error)
    }
    const timer = setTimeout(() => fail(late(tool, timeout_ms)), timeout_ms)
    const event: EditorRequest = {
      type: 'editor.request',
      request_id,
      tool,
      params: exact ? params : redactor.value(params),
      timeout_ms,
    }
    open.set(request_id, {
      event,
      settle(result) {
        try {
          resolve(parse(result))
          close()
        } catch (error) {
          fail(error)
          throw error
        }
      },
      fail,
      progress,
      renew: () => void timer.refresh(),
    })
    emit(event)
    return promise.finally(onAbort(signal, () => fail(signal.reason)))
  }

  return {
    /** As tools use it; undefined while none is attached. */
    get current(): Editor | undefined {
      if (!attached) return undefined
      const { name, tools, buffers } = attached
      return seen({ name, buffers, answers: tool => tools.has(tool), ask })
    },
    /** In place of what was registered before; open requests stay open. */
    attach(name: string, tools: readonly EditorTool[]) {
      clearTimeout(leaving)
      attached = { name, tools: new Set(tools), buffers: new Map() }
    },
    /** Open requests fail. */
    detach: () => detach('The editor was detached.'),
    /** Throws NOT_FOUND for an id that waits for no answer, INVALID_REQUEST for a result of another shape: the call has failed then. */
    answer(request_id: string, { result, error, progress }: EditorReply) {
      const request = open.get(request_id)
      if (!request)
        throw new AppError(
          'NOT_FOUND',
          'No request with this id waits for an answer: it was answered, took too long, or is of another session.',
        )
      if (progress) {
        request.renew()
        request.progress(progress.message, progress.output)
      } else if (error) request.fail(new AppError('TOOL_FAILED', `The editor reports: ${error.message}`))
      else settle(request, result)
    },
    /** Call when a stream of the session opens; call what it returns when that stream ends. */
    opened(): () => void {
      clearTimeout(leaving)
      streams++
      return () => {
        streams--
        leaveSoon()
      }
    },
    /** The requests that are not answered, for a stream that goes live. */
    unanswered: (): EditorRequest[] => [...open.values()].map(({ event }) => event),
  }
}

export type SessionEditor = ReturnType<typeof createEditor>

function settle(request: Open, result: unknown) {
  try {
    request.settle(result)
  } catch (error) {
    throw new AppError('INVALID_REQUEST', error instanceof AppError ? error.message : 'result: expected another shape.')
  }
}

const late = (tool: string, ms: number) =>
  new AppError(
    'TIMEOUT',
    `The editor did not answer ${tool} within ${ms / 1000} s. It may be busy: go on without it, or try again later.`,
  )
