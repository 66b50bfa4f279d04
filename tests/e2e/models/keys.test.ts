import { beforeAll, describe, expect, test } from 'bun:test'
import { chmodSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Backend, type Home, makeHome } from '../../support/backend.ts'
import {
  FAMILIES,
  type Families,
  type Family,
  follow,
  KEYS,
  type Line,
  MODELS,
  openSession,
  startFamilies,
  storedOf,
} from '../../support/families.ts'
import type { Asked } from '../../support/model-server.ts'
import { tempDir } from '../../support/temp.ts'

/** Which header carries the key of each family. */
const keyIn = ({ headers }: Asked, family: Family): string | undefined =>
  family === 'anthropic'
    ? (headers['x-api-key'] as string)
    : ((headers['x-goog-api-key'] as string) ?? headers.authorization?.replace('Bearer ', ''))

/** Every file below a directory, by path, with its bytes. What is gone when it is to be read was a file of a moment. */
function filesBelow(path: string): [path: string, bytes: string][] {
  if (!existsSync(path)) return []
  return readdirSync(path, { withFileTypes: true }).flatMap((entry): [string, string][] => {
    const below = join(path, entry.name)
    if (entry.isDirectory()) return filesBelow(below)
    try {
      return [[below, readFileSync(below, 'latin1')]]
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
      throw error
    }
  })
}

/** Where anything of `secret` shows in what the backend wrote below a home and said, but for the configuration itself. */
async function leaks(
  secret: string,
  home: Home,
  backend: Backend,
  streams: { frames: unknown[] }[],
): Promise<string[]> {
  const routes = [
    '/health',
    '/api/sessions',
    '/api/models',
    '/api/agents',
    '/api/tools',
    '/api/mcp',
    '/api/rules',
    '/metrics',
    '/openapi.json',
    '/api/transcripts?limit=1000',
    '/api/transcripts/search?q=e',
  ]
  const { body } = await backend.call('GET /api/sessions')
  for (const { session_id } of body.sessions)
    for (const format of ['json', 'markdown', 'org'])
      routes.push(`/api/sessions/${session_id}/transcript?format=${format}`)
  const said = await Promise.all(routes.map(async route => [route, (await backend.call(`GET ${route}`)).text] as const))
  // What is kept for undo are the project's own files, byte for byte: with a secret left out they could not be restored.
  const written = (path: string) => !/\.config|\.sh$|\/undo\//.test(path)
  const files = filesBelow(home.root).filter(([path]) => written(path))
  const all = [
    ...said,
    ...files,
    ['stderr', backend.stderr] as const,
    ['stdout', backend.stdout] as const,
    ...streams.map(stream => ['a stream', stream.frames.map(frame => JSON.stringify(frame)).join('\n')] as const),
  ]
  expect(files.length).toBeGreaterThan(0)
  return all.flatMap(([where, text]) => (text.includes(secret) ? [where] : []))
}

describe.each(FAMILIES)('the key of %s', family => {
  const key = `${KEYS[family]}-of-its-own`
  const [provider] = MODELS[family].split('/') as [string]
  const variable = {
    anthropic: 'ANTHROPIC_API_KEY',
    openai: 'OPENAI_API_KEY',
    gemini: 'GEMINI_API_KEY',
    test: 'TEST_KEY',
  }[provider]!
  let server: Families
  beforeAll(async () => {
    server = await startFamilies()
  })

  const SOURCES: [string, (home: Home) => { lines: string; env?: Record<string, string> }][] = [
    [
      'the environment',
      () => ({ lines: provider === 'test' ? `api_key = "\${${variable}}"` : '', env: { [variable]: key } }),
    ],
    ['the configuration', () => ({ lines: `api_key = "${key}"` })],
    [
      'a command',
      home => {
        const script = join(home.root, 'key.sh')
        writeFileSync(script, `#!/bin/sh\necho noise >&2\necho ${key}\necho a note below it\n`)
        chmodSync(script, 0o700)
        return { lines: `api_key_command = ["${script}"]` }
      },
    ],
    ['PUT /api/providers/:name/key', () => ({ lines: '' })],
  ]
  const suffix = { anthropic: '', chat: '/v1', responses: '/v1', gemini: '/v1beta' }[family]

  test.each(SOURCES)('comes from %s, and shows nowhere', async (source, configure) => {
    const home = makeHome('#')
    const { lines, env } = configure(home)
    const kind = family === 'chat' ? 'kind = "openai-compatible"\n' : ''
    writeFileSync(
      join(home.config, 'emacs-agent.toml'),
      `model = "${MODELS[family]}"\nlog_level = "debug"\n[providers.${provider}]\n${kind}base_url = "${server.model.url}${suffix}"\n${lines}\n`,
      { mode: 0o600 },
    )
    const backend = await Backend.start(home, { env })
    if (source.startsWith('PUT')) {
      const { status, text } = await backend.call(`PUT /api/providers/${provider}/key`, { key })
      expect(status).toBe(200)
      expect(text).not.toContain(key)
    }
    const session = await openSession({ backend, says: server.says }, family)
    const reply = await session.turn('Hello', [{ text: 'Hi.' }])
    expect(reply).toMatchObject({ status: 'success' })
    expect(keyIn(server.model.requests.at(-1)!, family)).toBe(key)
    expect(server.model.requests.at(-1)!.text).not.toContain(key)
    expect(server.model.requests.at(-1)!.path).not.toContain(key)
    const doctor = new Backend(['doctor'], { ...home.env, ...env }, home.root)
    await doctor.exited
    expect(doctor.stdout + doctor.stderr).not.toContain(key)
    expect(await leaks(key, home, backend, [session.stream])).toEqual([])
    await backend.stop()
  })
})

