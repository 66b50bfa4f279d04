import { read, writeSync } from 'node:fs'
import { homedir } from 'node:os'
import { resolve } from 'node:path'
import { isatty } from 'node:tty'
import { type Command, parseCommand } from './cli/args.ts'
import type { Process } from './cli/process.ts'
import { dirsFrom } from './config/dirs.ts'
import { messageOf, UsageError } from './errors.ts'
import { keepHome } from './loopback.ts'
import { VERSION } from './version.ts'

/**
 * argv, environment, exit codes: nothing else reads them. Each command is imported when it is asked for. The last of the
 * four places where a failure becomes data: one line on stderr.
 */
/**
 * The output streams, created when something is written to them: creating one costs as much as half of a bare server's
 * start. A reader that goes away, as `head` does, is no failure of ours.
 */
const opened = new Map<1 | 2, NodeJS.WriteStream>()
function output(descriptor: 1 | 2): NodeJS.WriteStream {
  let stream = opened.get(descriptor)
  if (!stream) {
    stream = (descriptor === 1 ? process.stdout : process.stderr).on('error', () => {})
    opened.set(descriptor, stream)
  }
  return stream
}

const world: Process = {
  env: { ...process.env },
  dirs: dirsFrom(process.env, process.platform, resolve(homedir())), // $HOME may be relative
  version: VERSION,
  started: performance.now(),
  cwd: process.cwd(),
  get stdin() {
    return process.stdin
  },
  get terminal_output() {
    return output(1)
  },
  terminal: { input: isatty(0), output: isatty(1) },
  onInterrupt: act => void process.on('SIGINT', act),
  handshake: line => void writeSync(1, line),
  stdout: text => void output(1).write(text),
  stderr: text => void output(2).write(text),
  untilStopped,
  onStray: report => void process.on('unhandledRejection', report).on('uncaughtException', report),
  exit: code => process.exit(code),
}

// For our own requests only: children get the environment as it was.
keepHome(process.env)

async function main(argv: string[]): Promise<number> {
  const command = parseCommand(argv)
  switch (command.command) {
    case 'version':
      writeSync(1, `emacs-agent-backend ${VERSION}\n`)
      return 0
    case 'help':
      world.stdout((await import('./cli/help.ts')).helpText(command.about))
      return 0
    case 'serve':
      return (await import('./cli/serve.ts')).serve(command, world)
    case 'run':
      return (await import('./cli/run.ts')).run(command, world)
    case 'doctor':
      return (await import('./cli/doctor.ts')).doctor(command, world)
    case 'transcripts':
      return (await import('./cli/transcripts.ts')).transcripts(command, world)
    case 'mcp':
      return (await import('./cli/mcp.ts')).mcp(command, world)
    case 'trust':
      return trust(command)
    case 'elisp':
      return (await import('./cli/elisp.ts')).elispCommand({ ...command, version: VERSION, write: world.stdout })
  }
}

async function trust(command: Extract<Command, { command: 'trust' }>): Promise<number> {
  const [{ trustCommand, askOnTerminal }, { validateRule }] = await Promise.all([
    import('./cli/trust.ts'),
    import('./tools/permission/rule.ts'),
  ])
  const confirm = world.terminal.input ? askOnTerminal(process.stdin, process.stderr) : null
  return trustCommand({ ...command, dirs: world.dirs, write: world.stdout, confirm, validateRule })
}

function untilStopped({ lifeline, output: watched, signals }: Parameters<Process['untilStopped']>[0]): Promise<string> {
  return new Promise(resolve => {
    for (const signal of signals) process.on(signal, () => resolve(signal))
    if (watched) output(1).on('error', () => resolve('nobody reads the output'))
    if (lifeline) untilEndOfStdin(resolve)
  })
}

/** Reads standard input to its end and drops what comes. `fs.read` works on pipes, terminals and /dev/null alike, and costs
 * the start nothing, where creating `process.stdin` does. */
function untilEndOfStdin(ended: (reason: string) => void): void {
  const buffer = Buffer.allocUnsafe(4096)
  const next = () =>
    read(0, buffer, 0, buffer.length, null, (error, bytes) => {
      if (error?.code === 'EAGAIN') return void setTimeout(next, 100) // whoever started us made the pipe non-blocking
      if (error) return ended(`stdin failed (${error.code})`)
      if (bytes === 0) return ended('end of stdin')
      next()
    })
  next()
}

/** Resolves when a slow reader has taken all of it, or is gone: what is not written yet is lost with the process. */
const written = (stream: NodeJS.WriteStream) => new Promise<void>(resolve => stream.end(() => resolve()))

main(process.argv.slice(2))
  .catch((error: unknown) => {
    world.stderr(`emacs-agent-backend: ${messageOf(error)}\n`)
    return error instanceof UsageError ? 2 : 1
  })
  .then(async code => {
    await Promise.all([...opened.values()].map(written))
    process.exit(code)
  })
