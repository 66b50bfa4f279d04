import type { ErrorCode } from '../event.ts'

/** The HTTP status of each code that may be a reply; the others only appear in events and tool results. */
const STATUS: Partial<Record<ErrorCode, number>> = {
  INVALID_REQUEST: 400,
  UNAUTHORIZED: 401,
  FORBIDDEN: 403,
  SESSION_NOT_FOUND: 404,
  INVALID_TOOL_CALL: 404,
  NOT_FOUND: 404,
  SESSION_BUSY: 409,
  ALREADY_DECIDED: 409,
  SESSION_LOCKED: 409,
  STALE_PREVIEW: 409,
  NOTHING_TO_DO: 409,
  NOTHING_TO_UNDO: 409,
  TIMEOUT: 408,
  TOO_LARGE: 413,
  UNSUPPORTED_MEDIA_TYPE: 415,
  TOO_MANY: 429,
  INTERNAL: 500,
  TRANSCRIPT_ERROR: 500,
  INTERRUPTED: 409,
  MCP_SERVER_ERROR: 502,
  LLM_AUTH: 502,
  LLM_RATE_LIMIT: 502,
  LLM_OVERLOADED: 502,
  LLM_CONTEXT_LENGTH: 502,
  LLM_INVALID_REQUEST: 502,
  LLM_UNREACHABLE: 502,
  LLM_STREAM: 502,
  OVERLOADED: 503,
  SHUTTING_DOWN: 503,
}

/**
 * The one error class. It is turned into data at four places only: a tool run, a turn, the HTTP layer and `main`.
 * `message` is for people: it says what to do, and never contains a secret or raw input.
 */
export class AppError extends Error {
  readonly code: ErrorCode
  readonly status: number
  readonly details: Record<string, unknown>

  constructor(code: ErrorCode, message: string, details: Record<string, unknown> = {}, options?: ErrorOptions) {
    super(message, options)
    this.name = 'AppError'
    this.code = code
    this.status = STATUS[code] ?? 500
    this.details = details
  }
}

/** A wrong command line or a refused start: one line on stderr, exit code 2. */
export class UsageError extends Error {
  override name = 'UsageError'
}

/** What the system calls an error (`ENOSPC`), else ''. */
export const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException | null)?.code ?? ''

/** What the system calls an error (`ENOSPC`), else its message: for a sentence of ours. */
export const reasonOf = (error: unknown): string => codeOf(error) || messageOf(error)

/** The message of anything thrown, for a log line or a tool result. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
