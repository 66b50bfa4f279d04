import type { UsageError } from '../base/errors.ts'
import { SCALARS, type ScalarKey, type Scalars } from '../config/settings.ts'
import { allowances, modelsAction, oneProvider, transcriptsAction } from './operands.ts'
import type { Process } from './process.ts'
import { serve } from './serve.ts'

/** Every command and flag (the contract, "Command line"), said once: `args.ts` parses by it, `help.ts` prints it, `main` runs it. */

export type Flag = {
  /** What stands for the value in the help; absent for a switch. */
  value?: string
  help: string
}

/** What was written behind a command. */
export type Given = { flags: FlagReader; operands: string[]; wrong(what: string): UsageError }
type FlagReader = {
  has(name: string): boolean
  text(name: string): string | undefined
  texts(name: string): string[]
  setting<K extends ScalarKey>(name: string, key: K): Scalars[K] | undefined
}
type Spec = {
  /** The operands, as the help shows them; empty for a command that takes flags only. */
  usage: string
  summary: string
  flags: Record<string, Flag>
  /** Paths stay as they were written; members named like settings are what `loadConfig` takes. Throws UsageError. */
  read(given: Given): object
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
    read: ({ flags }: Given) => ({
      host: flags.setting('host', 'host'),
      port: flags.setting('port', 'port'),
      stdin_lifeline: flags.has('stdin-lifeline'),
      no_auth: flags.has('no-auth'),
    }),
  },
  run: {
    usage: '[PROMPT]',
    summary:
      'One session in the terminal. Without PROMPT: a conversation on a terminal, else the prompt from stdin, else a short read-only tour of the project.',
    flags: {
      project: PROJECT,
      model: MODEL,
      agent: { value: 'A', help: 'the agent: build, plan, ask or one of yours' },
      mode: { value: 'MODE', help: 'what is done unasked: ask (default), accept-edits, sandboxed or plan' },
      yes: { help: 'approve what asks; what a rule or an agent denies stays denied' },
      json: { help: 'print the events, one a line' },
      resume: { value: 'ID', help: 'go on with an earlier session (the beginning of its id is enough)' },
    },
    read: ({ flags, operands }: Given) => ({
      // Words without quotes are one prompt; an empty one is none.
      prompt: operands.join(' ') || undefined,
      project: flags.text('project'),
      model: flags.text('model'),
      agent: flags.text('agent'),
      mode: flags.text('mode'),
      yes: flags.has('yes'),
      json: flags.has('json'),
      resume: flags.text('resume'),
    }),
  },
  doctor: {
    usage: '',
    summary:
      'What is configured and what answers: files, models and keys, MCP servers, disk, Emacs. Each failure with its remedy.',
    flags: { json: { help: 'print the findings, one a line' } },
    read: ({ flags }: Given) => ({ json: flags.has('json') }),
  },
  acp: {
    usage: '[PROVIDER|URL]',
    summary:
      'Serves an editor over stdio by the Agent Client Protocol: agent-shell, Zed, JetBrains, Neovim. Sessions are the same as everywhere.',
    flags: {
      login: { help: 'sign in at PROVIDER instead, or show what is configured; editors start this in a terminal' },
      attach: { help: 'use the sessions of a server that runs: at URL, or where the configuration says' },
    },
    read({ flags, operands: [operand, ...more], wrong }: Given) {
      const [login, attach] = [flags.has('login'), flags.has('attach')]
      if (login && attach) throw wrong('takes either --login or --attach')
      if (more.length > 0 || (operand !== undefined && !login && !attach))
        throw wrong('takes one PROVIDER behind --login, or one URL behind --attach')
      return { login, attach, operand }
    },
  },
  elisp: {
    usage: '',
    summary: 'Prints the embedded Emacs client, or installs it.',
    flags: { install: { value: 'DIR', help: 'write its files to DIR' } },
    read: ({ flags }: Given) => ({ install: flags.text('install') }),
  },
  mcp: {
    usage: '',
    summary: 'Serves the built-in tools to an MCP client over stdio; read-only unless more is allowed.',
    flags: {
      project: PROJECT,
      allow: { value: 'write,shell', help: 'what else the client may do: write, shell or both' },
    },
    read: (given: Given) => ({ project: given.flags.text('project'), allow: allowances(given) }),
  },
  'mcp import': {
    usage: '',
    summary:
      'Adds the MCP servers of other clients to your emacs-agent.toml, after it has shown them: Claude Desktop, Claude Code, VS Code, Cursor, Zed, opencode, Codex, Gemini. Variables take the place of secrets.',
    flags: {
      from: { value: 'FILE', help: 'from this file (default: where these clients keep theirs)' },
      user: { help: 'to your own file (the default)' },
      project: { help: "to the current project's emacs-agent.toml" },
      yes: { help: 'do not ask' },
    },
    read({ flags, wrong }: Given) {
      if (flags.has('user') && flags.has('project')) throw wrong('takes --user or --project, not both')
      return { from: flags.text('from'), project: flags.has('project'), yes: flags.has('yes') }
    },
  },
  transcripts: {
    usage: 'list | search QUERY | show ID',
    summary: 'The transcripts, on the terminal. The beginning of an ID is enough where no other begins like it.',
    flags: { limit: { value: 'N', help: 'list or find at most N (default 200)' } },
    read: transcriptsAction,
  },
  cost: {
    usage: '',
    summary: 'What the saved sessions used: turns, tokens and dollars, by model, project, day or agent.',
    flags: {
      since: { value: 'DAY', help: 'from this day or time on (UTC)' },
      until: { value: 'DAY', help: 'until before this day or time' },
      by: { value: 'WHAT', help: 'model (default), project, day or agent' },
      json: { help: 'print it as GET /api/usage returns it' },
    },
    read: ({ flags }: Given) => ({
      since: flags.text('since'),
      until: flags.text('until'),
      by: flags.text('by'),
      json: flags.has('json'),
    }),
  },
  login: {
    usage: 'PROVIDER',
    summary: 'Signs in at a provider with a [providers.NAME.oauth] table, by a code that is entered in a browser.',
    flags: {},
    read: oneProvider,
  },
  logout: {
    usage: 'PROVIDER',
    summary: 'Deletes the tokens of a provider, and revokes them where it can.',
    flags: {},
    read: oneProvider,
  },
  models: {
    usage: '[list | refresh]',
    summary:
      'The models that can be used, with windows and prices; `refresh` looks them up at models.dev and keeps them in the state directory.',
    flags: {
      all: { help: 'list those that cannot be used as well, and why' },
      from: { value: 'SOURCE', help: 'refresh from this file or address, in the shape of models.dev/api.json' },
    },
    read: modelsAction,
  },
  undo: {
    usage: '[SESSION]',
    summary:
      'Restores what a session changed: of its last turn, or what the flags name. SESSION is the beginning of an id; without it, the last session here that changed a file. No server is needed.',
    flags: {
      turn: { value: 'ID', help: 'what this turn changed' },
      call: { value: 'ID', help: 'what this tool call changed' },
      path: { value: 'FILE', help: 'what the session changed in this file or directory; may be repeated' },
      yes: { help: 'do not ask' },
    },
    read({ flags, operands, wrong }: Given) {
      if (operands.length > 1) throw wrong('takes one session')
      if (flags.has('turn') && flags.has('call')) throw wrong('takes --turn or --call, not both')
      return {
        session: operands[0],
        turn_id: flags.text('turn'),
        tool_call_id: flags.text('call'),
        paths: flags.texts('path'),
        yes: flags.has('yes'),
      }
    },
  },
  trust: {
    usage: '[DIR]',
    summary:
      'Shows what the emacs-agent.toml of the project in DIR (default: the current directory) would do, and lets it. A changed file is not trusted any more.',
    flags: {
      revoke: { help: 'trust it no longer' },
      yes: { help: 'do not ask' },
    },
    read({ flags, operands, wrong }: Given) {
      if (operands.length > 1) throw wrong('takes one directory')
      return { dir: operands[0], revoke: flags.has('revoke'), yes: flags.has('yes') }
    },
  },
} satisfies Record<string, Spec>

