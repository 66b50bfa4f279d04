import { parseArgs } from 'node:util'
import { UsageError } from '../base/errors.ts'
import { cut } from '../base/text.ts'
import type { LogLevel } from '../config/config.ts'
import { suggestion } from '../config/nearest.ts'
import { printable } from '../config/printable.ts'
import { readSetting, SCALARS, type ScalarKey } from '../config/settings.ts'
import { COMMAND_NAMES, COMMANDS, COMMON_FLAGS, type CommandName, type Flag, flagsOf, isCommand } from './commands.ts'

/** A command line, typed. Members named like settings are what `loadConfig` takes as flags; paths are as they were written. */
export type Command =
  | { command: 'help'; about?: CommandName }
  | { command: 'version' }
  | (Common & { command: 'serve'; host?: string; port?: number; stdin_lifeline: boolean; no_auth: boolean })
  | (Common & {
      command: 'run'
      prompt?: string
      project?: string
      model?: string
      agent?: string
      yes: boolean
      json: boolean
      resume?: string
    })
  | (Common & { command: 'doctor'; json: boolean })
  | (Common & { command: 'elisp'; install?: string })
  | (Common & { command: 'mcp'; project?: string; allow: Allowance[] })
  | (Common & { command: 'transcripts' } & TranscriptsAction)
  | (Common & { command: 'trust'; dir?: string; revoke: boolean; yes: boolean })

export type Common = { config_file?: string; log_level?: LogLevel }
export type Allowance = 'write' | 'shell'
export type TranscriptsAction =
  | { action: 'list'; limit?: number }
  | { action: 'search'; query: string; limit?: number }
  | { action: 'show'; id: string }

/** Parses what follows the program's name. Throws UsageError that names what exists, and the nearest to what was written. */
export function parseCommand(argv: readonly string[]): Command {
  const all = tokenize(argv, allFlags())
  const first = all.tokens.find(token => token.kind === 'positional')
  if (first && !isCommand(first.value) && first.value !== 'help') {
    // `--prot 9420` is a mistyped flag, not the command 9420.
    const stray = all.written.find(({ name }) => !Object.hasOwn(allFlags(), name))
    throw stray ? unknownFlag(stray.rawName, stray.name, 'serve') : unknownCommand(first.value)
  }
  const name = first && isCommand(first.value) ? first.value : 'serve'
  const rest = first ? argv.toSpliced(first.index, 1) : argv
  const given = tokenize(rest, flagsOf(name))

  if (first?.value === 'help') return { command: 'help', about: topic(given.positionals) }
  if (given.names.has('help') || given.names.has('h')) return { command: 'help', about: first && name }
  if (given.names.has('version')) return { command: 'version' }
  return commandFrom(name, checkFlags(given, name))
}

/** What each command makes of its flags and operands. */
function commandFrom(name: CommandName, { flags, operands }: Given): Command {
  if (operands.length > 0 && COMMANDS[name].usage === '') throw usage(name, 'takes flags only')
  const common: Common = {
    config_file: flags.text('config'),
    log_level: flags.setting('log-level', 'log_level') as LogLevel | undefined,
  }
  switch (name) {
    case 'serve':
      return {
        command: 'serve',
        ...common,
        host: flags.setting('host', 'host') as string | undefined,
        port: flags.setting('port', 'port') as number | undefined,
        stdin_lifeline: flags.has('stdin-lifeline'),
        no_auth: flags.has('no-auth'),
      }
    case 'run':
      return {
        command: 'run',
        ...common,
        // Words without quotes are one prompt; an empty one is none.
        prompt: operands.join(' ') || undefined,
        project: flags.text('project'),
        model: flags.text('model'),
        agent: flags.text('agent'),
        yes: flags.has('yes'),
        json: flags.has('json'),
        resume: flags.text('resume'),
      }
    case 'doctor':
      return { command: 'doctor', ...common, json: flags.has('json') }
    case 'elisp':
      return { command: 'elisp', ...common, install: flags.text('install') }
    case 'mcp':
      return {
        command: 'mcp',
        ...common,
        project: flags.text('project'),
        allow: allowances(flags.texts('allow')),
      }
    case 'transcripts':
      return { command: 'transcripts', ...common, ...transcriptsAction(operands, flags.text('limit')) }
    case 'trust':
      if (operands.length > 1) throw usage(name, 'takes one directory')
      return { command: 'trust', ...common, dir: operands[0], revoke: flags.has('revoke'), yes: flags.has('yes') }
  }
}

