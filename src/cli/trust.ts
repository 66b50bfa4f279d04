import { resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { printable } from '../base/controls.ts'
import { AppError, UsageError } from '../base/errors.ts'
import type { LoadValidateRule } from '../config/check.ts'
import type { Dirs } from '../config/config.ts'
import { describeFile } from '../config/describe.ts'
import { parseProjectFiles } from '../config/load.ts'
import { problemLines } from '../config/problem.ts'
import { readProjectFiles, trust as recordTrust, revoke, trustStatus } from '../config/trust.ts'
import type { Options } from './commands.ts'
import { validateRule } from './configure.ts'
import type { Process } from './process.ts'

/** `trust` with the terminal to ask on. */
export function trust(options: Options<'trust'>, outside: Process): Promise<number> {
  const { dirs, stdout: write } = outside
  const confirm = outside.terminal.input ? askOnTerminal(outside.stdin, outside.terminal_error) : null
  return trustCommand({ ...options, dirs, write, confirm, validateRule })
}

export type TrustOptions = {
  /** The project; default: the current directory. */
  dir?: string
  revoke?: boolean
  yes?: boolean
  dirs: Dirs
  write(text: string): void
  /** Asks the person; null where there is nobody to ask. */
  confirm: ((question: string) => Promise<boolean>) | null
  validateRule?: LoadValidateRule
}

/**
 * `trust [DIR] [--revoke] [--yes]`: shows what the project's file would do, and lets it. Returns the exit code: 1 when it
 * was not confirmed. Throws UsageError when there is nothing to trust, and AppError when the file cannot be used.
 */
export async function trustCommand(options: TrustOptions): Promise<0 | 1> {
  const { dirs, write } = options
  const dir = resolve(options.dir ?? '.')
  const { own, servers, trusted } = await readProjectFiles(dir)
  if (options.revoke) {
    const shown = printable(own.path)
    const revoked = await revoke(dirs.state, dir)
    write(revoked ? `${shown} is not trusted any more.\n` : `${shown} was not trusted.\n`)
    return 0
  }

  if (own.kind === 'absent' && servers.kind === 'absent')
    throw new UsageError(`There is no ${printable(own.path)}, and no .mcp.json: nothing to trust.`)
  for (const file of [own, servers]) {
    if (file.kind !== 'refused') continue
    const refusal = `${printable(file.path)} cannot be trusted: ${file.reason}.`
    if (!trusted) throw new AppError('FORBIDDEN', refusal)
    write(`${refusal}\n`)
  }
  const parsed = await parseProjectFiles(own, servers, options.validateRule)
  const problems = parsed.flatMap(file => file.problems)
  if (problems.length > 0)
    throw new AppError('INVALID_REQUEST', `It cannot be used: ${problemLines(problems)}`, { problems })

  const status = await trustStatus(dirs.state, trusted!)
  for (const file of parsed) {
    const lines = describeFile(file)
    write(`${printable(file.path)}${status === 'changed' ? ' (changed since it was trusted)' : ''}\n`)
    write(lines.length > 0 ? lines.map(line => `  ${line}\n`).join('') : '  sets nothing\n')
  }
  if (status === 'trusted') {
    write('It is trusted already.\n')
    return 0
  }
  if (!options.yes && !(await confirmed(options))) return 1
  await recordTrust(dirs.state, trusted!)
  write(`Trusted, as long as ${parsed.length > 1 ? 'these files stay as they are' : 'the file stays as it is'}.\n`)
  return 0
}

async function confirmed({ confirm, write }: TrustOptions): Promise<boolean> {
  if (!confirm) {
    write('Nobody is here to ask: nothing was changed. With --yes it is trusted without asking.\n')
    return false
  }
  if (await confirm('Trust it? [y/N] ')) return true
  write('Nothing was changed.\n')
  return false
}

/** A yes-or-no question on a terminal; the end of input is a no. */
export function askOnTerminal(
  input: NodeJS.ReadableStream,
  output: NodeJS.WritableStream,
): (question: string) => Promise<boolean> {
  return question =>
    new Promise(done => {
      const terminal = createInterface({ input, output })
      terminal.once('close', () => done(false))
      terminal.question(question, answer => {
        done(/^\s*y(es)?\s*$/i.test(answer))
        terminal.close()
      })
    })
}
