import type { Dirs } from '../config/config.ts'

/** The process as commands see it: made in `main`, so that nothing else reads argv, the environment or the standard streams. */
export type Process = {
  env: Readonly<Record<string, string | undefined>>
  dirs: Dirs
  version: string
  /** The command that ends what we leave running, followed by a directory and our pid. */
  sweeper: readonly string[]
  /** The hidden command that is our side of a sandbox, with its subcommand and arguments to follow. */
  sandbox: readonly string[]
  /** `performance.now()` at the start. */
  started: number
  cwd: string
  stdin: NodeJS.ReadStream
  terminal_output: NodeJS.WriteStream
  terminal_error: NodeJS.WriteStream
  /** Which of the standard streams are a terminal. */
  terminal: { input: boolean; output: boolean }
  /** The one line of `serve` on stdout, written at once and without creating the stream. */
  handshake(line: string): void
  stdout(text: string): void
  stderr(text: string): void
  /** Resolves with the reason: a signal, the end of stdin under the lifeline, or that the reader of our output is gone. */
  untilStopped(options: { lifeline?: boolean; output?: boolean; signals: readonly NodeJS.Signals[] }): Promise<string>
  /** Calls `act` at each Control-C. */
  onInterrupt(act: () => void): void
  /** Unhandled rejections: reported instead of ending every session. */
  onStray(report: (error: unknown) => void): void
  exit(code: number): never
}
