import { manual, page, schemaOf } from '../manual/manual.ts'
import { TOPICS } from '../manual/topics.ts'
import type { Help } from './args.ts'
import { COMMAND_NAMES, COMMANDS, COMMON_FLAGS, type CommandName, type Flag } from './commands.ts'

const PROGRAM = 'emacs-agent-backend'
const WIDTH = 80

/** What `help` and `--help` print: all commands and topics, one command, a page of the manual, or its schema. Ends with a newline. */
export async function helpText({ about, topic, schema }: Omit<Help, 'command'>, version: string): Promise<string> {
  if (schema) return `${JSON.stringify(await schemaOf(schema, version), null, 2)}\n`
  if (topic === 'manual') return manual(version)
  const parts = [...(about ? [commandHelp(about)] : []), ...(topic ? [await page(topic, version)] : [])]
  return parts.length > 0 ? parts.join('\n') : overview()
}

function overview(): string {
  return `Usage: ${PROGRAM} [COMMAND] [FLAGS]

The agent engine for Emacs. Without a command it is \`serve\`.

Commands:
${rows(COMMAND_NAMES.map(name => [name, COMMANDS[name].summary]))}

Flags of every command:
${flagRows(COMMON_FLAGS)}

Topics of \`help TOPIC\` (Org text; \`help manual\` prints all of them):
${rows(Object.entries(TOPICS))}

Settings come from flags, EMACS_AGENT_<KEY> variables, a trusted project's
emacs-agent.toml and ~/.config/emacs-agent/emacs-agent.toml, in this order.
Exit codes: 0 done, 1 failed or limit reached, 2 wrong use or taken port,
130 interrupted twice.
`
}

function commandHelp(command: CommandName): string {
  const { usage, summary, flags } = COMMANDS[command]
  const own = Object.keys(flags).length > 0 ? `\nFlags:\n${flagRows(flags)}\n` : ''
  return `Usage: ${[PROGRAM, command, usage, '[FLAGS]'].filter(Boolean).join(' ')}

${wrap(summary, WIDTH).join('\n')}
${own}
Flags of every command:
${flagRows(COMMON_FLAGS)}
`
}

const flagRows = (flags: Record<string, Flag>) =>
  rows(Object.entries(flags).map(([name, { value, help }]) => [value ? `--${name} ${value}` : `--${name}`, help]))

/** Two columns; the second is wrapped. */
function rows(pairs: [string, string][]): string {
  const width = Math.max(...pairs.map(([left]) => left.length)) + 4
  return pairs
    .map(([left, right]) => `  ${left}`.padEnd(width) + wrap(right, WIDTH - width).join(`\n${' '.repeat(width)}`))
    .join('\n')
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const line = lines.at(-1)
    if (line !== undefined && line.length + word.length < width) lines[lines.length - 1] = `${line} ${word}`
    else lines.push(word)
  }
  return lines
}
