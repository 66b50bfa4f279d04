import { read, writeSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, resolve } from 'node:path'
import { messageOf, UsageError } from './base/errors.ts'
import { keepHome } from './base/loopback.ts'
import { withRemedy } from './base/remedy.ts'
import { VERSION } from './base/version.ts'
import { parseCommand } from './cli/args.ts'
import { runCommand } from './cli/commands.ts'
import { createOutput, isTerminal } from './cli/output.ts'
import type { Process } from './cli/process.ts'
import { dirsFrom, worktreesDir } from './config/dirs.ts'

const SWEEP = 'sweep-children'
const SANDBOX = 'in-sandbox'
/** Of an executable made by `bun build --compile`, the script lies in a file system of its own. */
const isCompiled = (script = '') => /^(?:\/\$bunfs\/|[A-Z]:[\\/]~BUN[\\/])/.test(script)

/** How this very program is started. */
const self = [process.execPath, ...(isCompiled(process.argv[1]) ? [] : [process.argv[1]!])]

const output = createOutput()

/**
 * argv, environment, exit codes: nothing else reads them. Each command is imported when it is asked for. The last of the
 * four places where a failure becomes data: one line on stderr.
 */
const host: Process = {
  env: { ...process.env },
  dirs: dirsFrom(process.env, process.platform, resolve(homedir())), // $HOME may be relative
  version: VERSION,
  sweeper: [...self, SWEEP],
  sandbox: [...self, SANDBOX],
  started: performance.now(),
  cwd: process.cwd(),
  get stdin() {
    return process.stdin
  },
  get terminal_output() {
    return output.stream(1)
  },
  get terminal_error() {
    return output.stream(2)
  },
  terminal: {
    get input() {
      return isTerminal(0)
    },
    get output() {
      return isTerminal(1)
    },
  },
  onInterrupt: act => void process.on('SIGINT', act),
  handshake: line => void writeSync(1, line),
  stdout: text => output.write(1, text),
  stderr: text => output.write(2, text),
  untilStopped,
  onStray: report => void process.on('unhandledRejection', report).on('uncaughtException', report),
  exit: code => process.exit(code),
}

// For our own requests only: children get the environment as it was.
keepHome(process.env)

async function main(argv: string[]): Promise<number> {
  if (argv[0] === SWEEP) return sweep(argv[1]!, Number(argv[2]))
  if (argv[0] === SANDBOX) return (await import('./tools/sandbox/inside.ts')).inside(argv.slice(1))
  const command = parseCommand(argv)
  switch (command.command) {
    case 'version':
      writeSync(1, `emacs-agent-backend ${VERSION}\n`)
      return 0
    case 'help':
      host.stdout(await (await import('./cli/help.ts')).helpText(command, VERSION))
      return 0
    default:
      return runCommand(command, host)
  }
}

/** What the watcher of a backend becomes when that ended without a word; no command for people. */
async function sweep(directory: string, pid: number): Promise<number> {
  await (await import('./base/children.ts')).sweepOrphans(directory, pid)
  const { sweepWorktrees } = await import('./tools/git/worktrees.ts')
  await sweepWorktrees(worktreesDir(dirname(directory)))
  return 0
}

function untilStopped({ lifeline, output: watched, signals }: Parameters<Process['untilStopped']>[0]): Promise<string> {
  return new Promise(resolve => {
    for (const signal of signals) process.on(signal, () => resolve(signal))
    if (watched) output.onBroken(resolve)
    if (lifeline) untilEndOfStdin(resolve)
  })
}

/**
 * Reads standard input to its end and drops what comes. `fs.read` works on pipes, terminals and /dev/null alike, and costs
 * the start of Bun nothing, where creating `process.stdin` does; Node waits for a read under way before it exits.
 */
function untilEndOfStdin(ended: (reason: string) => void): void {
  if (typeof Bun === 'undefined') {
    process.stdin.on('error', ({ message }) => ended(`stdin failed (${message})`))
    process.stdin.on('end', () => ended('end of stdin')).resume()
    return
  }
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

main(process.argv.slice(2))
  .catch((error: unknown) => {
    host.stderr(`emacs-agent-backend: ${withRemedy(messageOf(error), error)}\n`)
    return error instanceof UsageError ? 2 : 1
  })
  .then(async code => {
    const { failed } = await output.close()
    process.exit(failed ? code || 1 : code)
  })
