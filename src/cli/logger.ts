import type { LogLevel } from '../config/config.ts'

export type Log = (level: LogLevel, message: string) => void

const LEVELS: LogLevel[] = ['debug', 'info', 'warn', 'error']

/** Lines on stderr, for the process that started us; control characters are shown, not obeyed. */
export const createLogger =
  (level: LogLevel, write: (text: string) => void): Log =>
  (severity, message) => {
    if (LEVELS.indexOf(severity) >= LEVELS.indexOf(level))
      write(`${new Date().toISOString()} ${severity} ${escaped(message)}\n`)
  }

/** For failures outside any request or turn, which end nothing. */
export const logStray =
  (log: Log) =>
  (error: unknown): void =>
    log('error', `unhandled failure: ${error instanceof Error ? error.stack : error}`)

const escaped = (text: string) =>
  text.replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/g, c => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`)
