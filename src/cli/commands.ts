import { SCALARS } from '../config/settings.ts'

/** Every command and flag (the contract, "Command line"), said once: `args.ts` parses by it, `help.ts` prints it. */

export type Flag = {
  /** What stands for the value in the help; absent for a switch. */
  value?: string
  help: string
}

const MODEL = { value: 'M', help: 'the model, as provider/model or by its bare name or alias' }
const PROJECT = { value: 'DIR', help: 'the project (default: the current directory)' }

/** On every command. */
export const COMMON_FLAGS = {
  config: { value: 'FILE', help: "read FILE in place of the user's emacs-agent.toml" },
  'log-level': { value: 'LEVEL', help: SCALARS.log_level.expected },
  version: { help: 'print the version' },
  help: { help: 'print this' },
} as const satisfies Record<string, Flag>

export const COMMANDS = {
  serve: {
    usage: '',
    summary: 'The server: HTTP and events on 127.0.0.1. This is what Emacs starts, and what happens without a command.',
    flags: {
      host: {
        value: 'HOST',
        help: 'where to listen (default 127.0.0.1; anything but loopback needs EMACS_AGENT_TOKEN)',
      },
      port: { value: 'N', help: 'which port (default 9420; 0 takes a free one)' },
      'stdin-lifeline': { help: 'end when stdin ends; the token is then in the line on stdout, not in a file' },
      'no-auth': {
        help: 'ask for no token (loopback only): every local program and user can then run commands as you',
      },
    },
  },
  run: {
    usage: '[PROMPT]',
    summary:
      'One session in the terminal. Without PROMPT: a conversation on a terminal, else the prompt from stdin, else a short read-only tour of the project.',
    flags: {
      project: PROJECT,
      model: MODEL,
      agent: { value: 'A', help: 'the agent: build, plan, ask or one of yours' },
      yes: { help: 'approve what asks; what a rule or an agent denies stays denied' },
      json: { help: 'print the events, one a line' },
      resume: { value: 'ID', help: 'go on with an earlier session (the beginning of its id is enough)' },
    },
  },
  doctor: {
    usage: '',
    summary:
      'What is configured and what answers: files, models and keys, MCP servers, disk, Emacs. Each failure with its remedy.',
    flags: { json: { help: 'print the findings, one a line' } },
  },
  elisp: {
    usage: '',
    summary: 'Prints the embedded Emacs client, or installs it.',
    flags: { install: { value: 'DIR', help: 'write its files to DIR' } },
  },
  mcp: {
    usage: '',
    summary: 'Serves the built-in tools to an MCP client over stdio; read-only unless more is allowed.',
    flags: {
      project: PROJECT,
      allow: { value: 'write,shell', help: 'what else the client may do: write, shell or both' },
    },
  },
  transcripts: {
    usage: 'list | search QUERY | show ID',
    summary: 'The transcripts, on the terminal. The beginning of an ID is enough where no other begins like it.',
    flags: { limit: { value: 'N', help: 'list or find at most N (default 200)' } },
  },
  trust: {
    usage: '[DIR]',
    summary:
      'Shows what the emacs-agent.toml of the project in DIR (default: the current directory) would do, and lets it. A changed file is not trusted any more.',
    flags: {
      revoke: { help: 'trust it no longer' },
      yes: { help: 'do not ask' },
    },
  },
} as const satisfies Record<string, { usage: string; summary: string; flags: Record<string, Flag> }>

export type CommandName = keyof typeof COMMANDS
export const COMMAND_NAMES = Object.keys(COMMANDS) as CommandName[]

export const isCommand = (name: string): name is CommandName => Object.hasOwn(COMMANDS, name)

export const flagsOf = (command: CommandName): Record<string, Flag> => ({
  ...COMMANDS[command].flags,
  ...COMMON_FLAGS,
})