function transcriptsAction([action, ...operands]: string[], written?: string): TranscriptsAction {
  const limit = written === undefined ? undefined : Number(written)
  if (limit !== undefined && !(/^\d+$/.test(written!) && limit > 0 && Number.isSafeInteger(limit)))
    throw usage('transcripts', '--limit must be a whole number from 1 on')
  const actions = ['list', 'search', 'show']
  switch (action) {
    case 'list':
      if (operands.length > 0) throw usage('transcripts', '`list` takes nothing more')
      return { action, limit }
    case 'search':
      if (operands.join('') === '') throw usage('transcripts', '`search` needs a text to look for')
      return { action, query: operands.join(' '), limit }
    case 'show':
      if (limit !== undefined) throw usage('transcripts', '`show` takes no --limit')
      if (operands.length !== 1 || operands[0] === '') throw usage('transcripts', '`show` needs the id of one session')
      return { action, id: operands[0]! }
    default:
      throw usage(
        'transcripts',
        action === undefined ? 'needs list, search or show' : `has no such action${suggestion(action, actions)}`,
      )
  }
}

function allowances(written: string[]): Allowance[] {
  const words = written.flatMap(list => list.split(',')).map(word => word.trim())
  const known = (word: string): word is Allowance => word === 'write' || word === 'shell'
  const wrong = words.find(word => !known(word))
  if (wrong !== undefined)
    throw usage('mcp', `--allow takes write and shell, separated by a comma${suggestion(wrong, ['write', 'shell'])}`)
  return [...new Set(words.filter(known))]
}

type Given = { flags: FlagReader; operands: string[] }
type FlagReader = {
  has(name: string): boolean
  text(name: string): string | undefined
  texts(name: string): string[]
  setting(name: string, key: ScalarKey): string | number | boolean | undefined
}
type Tokens = ReturnType<typeof tokenize>

/** Loosely, so that the messages about what is wrong are ours, and the same under every runtime. */
function tokenize(argv: readonly string[], flags: Record<string, Flag>) {
  const options = Object.fromEntries(
    Object.entries(flags).map(([name, { value }]) => [name, { type: value ? 'string' : 'boolean' } as const]),
  )
  const { tokens } = parseArgs({ args: [...argv], options, strict: false, tokens: true, allowPositionals: true })
  const written = tokens.filter(token => token.kind === 'option')
  return {
    tokens,
    written,
    names: new Set(written.map(token => token.name)),
    positionals: tokens.filter(token => token.kind === 'positional').map(token => token.value),
  }
}

function checkFlags({ written, positionals }: Tokens, command: CommandName): Given {
  const known = flagsOf(command)
  const values = new Map<string, string[]>()
  for (const { name, rawName, value, inlineValue } of written) {
    const flag = Object.hasOwn(known, name) && rawName.startsWith('--') ? known[name] : undefined
    if (!flag) throw unknownFlag(rawName, name, command)
    if (!flag.value && value !== undefined) throw usage(command, `--${name} takes no value`)
    if (flag.value && !value) throw usage(command, `--${name} needs a value: --${name} ${flag.value}`)
    if (value && !inlineValue && /^-./.test(value))
      throw usage(command, `--${name} needs a value (one that begins with a dash is written --${name}=…)`)
    values.set(name, [...(values.get(name) ?? []), value ?? ''])
  }
  const text = (name: string) => values.get(name)?.at(-1)
  return {
    operands: positionals,
    flags: {
      has: name => values.has(name),
      text,
      texts: name => values.get(name) ?? [],
      setting(name, key) {
        const given = text(name)
        const value = given === undefined ? undefined : readSetting(key, given)
        if (given !== undefined && value === undefined)
          throw usage(command, `--${name} must be ${SCALARS[key].expected}`)
        return value
      },
    },
  }
}

/** To find the command behind common flags, `--port 1 serve` must be read with the flags of all commands. */
const allFlags = (): Record<string, Flag> =>
  Object.assign({}, ...COMMAND_NAMES.map(name => COMMANDS[name].flags), COMMON_FLAGS)

function topic([name]: string[]): CommandName | undefined {
  if (name !== undefined && !isCommand(name)) throw unknownCommand(name)
  return name
}

const usage = (command: CommandName, what: string) =>
  new UsageError(`${command}: ${what}. See emacs-agent-backend ${command} --help.`)

const unknownCommand = (name: string) =>
  new UsageError(
    `There is no command ${quote(name)}${suggestion(name, COMMAND_NAMES)}. Commands: ${COMMAND_NAMES.join(', ')}.`,
  )

const unknownFlag = (written: string, name: string, command: CommandName) => {
  const names = Object.keys(flagsOf(command))
  return usage(
    command,
    `there is no flag ${quote(written)}${suggestion(name, names).replace('"', '"--')}; it takes ${names.map(flag => `--${flag}`).join(', ')}`,
  )
}

const quote = (word: string) => printable(JSON.stringify(cut(word, 41)))