describe.each(FAMILIES)('%s says the key', family => {
  const key = KEYS[family]
  let on: Families
  beforeAll(async () => {
    on = await startFamilies('log_level = "debug"')
  })

  test('in errors, text, thinking, calls and results, in whatever pieces: it is nowhere to be found', async () => {
    const { backend, home, model } = on
    const project = tempDir({ 'note.txt': `the key is ${key}\n`, 'long.txt': `${key} and more\n`.repeat(3_000) })
    const session = await follow(backend, await backend.session(project, { model: MODELS[family] }), on.says)
    const letters = [...`My key is ${key}, they say. `]
    const error = {
      error: { type: 'invalid_request_error', message: `Incorrect API key provided: ${key}. Or ${key.slice(0, 12)}` },
    }
    const lines: Line[] = [
      {
        status: 529,
        headers: { 'retry-after': '0', 'x-echo': key },
        body: JSON.stringify({ error: { message: `Busy, ${key}` } }),
      },
      { thinking: `I have ${key}.`, text: letters, calls: [{ name: 'read_file', args: { path: 'note.txt' } }] },
      { text: letters, calls: [{ name: 'read_file', args: { path: 'long.txt', note: key } }] },
      { calls: [{ name: 'write_file', args: { path: `${key}.txt`, content: `key=${key}\n` } }] },
      {
        calls: [
          {
            name: 'shell_exec',
            args: { command: `cat long.txt; printf '${key.slice(0, 9)}'; sleep 0.2; printf '${key.slice(9)}'` },
          },
        ],
      },
      { calls: [{ name: key, args: `{"broken": "${key}` }] },
      { text: 'Done.' },
    ]
    on.says(...lines)
    await session.post('prompt', { text: 'Go on' })
    for (let from = 0; ; ) {
      const frame = await session.stream.until(
        ({ event, data }) => event === 'turn.end' || (event === 'tool.call' && data.requires_approval),
        from,
      )
      if (frame.event === 'turn.end') break
      from = session.stream.frames.indexOf(frame) + 1
      await session.post('approve', { tool_call_id: frame.data.tool_call_id })
    }
    await session.turn('And a failure', [{ status: 400, body: JSON.stringify(error) }])
    await session.turn('And in mid-stream', [streamError(family, key)])
    const shown = session.stream.frames
      .filter(frame => frame.event === 'message.delta')
      .map(frame => frame.data.content)
      .join('')
    expect(shown).toContain('My key is [redacted], they say. ')
    expect(storedOf(session.stream, 'tool.result').length).toBe(5)
    expect(storedOf(session.stream, 'error').length).toBeGreaterThanOrEqual(3)
    // Not even the provider gets it back in a conversation.
    for (const { text } of model.requests) expect(text).not.toContain(key)
    const output = session.stream.frames
      .filter(frame => frame.event === 'tool.progress')
      .map(frame => frame.data.output ?? '')
      .join('')
    expect(output).not.toContain(key)
    expect(await leaks(key, home, backend, [session.stream])).toEqual([])
    // What the model wrote into the project is the project's business; what we keep of it is not.
    const { body } = await backend.call(`DELETE /api/sessions/${session.id}`)
    expect(readFileSync(body.transcript_path, 'utf8')).toContain('[redacted]')
    expect(await leaks(key, home, backend, [session.stream])).toEqual([])
  }, 180_000)
})

