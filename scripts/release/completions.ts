import { COMMAND_NAMES, COMMANDS, flagsOf } from '../../src/cli/commands.ts'
import { TOPICS } from '../../src/manual/topics.ts'
import { NAME } from '../build/targets.ts'

/** Completion scripts, made from the table that parses the command line. */

/** Words that may follow a command, beside its flags. */
const WORDS: Record<string, string[]> = {
  '': [...COMMAND_NAMES.filter(name => !name.includes(' ')), 'help'],
  help: Object.keys(TOPICS),
  mcp: ['import'],
  models: ['list', 'refresh'],
  transcripts: ['list', 'search', 'show'],
}
const COMMANDS_ONE_WORD = WORDS['']!

const flagsAt = (command: string): [string, { value?: string; help: string }][] =>
  command === 'help'
    ? [['json-schema', { help: 'print the JSON Schema' }]]
    : Object.entries(flagsOf((command || 'serve') as keyof typeof COMMANDS))
const summaryOf = (command: string): string =>
  command === 'help' ? 'The manual, by topic.' : COMMANDS[command as keyof typeof COMMANDS].summary

/** For bash-completion. Where a value follows a flag, file names are offered. */
export function bash(): string {
  const cases = ['', ...COMMANDS_ONE_WORD].map(command => {
    const flags = flagsAt(command).map(([name]) => `--${name}`)
    return `    ${command || "''"}) words='${[...(WORDS[command] ?? []), ...flags].join(' ')}' ;;`
  })
  const valued = [
    ...new Set(COMMANDS_ONE_WORD.flatMap(flagsAt).flatMap(([name, { value }]) => (value ? [`--${name}`] : []))),
  ]
  return `# bash completion for ${NAME}
_${NAME.replaceAll('-', '_')}() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD - 1]} command= word words=
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case " ${COMMANDS_ONE_WORD.join(' ')} " in *" $word "*) command=$word && break ;; esac
  done
  case $previous in
    ${valued.join(' | ')}) mapfile -t COMPREPLY < <(compgen -f -- "$current") && return ;;
  esac
  case $command in
${cases.join('\n')}
  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}
complete -o default -F _${NAME.replaceAll('-', '_')} ${NAME}
`
}

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`
/** What stands between brackets in zsh. */
const bracketed = (text: string): string => text.replace(/[[\]:\\]/g, '\\$&')

export function zsh(): string {
  const commands = COMMANDS_ONE_WORD.map(name => `    ${quoted(`${name}:${summaryOf(name).replaceAll(':', '\\:')}`)}`)
  const cases = COMMANDS_ONE_WORD.map(command => {
    const flags = flagsAt(command).map(
      ([name, { value, help }]) =>
        `        ${quoted(`--${name}[${bracketed(help)}]${value ? `:${bracketed(value)}:_files` : ''}`)}`,
    )
    const words = WORDS[command] ? `        '*:word:(${WORDS[command].join(' ')})'` : "        '*:file:_files'"
    return `      ${command})\n        _arguments \\\n${[...flags, words].join(' \\\n')}\n        ;;`
  })
  return `#compdef ${NAME}
_${NAME}() {
  local context state line
  local -a commands=(
${commands.join('\n')}
  )
  _arguments -C '1:command:->command' '*::argument:->argument'
  case $state in
    command) _describe command commands ;;
    argument)
      case $line[1] in
${cases.join('\n')}
      esac
      ;;
  esac
}
_${NAME} "$@"
`
}

export function fish(): string {
  const lines = COMMANDS_ONE_WORD.flatMap(command => {
    const here = `complete -c ${NAME} -n '__fish_seen_subcommand_from ${command}'`
    return [
      `complete -c ${NAME} -n __fish_use_subcommand -f -a ${command} -d ${quoted(summaryOf(command))}`,
      ...(WORDS[command] ?? []).map(word => `${here} -f -a ${word}`),
      ...flagsAt(command).map(
        ([name, { value, help }]) => `${here} -l ${name} -d ${quoted(help)}${value ? ' -r' : ''}`,
      ),
    ]
  })
  return `${lines.join('\n')}\n`
}
