import { printable } from '../base/controls.ts'
import { UsageError } from '../base/errors.ts'
import { cut } from '../base/text.ts'
import { suggestion } from '../config/nearest.ts'
import { readSetting, SCALARS, type ScalarKey, type Scalars } from '../config/settings.ts'
import { isTopic, SCHEMA_TOPICS, type SchemaTopic, TOPIC_NAMES, type Topic } from '../manual/topics.ts'
import {
  COMMAND_NAMES,
  COMMANDS,
  COMMON_FLAGS,
  type CommandName,
  type Common,
  type Flag,
  flagsOf,
  type Given,
  isCommand,
  type Options,
} from './commands.ts'
import { tokensOf } from './tokens.ts'

/** A command line, typed. */
export type Command = Help | { command: 'version' } | { [K in CommandName]: Options<K> }[CommandName]

/** A name may be that of a command and of a topic: then both are shown. `schema` alone where `--json-schema` asks for it. */
export type Help = { command: 'help'; about?: CommandName; topic?: Topic | 'manual'; schema?: SchemaTopic }

/** Parses what follows the program's name. Throws UsageError that names what exists, and the nearest to what was written. */
export function parseCommand(argv: readonly string[]): Command {
  const all = tokenize(argv, allFlags())
  const first = all.tokens.find(token => token.kind === 'positional')
  if (first && !isCommand(first.value) && first.value !== 'help') {
    // `--prot 9420` is a mistyped flag, not the command 9420.
    const stray = all.written.find(({ name }) => !Object.hasOwn(allFlags(), name))
    throw stray ? unknownFlag(stray.rawName, stray.name, 'serve') : unknownCommand(first.value)
  }
  // Two words may name a command together: `mcp import`.
  const both = first && `${first.value} ${argv[first.index + 1]}`
  const isBoth = both !== undefined && isCommand(both)
  const name = isBoth ? both : first && isCommand(first.value) ? first.value : 'serve'
  const rest = first ? argv.toSpliced(first.index, isBoth ? 2 : 1) : argv
  const given = tokenize(rest, flagsOf(name))

  if (first?.value === 'help') return helpOn(given)
  if (given.names.has('help') || given.names.has('h')) return { command: 'help', about: first && name }
  if (given.names.has('version')) return { command: 'version' }
  return commandFrom(name, checkFlags(given, name))
}

function commandFrom(command: CommandName, given: Given): Command {
  const { usage, read } = COMMANDS[command]
  if (given.operands.length > 0 && usage === '') throw given.wrong('takes flags only')
  const common: Common = {
    config_file: given.flags.text('config'),
    log_level: given.flags.setting('log-level', 'log_level'),
  }
  return { command, ...common, ...read(given) } as Command
}

type Tokens = ReturnType<typeof tokenize>

/** Loosely, so that the messages about what is wrong are ours, and the same under every runtime. */
function tokenize(argv: readonly string[], flags: Record<string, Flag>) {
  const tokens = tokensOf(argv, name => Object.hasOwn(flags, name) && flags[name]!.value !== undefined)
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
    wrong: what => usage(command, what),
    flags: {
      has: name => values.has(name),
      text,
      texts: name => values.get(name) ?? [],
      setting<K extends ScalarKey>(name: string, key: K) {
        const given = text(name)
        const value = given === undefined ? undefined : readSetting(key, given)
        if (given !== undefined && value === undefined)
          throw usage(command, `--${name} must be ${SCALARS[key].expected}`)
        return value as Scalars[K] | undefined
      },
    },
  }
}

/**
 * To find the command behind common flags, `--port 1 serve` must be read with the flags of all commands. Where one of them
 * takes a value in one command and none in another, it does.
 */
const allFlags = (): Record<string, Flag> => {
  const flags = COMMAND_NAMES.flatMap((name): [string, Flag][] => Object.entries(flagsOf(name)))
  return Object.fromEntries([...flags.filter(([, { value }]) => !value), ...flags.filter(([, { value }]) => value)])
}

function helpOn({ names, written, positionals: [first, second, ...more] }: Tokens): Help {
  const both = `${first} ${second}`
  const isBoth = isCommand(both)
  if (more.length > 0 || (second !== undefined && !isBoth))
    throw new UsageError('help takes one command or topic. See emacs-agent-backend help.')
  const stray = written.find(({ name }) => name !== JSON_SCHEMA && !Object.hasOwn(COMMON_FLAGS, name))
  if (stray) throw new UsageError(`help: there is no flag ${quote(stray.rawName)}; it takes --${JSON_SCHEMA}.`)
  if (names.has(JSON_SCHEMA)) return { command: 'help', schema: schemaTopic(first) }
  if (first === undefined || isBoth) return { command: 'help', about: isBoth ? both : undefined }
  const about = isCommand(first) ? first : undefined
  const topic = isTopic(first) || first === 'manual' ? first : undefined
  if (about === undefined && topic === undefined) throw unknownTopic(first)
  return { command: 'help', about, topic }
}

const JSON_SCHEMA = 'json-schema'

function schemaTopic(name?: string): SchemaTopic {
  const topic = SCHEMA_TOPICS.find(topic => topic === name)
  if (!topic) throw new UsageError(`help: --${JSON_SCHEMA} goes with ${SCHEMA_TOPICS.join(', ')}.`)
  return topic
}

const usage = (command: CommandName, what: string) =>
  new UsageError(`${command}: ${what}. See emacs-agent-backend ${command} --help.`)

const unknownCommand = (name: string) =>
  new UsageError(
    `There is no command ${quote(name)}${suggestion(name, COMMAND_NAMES)}. Commands: ${COMMAND_NAMES.join(', ')}.`,
  )

const unknownTopic = (name: string) =>
  new UsageError(
    `There is no command or topic ${quote(name)}${suggestion(name, [...COMMAND_NAMES, ...TOPIC_NAMES])}. Topics: ${TOPIC_NAMES.join(', ')}.`,
  )

const unknownFlag = (written: string, name: string, command: CommandName) => {
  const names = Object.keys(flagsOf(command))
  return usage(
    command,
    `there is no flag ${quote(written)}${suggestion(name, names).replace('"', '"--')}; it takes ${names.map(flag => `--${flag}`).join(', ')}`,
  )
}

const quote = (word: string) => printable(JSON.stringify(cut(word, 41)))
