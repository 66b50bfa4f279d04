import { COMMAND_NAMES, COMMANDS, COMMON_FLAGS, type Flag } from '../../src/cli/commands.ts'
import { TOPICS } from '../../src/manual/topics.ts'
import { NAME } from '../build/targets.ts'

/** The man page (man(7)), made from the table that parses the command line. `day` is the date of the release. */
export function manPage(version: string, day: string): string {
  const commands = COMMAND_NAMES.map(name => {
    const { usage, summary, flags } = COMMANDS[name]
    return `.SS "${escaped([name, usage].filter(Boolean).join(' '))}"\n${escaped(summary)}\n${flagRows(flags)}`
  })
  const topics = Object.entries(TOPICS).map(([name, text]) => `.TP\n.B ${name}\n${escaped(text)}`)
  return `.TH EMACS-AGENT-BACKEND 1 "${day}" "${NAME} ${version}" "User Commands"
.SH NAME
${escaped(NAME)} \\- the agent engine for Emacs
.SH SYNOPSIS
.B ${escaped(NAME)}
[\\fICOMMAND\\fR] [\\fIFLAGS\\fR]
.SH DESCRIPTION
One executable that Emacs starts: it runs the agent loop with language models, gives them tools, asks before anything changes,
streams everything over HTTP, and keeps every conversation. Without a command it is
.BR serve .
.SH COMMANDS
${commands.join('\n')}
.SH FLAGS OF EVERY COMMAND
${flagRows(COMMON_FLAGS)}
.SH TOPICS
.B ${escaped(`${NAME} help`)} \\fITOPIC\\fR explains:
${topics.join('\n')}
.SH EXIT STATUS
0 done, 1 failed or limit reached, 2 wrong use or taken port, 130 interrupted twice.
.SH FILES
.TP
.I \\(ti/.config/emacs\\-agent/emacs\\-agent.toml
the configuration
.TP
.I \\(ti/.emacs\\-agent/transcripts
every conversation
.SH ENVIRONMENT
.TP
.B ANTHROPIC_API_KEY, OPENAI_API_KEY, GEMINI_API_KEY
keys of providers
.TP
.B EMACS_AGENT_\\fIKEY\\fR
any key of the configuration that is one value
`
}

const flagRows = (flags: Record<string, Flag>): string =>
  Object.entries(flags)
    .map(
      ([name, { value, help }]) =>
        `.TP\n.B \\-\\-${escaped(name)}${value ? ` \\fI${escaped(value)}\\fR` : ''}\n${escaped(help)}`,
    )
    .join('\n')

/** A line must not begin with a control character, and a dash that is typed is no hyphen. */
const escaped = (text: string): string =>
  text
    .replaceAll('\\', '\\(rs')
    .replaceAll('-', '\\-')
    .replace(/^(?=[.'])/gm, '\\&')
