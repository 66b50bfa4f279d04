import { homedir } from 'node:os'
import { resolve } from 'node:path'
import { type Command, parseCommand } from './cli/args.ts'
import type { Process } from './cli/process.ts'
import { dirsFrom } from './config/dirs.ts'
import { messageOf, UsageError } from './errors.ts'
import { VERSION } from './version.ts'

const SWEEP = 'sweep-children'
/** Of an executable made by `bun build --compile`, the script lies in a file system of its own. */
const isCompiled = (script = '') => /^(?:\/\$bunfs\/|[A-Z]:[\\/]~BUN[\\/])/.test(script)

/**
 * argv, environment, exit codes: nothing else reads them. Each command is imported when it is asked for. The last of the
 * four places where a failure becomes data: one line on stderr.
 */
const world: Process = {
  env: { ...process.env },
  dirs: dirsFrom(process.env, process.platform, resolve(homedir())), // $HOME may be relative
  version: VERSION,
  sweeper: [process.execPath, ...(isCompiled(process.argv[1]) ? [] : [process.argv[1]!]), SWEEP],
  started: performance.now(),
  cwd: process.cwd(),
  get stdin() {
    return process.stdin
  },
  terminal_output: process.stdout,
  terminal: { input: Boolean(process.stdin.isTTY), output: Boolean(process.stdout.isTTY) },
  onInterrupt: act => void process.on('SIGINT', act),
  stdout: text => void process.stdout.write(text),
  stderr: text => void process.stderr.write(text),
  untilStopped,
  onStray: report => void process.on('unhandledRejection', report).on('uncaughtException', report),
  exit: code => process.exit(code),
}

async function main(argv: string[]): Promise<number> {
  if (argv[0] === SWEEP) return sweep(argv[1]!, Number(argv[2]))
  const command = parseCommand(argv)
  switch (command.command) {
    case 'version':
      world.stdout(`emacs-agent-backend ${VERSION}\n`)
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

/** What the watcher of a backend becomes when that ended without a word; no command for people. */
async function sweep(directory: string, pid: number): Promise<number> {
  await (await import('./children.ts')).sweepOrphans(directory, pid)
  return 0
}

async function trust(command: Extract<Command, { command: 'trust' }>): Promise<number> {
  const [{ trustCommand, askOnTerminal }, { validateRule }] = await Promise.all([
    import('./cli/trust.ts'),
    import('./tools/permission/rule.ts'),
  ])
  const confirm = world.terminal.input ? askOnTerminal(process.stdin, process.stderr) : null
  return trustCommand({ ...command, dirs: world.dirs, write: world.stdout, confirm, validateRule })
}

function untilStopped({ lifeline, output, signals }: Parameters<Process['untilStopped']>[0]): Promise<string> {
  return new Promise(resolve => {
    for (const signal of signals) process.on(signal, () => resolve(signal))
    if (output) process.stdout.on('error', () => resolve('nobody reads the output'))
    if (!lifeline) return
    process.stdin
      .on('end', () => resolve('end of stdin'))
      .on('error', () => resolve('stdin failed'))
      .on('close', () => resolve('stdin closed'))
    process.stdin.resume()
  })
}

// Whoever read us may have gone, as `head` does: that is no failure of ours.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})

/** Resolves when a slow reader has taken all of it, or is gone: what is not written yet is lost with the process. */
const written = (stream: NodeJS.WriteStream) => new Promise<void>(resolve => stream.end(() => resolve()))

main(process.argv.slice(2))
  .catch((error: unknown) => {
    world.stderr(`emacs-agent-backend: ${messageOf(error)}\n`)
    return error instanceof UsageError ? 2 : 1
  })
  .then(async code => {
    await Promise.all([written(process.stdout), written(process.stderr)])
    process.exit(code)
  })
