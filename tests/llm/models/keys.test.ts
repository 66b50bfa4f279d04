import { expect, test } from 'bun:test'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { AppError } from '../../../src/base/errors.ts'
import type { Config, ProviderConfig } from '../../../src/config/config.ts'
import { createKeys } from '../../../src/llm/models/keys.ts'
import { providersOf } from '../../../src/llm/models/providers.ts'
import { createSignIns } from '../../../src/llm/sign-in/sign-ins.ts'
import { tempDir } from '../../support/temp.ts'

const dir = tempDir()

function keysOf(
  providers: Record<string, ProviderConfig>,
  env: Record<string, string | undefined> = {},
  limit_ms?: number,
) {
  const config = { providers, mcp_servers: [] } as unknown as Config
  const all = providersOf(config, env)
  const signIns = createSignIns(config, undefined)
  const keys = createKeys({
    ...{ config, providers: all, signIns, limit_ms },
    env: { PATH: process.env.PATH, HOME: dir, ...env },
  })
  return { keys, provider: (name: string) => all.get(name)! }
}

/** A program of ours, run by this very runtime: no shell, no quoting. */
let count = 0
function program(source: string): string[] {
  const path = join(dir, `program-${count++}.mjs`)
  writeFileSync(path, source)
  return [process.execPath, path]
}

async function failureOf(promise: Promise<unknown>): Promise<AppError> {
  const error = await promise.then(
    () => null,
    (error: unknown) => error,
  )
  if (!(error instanceof AppError)) throw new Error('did not fail with an AppError')
  return error
}

test('each source by itself, and which wins', async () => {
  const env = { ANTHROPIC_API_KEY: 'from-environment' }
  const config = { anthropic: { api_key: ' from-config\n', api_key_command: program('console.log("from-command")') } }
  const { keys, provider } = keysOf(config, env)
  const anthropic = provider('anthropic')
  expect(keys.sourceOf(anthropic)).toEqual({ source: 'config' })
  expect(await keys.find(anthropic)).toBe('from-config')
  keys.set(anthropic, 'from-memory\n')
  expect(keys.sourceOf(anthropic)).toEqual({ source: 'memory' })
  expect(await keys.find(anthropic)).toBe('from-memory')

  const command = keysOf({ anthropic: { api_key: '', api_key_command: config.anthropic.api_key_command } }, env)
  expect(command.keys.sourceOf(command.provider('anthropic'))).toEqual({ source: 'command', name: process.execPath })
  expect(await command.keys.find(command.provider('anthropic'))).toBe('from-command')

  const environment = keysOf({}, env)
  expect(environment.keys.sourceOf(environment.provider('anthropic'))).toEqual({
    source: 'environment',
    name: 'ANTHROPIC_API_KEY',
  })
  expect(await environment.keys.find(environment.provider('anthropic'))).toBe('from-environment')
})

test.each([
  ['openai', { OPENAI_API_KEY: 'openai-key' }, 'openai-key'],
  ['gemini', { GEMINI_API_KEY: 'gemini-key', GOOGLE_API_KEY: 'google-key' }, 'gemini-key'],
  ['gemini', { GEMINI_API_KEY: ' ', GOOGLE_API_KEY: 'google-key' }, 'google-key'],
  ['gemini', {}, undefined],
  ['local', { OPENAI_API_KEY: 'openai-key' }, undefined],
  ['own', { OWN_API_KEY: 'own-key', OPENAI_API_KEY: 'openai-key' }, undefined],
])('%s finds its key in %p', async (name, env, key) => {
  const { keys, provider } = keysOf({ own: { kind: 'openai-compatible', base_url: 'https://own.test/v1' } }, env)
  expect(await keys.find(provider(name))).toBe(key)
})

test('a command gives its first line, runs once for many, at home, without our own variables', async () => {
  const ran = join(dir, 'ran')
  const command = program(`
    import { appendFileSync } from 'node:fs'
    appendFileSync(${JSON.stringify(ran)}, JSON.stringify([process.cwd(), process.env.EMACS_AGENT_TOKEN ?? null, process.env.OTHER]) + '\\n')
    console.log('\\n  the-key-itself\\r\\nuser: someone')`)
  const env = { EMACS_AGENT_TOKEN: 'ours', OTHER: 'kept' }
  const { keys, provider } = keysOf({ openai: { api_key_command: command } }, env)
  expect(keys.secrets()).toEqual([])
  const found = await Promise.all([1, 2, 3].map(() => keys.find(provider('openai'))))
  expect([...found, await keys.find(provider('openai'))]).toEqual(Array(4).fill('the-key-itself'))
  const [line, ...more] = readFileSync(ran, 'utf8').trim().split('\n')
  expect(more).toEqual([])
  expect(JSON.parse(line!).slice(1)).toEqual([null, 'kept'])
  expect(JSON.parse(line!)[0]).toEndWith(dir)
  expect(keys.secrets()).toEqual(['the-key-itself'])
})

