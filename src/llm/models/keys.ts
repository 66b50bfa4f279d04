import { spawn } from 'node:child_process'
import { homedir } from 'node:os'
import { abortable } from '../../base/abort.ts'
import { AppError } from '../../base/errors.ts'
import type { Config } from '../../config/config.ts'
import { SHORTEST_SECRET, secretsOf } from '../../config/environment.ts'
import { LlmError } from '../errors.ts'
import type { SignIns } from '../sign-in/sign-ins.ts'
import { keyRemedy, type Provider } from './providers.ts'

export type KeySource = 'memory' | 'config' | 'command' | 'sign-in' | 'environment'

export type Keys = {
  /** Where a provider's key would come from, without fetching it; `name` is the variable or the program. */
  sourceOf(provider: Provider): { source: KeySource; name?: string } | undefined
  /** The key, undefined where there is none. Runs `api_key_command` on first use. Throws LLM_AUTH when that fails, and for what can be no key. */
  find(provider: Provider, signal?: AbortSignal): Promise<string | undefined>
  /** Keeps a key in memory, before all other sources. Throws INVALID_REQUEST for what can be no key. */
  set(provider: Provider, key: string): void
  /** Every key known so far, and every secret of the configuration: what must never be shown. */
  secrets(): readonly string[]
}

/** A command may wait for someone to type a passphrase. */
const COMMAND_LIMIT_MS = 120_000
const MAX_OUTPUT = 65_536

/** Looks in memory (`PUT /api/providers/:name/key`), then the configuration, its command, a sign-in, and the environment. */
export function createKeys(options: {
  config: Config
  env: Record<string, string | undefined>
  providers: Map<string, Provider>
  signIns: SignIns
  limit_ms?: number
}): Keys {
  const { config, env, providers, signIns, limit_ms = COMMAND_LIMIT_MS } = options
  const memory = new Map<string, string>()
  /** All that were ever set or fetched: one that was replaced is a secret still. */
  const given = new Set<string>()
  const fetched = new Map<string, { key: string; until: number }>()
  const running = new Map<string, Run>()
  const entryOf = (provider: Provider) =>
    Object.hasOwn(config.providers, provider.name) ? config.providers[provider.name] : undefined
  const variableOf = (provider: Provider) => provider.key_names.find(name => env[name]?.trim())

  let configured: string[] | undefined
  let known: { count: number; list: readonly string[] } | undefined
  const configuredSecrets = (): string[] => {
    const variables = [...providers.values()].flatMap(provider => provider.key_names.map(name => env[name]))
    const all = [...secretsOf(config), ...variables]
    return all.flatMap(key => (key ? [key.trim()] : [])).filter(isSecret)
  }

  const sourceOf: Keys['sourceOf'] = provider => {
    if (memory.has(provider.name)) return { source: 'memory' }
    if (entryOf(provider)?.api_key?.trim()) return { source: 'config' }
    const program = entryOf(provider)?.api_key_command?.[0]
    if (program) return { source: 'command', name: program }
    if (signIns.has(provider.name)) return { source: 'sign-in' }
    const variable = variableOf(provider)
    return variable ? { source: 'environment', name: variable } : undefined
  }

  const fromCommand = async (provider: Provider, signal?: AbortSignal): Promise<string> => {
    const known = fetched.get(provider.name)
    if (known && performance.now() < known.until) return known.key
    const run = running.get(provider.name) ?? startCommand(provider, entryOf(provider)!.api_key_command!, env, limit_ms)
    running.set(provider.name, run)
    try {
      const key = await waitFor(run, signal)
      if (isSecret(key)) given.add(key)
      const { key_seconds = Number.POSITIVE_INFINITY } = provider
      fetched.set(provider.name, { key, until: performance.now() + key_seconds * 1000 })
      return key
    } finally {
      if (running.get(provider.name) === run && run.over) running.delete(provider.name)
    }
  }

  /** Throws LLM_AUTH for what no request can carry, as a key copied with typographic quotes: `fetch` would name the network. */
  const sendable = (provider: Provider, key: string, from: string): string => {
    if (/^[\x20-\x7e]+$/.test(key)) return key
    const what = 'holds a character that no key has, such as a line break or a typographic quote'
    throw new LlmError('LLM_AUTH', `The key of ${provider.name}, from ${from}, ${what}. Copy it again.`)
  }

  return {
    sourceOf,
    async find(provider, signal) {
      switch (sourceOf(provider)?.source) {
        case 'memory':
          return memory.get(provider.name)
        case 'config':
          return sendable(provider, entryOf(provider)!.api_key!.trim(), 'emacs-agent.toml')
        case 'command':
          return fromCommand(provider, signal)
        case 'sign-in':
          return signal ? abortable(signIns.token(provider.name), signal) : signIns.token(provider.name)
        case 'environment': {
          const name = variableOf(provider)!
          return sendable(provider, env[name]!.trim(), name)
        }
        default:
          return undefined
      }
    },
    set(provider, key) {
      const trimmed = key.trim()
      if (!isHeaderSafe(trimmed))
        throw new AppError('INVALID_REQUEST', 'key: expected one line of printable ASCII characters without blanks.')
      if (isSecret(trimmed)) given.add(trimmed)
      memory.set(provider.name, trimmed)
    },
    secrets() {
      // Asked with each token of an answer: what is given or read is added, and never taken away.
      const signedIn = signIns.secrets()
      const count = signedIn.size + given.size
      if (known?.count !== count) {
        configured ??= configuredSecrets()
        known = { count, list: [...new Set([...configured, ...signedIn, ...given])] }
      }
      return known.list
    },
  }
}