/** An error object inside a 200. */
function streamError(family: Family, key: string): string[] {
  const message = `The key ${key} broke`
  if (family === 'anthropic')
    return [
      `event: error\ndata: ${JSON.stringify({ type: 'error', error: { type: 'invalid_request_error', message } })}\n\n`,
    ]
  if (family === 'responses')
    return [`event: error\ndata: ${JSON.stringify({ type: 'error', code: 'invalid_prompt', message })}\n\n`]
  return [`data: ${JSON.stringify({ error: { code: 400, message, status: 'INVALID_ARGUMENT' } })}\n\n`]
}

describe('a key that is wrong, or missing', () => {
  let on: Families
  beforeAll(async () => {
    on = await startFamilies()
  })

  test.each(FAMILIES)('%s refuses it: LLM_AUTH with the remedy, at once, and nothing else is asked', async family => {
    const { model } = on
    for (const status of [401, 403]) {
      const from = model.requests.length
      const { turn, stream } = await openSession(on, family)
      const reply = await turn('Hello', [
        { status, body: JSON.stringify({ error: { message: `bad key ${KEYS[family]}` } }) },
      ])
      expect(reply).toMatchObject({ status: 'error', error: { code: 'LLM_AUTH' } })
      const [provider] = MODELS[family].split('/')
      expect(reply.error.message).toContain(`[providers.${provider}]`)
      expect(reply.error.message).not.toContain(KEYS[family])
      expect(storedOf(stream, 'error')).toMatchObject([{ code: 'LLM_AUTH', recoverable: false }])
      expect(model.requests).toHaveLength(from + 1)
    }
  })

  test('no key: the session opens, the prompt says LLM_AUTH with the remedy, and no other model is asked', async () => {
    const backend = await Backend.start(makeHome('model = "anthropic/claude-sonnet-5-5"'), {
      env: { OPENAI_API_KEY: 'sk-proj-unused-0123456789' },
    })
    const session = await follow(backend, await backend.session(tempDir()), () => {})
    const reply = await session.turn('Hello')
    expect(reply).toMatchObject({ status: 'error', text: '', error: { code: 'LLM_AUTH' } })
    expect(reply.error.message).toContain('Set ANTHROPIC_API_KEY, or set api_key or api_key_command')
    expect(storedOf(session.stream, 'message')).toEqual([])
    expect((await session.view()).model).toBe('anthropic/claude-sonnet-5-5')
  })

  test('then PUT: the next prompt works', async () => {
    const home = makeHome(`model = "${MODELS.anthropic}"\n[providers.anthropic]\nbase_url = "${on.model.url}"`)
    const backend = await Backend.start(home)
    const session = await follow(backend, await backend.session(tempDir()), on.says)
    expect(await session.turn('Hello')).toMatchObject({ error: { code: 'LLM_AUTH' } })
    await backend.call('PUT /api/providers/anthropic/key', { key: 'sk-ant-first-0123456789' })
    await backend.call('PUT /api/providers/anthropic/key', { key: 'sk-ant-second-0123456789' })
    const reply = await session.turn('Hello', [{ text: 'Was it sk-ant-first-0123456789 or sk-ant-second-0123456789?' }])
    // One that was replaced is a secret still.
    expect(reply).toMatchObject({ status: 'success', text: 'Was it [redacted] or [redacted]?' })
    expect(keyIn(on.model.requests.at(-1)!, 'anthropic')).toBe('sk-ant-second-0123456789')
    expect((await backend.call('PUT /api/providers/nobody/key', { key: 'x'.repeat(20) })).status).toBe(404)
  })

  test.each([
    ['fails', 'exit 3', /exit code 3/],
    ['prints nothing', 'true', /printed nothing/],
    ['prints what is no key', 'printf "a\\tb"', /no key/],
  ])('a command that %s: LLM_AUTH that names the program, and none of its output', async (_, script, message) => {
    const home = makeHome('#')
    const path = join(home.root, 'get-key.sh')
    writeFileSync(path, `#!/bin/sh\necho SECRET-ON-STDERR-0123 >&2\n${script}\n`)
    chmodSync(path, 0o700)
    writeFileSync(
      join(home.config, 'emacs-agent.toml'),
      `model = "sonnet"\n[providers.anthropic]\napi_key_command = ["${path}"]\n`,
    )
    const backend = await Backend.start(home)
    const session = await follow(backend, await backend.session(tempDir()), () => {})
    const reply = await session.turn('Hello')
    expect(reply).toMatchObject({ status: 'error', error: { code: 'LLM_AUTH' } })
    expect(reply.error.message).toMatch(message)
    expect(reply.error.message).toContain('get-key.sh')
    expect(await leaks('SECRET-ON-STDERR-0123', home, backend, [session.stream])).toEqual([])
  })
})