test.each([
  ['no shell', ['echo $HOME'], 'could not be started'],
  ['a program that is not there', ['no-such-program-here'], 'could not be started'],
  [
    'an exit code',
    program('console.error("SECRET-ON-STDERR"); console.log("SECRET-ON-STDOUT"); process.exit(3)'),
    'ended with exit code 3',
  ],
  ['no output', program(''), 'printed nothing'],
  ['a binary output', program('process.stdout.write("a\\u0007b c")'), 'printed something that is no key'],
])('a failing command is LLM_AUTH: %s', async (_, command, words) => {
  const { keys, provider } = keysOf({ openai: { api_key_command: command } })
  const error = await failureOf(keys.find(provider('openai')))
  expect(error.code).toBe('LLM_AUTH')
  expect(error.message).toContain(words)
  expect(error.message).toContain(`(${command[0]})`)
  expect(error.message).toContain('Set OPENAI_API_KEY')
  expect(error.message).not.toContain('SECRET')
})

test.each(['“sk-ant-0123456789”', 'sk-ant-\n0123456789', 'sk-ant-0123456789\u00a0x', 'sk\u2028x', 'sk\u0000x'])(
  'a key that is not valid in a header is LLM_AUTH, and not shown: %j',
  async key => {
    const named = keysOf({}, { OPENAI_API_KEY: key })
    const written = keysOf({ openai: { api_key: key } })
    for (const [{ keys, provider }, from] of [
      [named, 'OPENAI_API_KEY'],
      [written, 'emacs-agent.toml'],
    ] as const) {
      const error = await failureOf(keys.find(provider('openai')))
      expect(error.code).toBe('LLM_AUTH')
      expect(error.message).toContain(`The key of openai, from ${from}, `)
      expect(error.message).not.toContain('sk')
    }
  },
)

test('a command that failed is tried again', async () => {
  const flag = join(dir, 'unlocked')
  const command = program(`import { existsSync } from 'node:fs'
    if (!existsSync(${JSON.stringify(flag)})) process.exit(1)
    console.log('unlocked-key')`)
  const { keys, provider } = keysOf({ openai: { api_key_command: command } })
  expect((await failureOf(keys.find(provider('openai')))).code).toBe('LLM_AUTH')
  writeFileSync(flag, '')
  expect(await keys.find(provider('openai'))).toBe('unlocked-key')
})

test('a command that takes too long is ended', async () => {
  const { keys, provider } = keysOf({ openai: { api_key_command: program('setInterval(() => {}, 1000)') } }, {}, 200)
  const error = await failureOf(keys.find(provider('openai')))
  expect(error.code).toBe('LLM_AUTH')
  expect(error.message).toContain('SIGKILL')
})

test('whoever gives up does not take the key from the others; the last one ends the command', async () => {
  const { keys, provider } = keysOf({
    openai: { api_key_command: program('setTimeout(() => console.log("late-but-there"), 300)') },
  })
  const impatient = new AbortController()
  const first = keys.find(provider('openai'), impatient.signal)
  const second = keys.find(provider('openai'))
  impatient.abort(new Error('stopped'))
  expect(first).rejects.toThrow('stopped')
  expect(await second).toBe('late-but-there')

  const endless = keysOf({ openai: { api_key_command: program('setInterval(() => {}, 1000)') } })
  const only = new AbortController()
  const waiting = endless.keys.find(endless.provider('openai'), only.signal)
  only.abort(new Error('stopped'))
  await expect(waiting).rejects.toThrow('stopped')
  await expect(endless.keys.find(endless.provider('openai'), AbortSignal.abort(new Error('before')))).rejects.toThrow(
    'before',
  )
})

test('what can be no key is refused, and not repeated', () => {
  const { keys, provider } = keysOf({})
  for (const key of ['', '  ', 'two words', 'line\nbreak', 'käse', '\u0007bell']) {
    let error: unknown
    try {
      keys.set(provider('openai'), key)
    } catch (thrown) {
      error = thrown
    }
    expect(error).toBeInstanceOf(AppError)
    expect((error as AppError).code).toBe('INVALID_REQUEST')
    expect((error as AppError).message).not.toContain('käse')
  }
  expect(keys.sourceOf(provider('openai'))).toBeUndefined()
})

test('secrets are all keys and credentials, but no placeholder', () => {
  const { keys, provider } = keysOf(
    {
      own: {
        kind: 'openai-compatible',
        api_key: 'config-key-1234',
        headers: { Authorization: 'Bearer header-token-1', 'X-Title': 'not a secret', 'x-api-key': 'header-key-2' },
      },
      local: { api_key: 'none' },
    },
    { ANTHROPIC_API_KEY: 'sk-ant-0123456789', GOOGLE_API_KEY: 'AIza0123456789' },
  )
  keys.set(provider('openai'), 'memory-key-42')
  expect(keys.secrets().toSorted()).toEqual(
    [
      'memory-key-42',
      'config-key-1234',
      'sk-ant-0123456789',
      'AIza0123456789',
      'Bearer header-token-1',
      'header-token-1',
      'header-key-2',
    ].sort(),
  )
})