export type CommandName = keyof typeof COMMANDS
export type Common = { config_file?: string; log_level?: Scalars['log_level'] }
/** A command as it was read. */
export type Options<K extends CommandName> = { command: K } & Common & ReturnType<(typeof COMMANDS)[K]['read']>

/** Each is imported when it is asked for, and resolves with the exit code. */
const RUN: { [K in CommandName]: (options: Options<K>, host: Process) => Promise<number> } = {
  serve, // what Emacs starts: in the first file that is loaded
  run: async (options, host) => (await import('./run.ts')).run(options, host),
  acp: async (options, host) => (await import('./acp.ts')).acp(options, host),
  doctor: async (options, host) => (await import('./doctor.ts')).doctor(options, host),
  elisp: async (options, host) => (await import('./elisp.ts')).elisp(options, host),
  mcp: async (options, host) => (await import('./mcp.ts')).mcp(options, host),
  'mcp import': async (options, host) => (await import('./mcp-import.ts')).mcpImport(options, host),
  transcripts: async (options, host) => (await import('./transcripts.ts')).transcripts(options, host),
  cost: async (options, host) => (await import('./cost.ts')).cost(options, host),
  login: async (options, host) => (await import('./login.ts')).login(options, host),
  logout: async (options, host) => (await import('./login.ts')).logout(options, host),
  models: async (options, host) => (await import('./models.ts')).models(options, host),
  undo: async (options, host) => (await import('./undo.ts')).undo(options, host),
  trust: async (options, host) => (await import('./trust.ts')).trust(options, host),
}

export const COMMAND_NAMES = Object.keys(COMMANDS) as CommandName[]

export const isCommand = (name: string): name is CommandName => Object.hasOwn(COMMANDS, name)

export const flagsOf = (command: CommandName): Record<string, Flag> => ({
  ...COMMANDS[command].flags,
  ...COMMON_FLAGS,
})

/** Runs a command by the row that read it. */
export const runCommand = (options: Options<CommandName>, host: Process): Promise<number> =>
  (RUN[options.command] as (options: object, host: Process) => Promise<number>)(options, host)