const isSecret = (key: string) => key.length >= SHORTEST_SECRET

const isHeaderSafe = (key: string) => /^[\x21-\x7e]+$/.test(key)

/** A command under way, shared by all who wait for it; the last one to give up ends it. */
type Run = { key: Promise<string>; waiting: number; over: boolean; end(): void }

function startCommand(
  provider: Provider,
  [program, ...args]: string[],
  env: Record<string, string | undefined>,
  limit_ms: number,
): Run {
  const failed = (what: string) =>
    new LlmError(
      'LLM_AUTH',
      `The key of ${provider.name} could not be had: api_key_command (${program}) ${what}. ${keyRemedy(provider)}`,
    )
  const own = Object.entries(env).filter(([name]) => !name.startsWith('EMACS_AGENT_'))
  const child = spawn(program!, args, {
    // At home: never in a project, where a relative path or a `.` in PATH would find the project's own program.
    cwd: env.HOME || homedir(),
    env: Object.fromEntries(own),
    stdio: ['ignore', 'pipe', 'ignore'],
    timeout: limit_ms,
    killSignal: 'SIGKILL',
    windowsHide: true,
  })
  const run: Run = { key: Promise.resolve(''), waiting: 0, over: false, end: () => child.kill('SIGKILL') }
  run.key = new Promise<string>((resolve, reject) => {
    let output = ''
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      if (output.length < MAX_OUTPUT) output += chunk
    })
    child.on('error', () => reject(failed('could not be started')))
    child.on('close', (code, signal) => {
      if (signal) return reject(failed(`was ended by ${signal}, or took over ${Math.round(limit_ms / 1000)} s`))
      if (code !== 0) return reject(failed(`ended with exit code ${code}`))
      // `pass` keeps the password in the first line, and notes below it.
      const key = output
        .split('\n')
        .map(line => line.trim())
        .find(Boolean)
      if (!key) return reject(failed('printed nothing'))
      return isHeaderSafe(key) ? resolve(key) : reject(failed('printed something that is no key'))
    })
  }).finally(() => {
    run.over = true
  })
  run.key.catch(() => {}) // callers that still wait receive it from waitFor
  return run
}

async function waitFor(run: Run, signal?: AbortSignal): Promise<string> {
  signal?.throwIfAborted()
  run.waiting += 1
  try {
    return await (signal ? abortable(run.key, signal) : run.key)
  } finally {
    run.waiting -= 1
    if (run.waiting === 0) {
      run.over = true // at the latest now: nobody may join a command that is being ended
      run.end()
    }
  }
}
