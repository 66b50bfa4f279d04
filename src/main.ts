import { homedir } from 'node:os'
import { type Command, parseCommand } from './cli/args.ts'
import type { Process } from './cli/process.ts'
import { dirsFrom } from './config/dirs.ts'
import { messageOf, UsageError } from './errors.ts'
import { VERSION } from './version.ts'

/**
 * argv, environment, exit codes: nothing else reads them. Each command is imported when it is asked for. The last of the
 * four places where a failure becomes data: one line on stderr.
 */
const world: Process = {
  env: { ...process.env },
  dirs: dirsFrom(process.env, process.platform, homedir()),
  version: VERSION,
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
      throw new UsageError('The Emacs client is not in this build.')
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

function untilStopped({ lifeline }: { lifeline: boolean }): Promise<string> {
  return new Promise(resolve => {
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => resolve(signal))
    if (!lifeline) return
    process.stdin
      .on('end', () => resolve('end of stdin'))
      .on('error', () => resolve('stdin failed'))
      .on('close', () => resolve('stdin closed'))
    process.stdin.resume()
  })
}

main(process.argv.slice(2)).then(
  code => process.exit(code),
  (error: unknown) => {
    world.stderr(`emacs-agent-backend: ${messageOf(error)}\n`)
    process.exit(error instanceof UsageError ? 2 : 1)
  },
)
