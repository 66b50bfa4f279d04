import { RequestError } from '@agentclientprotocol/sdk'
import { AppError, messageOf } from '../base/errors.ts'
import type { ErrorCode } from '../event.ts'

const RESOURCE_NOT_FOUND = -32002
const AUTH_REQUIRED = -32000
const INVALID_PARAMS = -32602
const INTERNAL = -32603

/** A code of ours that is not here is an internal error. */
const CODES: Partial<Record<ErrorCode, number>> = {
  SESSION_NOT_FOUND: RESOURCE_NOT_FOUND,
  LLM_AUTH: AUTH_REQUIRED,
  INVALID_REQUEST: INVALID_PARAMS,
  NOT_FOUND: INVALID_PARAMS,
  TOO_LARGE: INVALID_PARAMS,
}

export const invalid = (message: string) => new AppError('INVALID_REQUEST', message)

/** What a request is answered with when it fails: the message as people read it, our own code in `data.code`. */
export function requestError(error: unknown, sessionId?: string): RequestError {
  if (error instanceof RequestError) return error
  const code: ErrorCode = error instanceof AppError ? error.code : 'INTERNAL'
  return failure(code, messageOf(error), sessionId)
}

export const failure = (code: ErrorCode, message: string, sessionId?: string): RequestError =>
  new RequestError(CODES[code] ?? INTERNAL, message, { code, ...(sessionId !== undefined && { sessionId }) })
