import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Backend, makeHome } from '../../support/backend.ts'
import {
  FAMILIES,
  type Families,
  type Family,
  familyOf,
  flawsIn,
  follow,
  type Line,
  MODELS,
  openSession,
  startFamilies,
  storedOf,
} from '../../support/families.ts'
import { type LocalServer, startLlamaCpp, startLmStudio, startOllama } from '../../support/local-servers.ts'
import { chat } from '../../support/model-replies.ts'
import type { Asked } from '../../support/model-server.ts'
import { tempDir } from '../../support/temp.ts'

let on: Families
beforeAll(async () => {
  on = await startFamilies(`
[agents.terse]
effort = "low"
max_tokens = 777
[models."test/blind"]
images = false
`)
})

const read = (path: string, thinking?: string): Line => ({
  ...(thinking !== undefined && { thinking }),
  calls: [{ name: 'read_file', args: { path } }],
})

describe('switching the model in mid-session', () => {
  /** What only its own family may see again. */
  const SIGNS: Record<Family, (of: Family) => RegExp> = {
    anthropic: of => new RegExp(`"signature":"sig-of-${of}`),
    chat: of => new RegExp(`"reasoning_content":"${of}`),
    responses: of => new RegExp(`"encrypted_content":"enc-of-${of}`),
    gemini: () => /"thoughtSignature":"sig-of-read_file"/,
  }
  const orders = FAMILIES.map((_, i) => [...FAMILIES.slice(i), ...FAMILIES.slice(0, i)])

  test.each(orders)('%s, %s, %s, %s and back again', async (...order) => {
    const { model } = on
    const from = model.requests.length
    const { turn, patch, view, stream } = await openSession(on, order[0]!, { 'a.txt': 'alpha' })
    for (const family of [...order, ...order]) {
      expect((await patch({ model: MODELS[family] })).model).toBe(MODELS[family])
      const reply = await turn(`Over to ${family}`, [
        read('a.txt', family),
        { thinking: family, text: `${family} here.` },
      ])
      expect(reply).toMatchObject({ status: 'success', text: `${family} here.` })
    }
    const asked = model.requests.slice(from)
    expect(asked.map(familyOf)).toEqual([...order, ...order].flatMap(family => [family, family]))
    expect(flawsIn(model, from)).toEqual([])
    // What everybody said is there for everybody; thinking and signatures only for whoever made them.
    for (const [i, each] of asked.slice(-8).entries()) {
      const family = [...order, ...order].at(4 + (i >> 1))!
      for (const other of FAMILIES) {
        expect(each.text).toContain(`${other} here.`)
        if (other === family) expect(each.text).toMatch(SIGNS[family](family))
        else expect(each.text).not.toMatch(SIGNS[other](other))
      }
    }
    expect((await view()).model).toBe(MODELS[order.at(-1)!])
    expect(storedOf(stream, 'message').map(message => message.provider_data)).not.toContainEqual(expect.anything())
  })

  test('counts from the next model call, also within a turn', async () => {
    const { model } = on
    const from = model.requests.length
    const { turn, patch } = await openSession(on, 'anthropic', { 'a.txt': 'alpha' })
    const switching: Line = async asked => {
      await patch({ model: MODELS.gemini })
      const { say } = await import('../../support/model-replies.ts')
      return say(familyOf(asked), { calls: [{ name: 'read_file', args: { path: 'a.txt' } }] })
    }
    await turn('Go', [switching, { text: 'Done.' }])
    expect(model.requests.slice(from).map(familyOf)).toEqual(['anthropic', 'gemini'])
    expect(flawsIn(model, from)).toEqual([])
  })

  test('a name that no provider has is refused, and the model stays', async () => {
    const { patch, view } = await openSession(on, 'chat')
    expect((await patch({ model: 'no-such-model' })).error).toMatchObject({ code: 'INVALID_REQUEST' })
    expect((await view()).model).toBe(MODELS.chat)
  })
})

describe('a model near its end', () => {
  const NOTICE = /claude-sonnet-4-5 end(s|ed) on 30 November 2026.*anthropic\/claude-sonnet-5-5/
  const ID = /^anthropic\/claude-sonnet-(4-5|5-5)$/

  test('the default of the old documentation works, and the user hears of it', async () => {
    const { backend } = on
    const { body: created } = await backend.call('POST /api/sessions', {
      project_path: tempDir(),
      model: 'claude-sonnet-4.5',
    })
    expect(created.model).toMatch(ID)
    expect(created.notice).toMatch(NOTICE)
    const { turn, patch, view } = await follow(backend, created.session_id, on.says)
    expect(await turn('Hello', [{ text: 'Hi.' }])).toMatchObject({ status: 'success', text: 'Hi.' })
    expect((await view()).notice).toMatch(NOTICE)
    expect((await patch({ model: 'sonnet' })).notice).toBeUndefined()
    expect((await patch({ model: 'claude-sonnet-4-5' })).notice).toMatch(NOTICE)
    expect(backend.stderr).toMatch(NOTICE)
    const { body } = await backend.call('GET /api/models')
    expect(body.models.find((model: any) => model.id === 'anthropic/claude-sonnet-4-5').notice).toMatch(NOTICE)
    expect(body.notice).toBeUndefined()
  })

  test('as the configured model, doctor and the list say so', async () => {
    const home = makeHome('model = "claude-sonnet-4.5"')
    const backend = await Backend.start(home)
    const { body } = await backend.call('GET /api/models')
    expect(body.default).toMatch(ID)
    expect(body.notice).toMatch(NOTICE)
    await backend.stop()
    const doctor = new Backend(['doctor'], home.env, home.root)
    await doctor.exited
    expect(doctor.stdout).toMatch(/new sessions use anthropic\/claude-sonnet/)
    expect(doctor.stdout).toMatch(NOTICE)
  })
})

describe('local servers', () => {
  let ollama: LocalServer
  let llama: LocalServer
  let studio: LocalServer
  let home: ReturnType<typeof makeHome>
  let backend: Backend
  beforeAll(async () => {
    ollama = await startOllama({ 'qwen3:8b': ['tools'], 'old:7b': [], 'llava:7b': ['tools', 'vision'] })
    llama = await startLlamaCpp('phi.gguf', 8_192)
    studio = await startLmStudio('google/gemma-4', 32_768)
    home = makeHome(
      `[providers.local]\nbase_url = "${llama.url}/v1"\n[providers.studio]\nkind = "openai-compatible"\nbase_url = "${studio.url}/v1"\n[providers.gone]\nkind = "openai-compatible"\nbase_url = "http://127.0.0.1:1/v1"`,
    )
    home.env['OLLAMA_HOST'] = ollama.url
    backend = await Backend.start(home)
  })
  afterAll(() => backend.stop())
  const of = (server: LocalServer, id: string) => ({
    backend,
    says: (...lines: any[]) => server.model.add(...lines),
    id,
  })

  test('what they have is listed, with what is known of it', async () => {
    const { body } = await backend.call('GET /api/models')
    const local = body.models.filter((model: any) => /^(local|studio)$/.test(model.provider))
    expect(
      local.map(({ id, usable, context_window, tools, images }: any) => [id, usable, context_window, tools, images]),
    ).toEqual([
      ['local/phi.gguf', true, 8_192, true, false],
      ['local/qwen3:8b', true, 16_384, true, false],
      ['local/old:7b', true, 16_384, false, false],
      ['local/llava:7b', true, 16_384, true, true],
      ['studio/google/gemma-4', true, 32_768, undefined, true],
    ])
    expect(body.default).toBe('local/phi.gguf')
    const keyless = body.models.find((model: any) => model.id === 'openai/gpt-6-luna')
    expect(keyless).toMatchObject({ usable: false })
    expect(keyless.reason).toContain('OPENAI_API_KEY')
  })

  test('doctor counts them, and says what does not answer', async () => {
    const doctor = new Backend(['doctor'], home.env, home.root)
    await doctor.exited
    expect(doctor.stdout).toMatch(/✓ local: .*4 models/)
    expect(doctor.stdout).toMatch(/✓ studio: .*1 models/)
    expect(doctor.stdout).toMatch(/✗ gone: .*\n.*does not answer/)
    expect(doctor.stdout).toContain('new sessions use local/phi.gguf')
  })

  test('a session without a model takes the best of them', async () => {
    const { says } = of(llama, '')
    const session = await follow(backend, await backend.session(tempDir()), says)
    expect((await session.view()).model).toBe('local/phi.gguf')
    expect((await session.view()).context_window).toBe(8_192)
    expect(await session.turn('Hello', [chat({ text: 'Hi from phi.' })])).toMatchObject({ text: 'Hi from phi.' })
  })

  test('one without native tools calls them in its text, to the end of a turn', async () => {
    const { says } = of(ollama, '')
    const project = tempDir({ 'a.txt': 'alpha\n' })
    const session = await follow(backend, await backend.session(project, { model: 'old:7b' }), says)
    const from = ollama.model.requests.length
    const answer = [
      'I will look.\n\n<tool_',
      'call>\n{"name": "read_file", "argu',
      'ments": {"path": "a.txt"}}\n</tool_call>',
    ]
    const reply = await session.turn('What is in a.txt?', [chat({ text: answer }), chat({ text: 'It says alpha.' })])
    expect(reply).toMatchObject({ status: 'success', text: 'It says alpha.' })
    const [first, second] = ollama.model.requests.slice(from) as [Asked, Asked]
    expect(first.body.tools).toBeUndefined()
    expect(first.body.model).toBe('old:7b')
    expect(first.body.messages[0].content).toContain('<tool_call>')
    expect(first.body.messages[0].content).toContain('## read_file')
    expect(second.body.messages.map((message: any) => message.role)).toEqual(['system', 'user', 'assistant', 'user'])
    expect(second.body.messages[2].content).toContain('{"name":"read_file","arguments":{"path":"a.txt"}}')
    expect(second.body.messages[3].content).toContain('<tool_result name="read_file">\n1\talpha')
    const [called] = storedOf(session.stream, 'message')
    expect(called.content.trim()).toBe('I will look.')
    expect(storedOf(session.stream, 'tool.result')).toMatchObject([{ tool: 'read_file', status: 'success' }])
    expect(
      session.stream.frames
        .filter(frame => frame.event === 'message.delta')
        .map(frame => frame.data.content)
        .join(''),
    ).not.toContain('tool_call')
    const { share } = prefixOf(first, second)
    expect(share).toBeGreaterThan(0.99)
  })

  test('one that refuses tools only when asked is asked again without them', async () => {
    const { says } = of(studio, '')
    const project = tempDir({ 'a.txt': 'alpha\n' })
    const session = await follow(backend, await backend.session(project, { model: 'studio/google/gemma-4' }), says)
    const refusal = { status: 400, body: '{"error":{"message":"google/gemma-4 does not support tools"}}' }
    const answer = chat({ text: '<tool_call>{"name": "read_file", "arguments": {"path": "a.txt"}}</tool_call>' })
    const reply = await session.turn('What is in a.txt?', [refusal, answer, chat({ text: 'Alpha.' })] as Line[])
    expect(reply).toMatchObject({ status: 'success', text: 'Alpha.' })
  })

  test('one that is gone is said to be, with the remedy', async () => {
    const session = await follow(backend, await backend.session(tempDir(), { model: 'local/nowhere' }), () => {})
    llama.model.add({ status: 404, body: '{"error":{"message":"model nowhere not found"}}' })
    expect(await session.turn('Hello')).toMatchObject({ status: 'error', error: { code: 'LLM_INVALID_REQUEST' } })
  })
})

function prefixOf(before: Asked, after: Asked) {
  let same = 0
  while (same < before.text.length && before.text[same] === after.text[same]) same++
  return { share: same / before.text.length }
}

describe.each(FAMILIES)('what is set reaches %s', family => {
  /** Where each has the effort and the largest answer. */
  const settings = ({ body }: Asked) =>
    ({
      anthropic: () => [body.output_config?.effort, body.max_tokens],
      chat: () => [body.reasoning_effort, body.max_tokens],
      responses: () => [body.reasoning?.effort, body.max_output_tokens],
      gemini: () => [body.generationConfig.thinkingConfig?.thinkingLevel, body.generationConfig.maxOutputTokens],
    })[family]()

  test('effort by prompt and by agent, and the largest answer by agent', async () => {
    const { model } = on
    const { turn } = await openSession(on, family)
    const asked = async (more: object) => {
      await turn('Well?', [{ text: 'So.' }], more)
      return settings(model.requests.at(-1)!)
    }
    const largest = family === 'anthropic' ? 32_000 : undefined
    expect(await asked({})).toEqual([undefined, largest])
    expect(await asked({ effort: 'high' })).toEqual(['high', largest])
    expect(await asked({ agent: 'terse' })).toEqual(['low', 777])
    expect(await asked({ agent: 'terse', effort: 'medium' })).toEqual(['medium', 777])
  })
})

const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
)
const encoded = PNG.toString('base64')
const images = ({ text }: Asked) => text.split(encoded).length - 1

describe.each(FAMILIES)('images and %s', family => {
  test('attached by path or inline, and those that a tool returns, all arrive, also after kill -9', async () => {
    const { home, model, says } = on
    const backend = await Backend.start(home)
    const { project, id, turn } = await openSession({ backend, says }, family)
    // What it is shows in its first bytes, whatever it is called.
    writeFileSync(join(project, 'shot.jpg'), PNG)
    writeFileSync(join(project, 'other.png'), PNG)
    const from = model.requests.length
    const attachments = [{ path: 'shot.jpg' }, { media_type: 'image/jpeg', data: encoded }]
    const reply = await turn('Compare them', [read('other.png'), { text: 'The same.' }], { attachments })
    expect(reply).toMatchObject({ status: 'success', text: 'The same.' })
    const [first, second] = model.requests.slice(from) as [Asked, Asked]
    expect([images(first), images(second)]).toEqual([2, 3])
    expect(second.text).not.toContain('image/jpeg')
    expect(flawsIn(model, from)).toEqual([])

    backend.process.kill('SIGKILL')
    await backend.exited
    const after = await Backend.start(home)
    await after.call(`POST /api/sessions/${id}/resume`)
    const resumed = await follow(after, id, says)
    await resumed.turn('Sure?', [{ text: 'Yes.' }])
    expect(images(model.requests.at(-1)!)).toBe(3)
    expect(flawsIn(model, from)).toEqual([])
  })
})

describe('images', () => {
  test('a model that takes none is told what it cannot see', async () => {
    const { model } = on
    const { turn, project } = await openSession(on, { model: 'test/blind' })
    writeFileSync(join(project, 'other.png'), PNG)
    await turn('What is it?', [read('other.png'), { text: 'I cannot see it.' }], {
      attachments: [{ media_type: 'image/png', data: encoded }],
    })
    const { text } = model.requests.at(-1)!
    expect(text).not.toContain(encoded)
    expect(text.match(/An image \(image\/png, 1 kB\) was left out: this model takes no images/g)).toHaveLength(2)
  })

  const WRONG: [string, object, RegExp][] = [
    [
      'an image of a kind that no model takes',
      { media_type: 'image/tiff', data: Buffer.from('II*\0 tiff').toString('base64') },
      /PNG, JPEG, GIF or WebP/,
    ],
    [
      'one that is too large',
      { media_type: 'image/png', data: Buffer.concat([PNG, Buffer.alloc(4_000_000)]).toString('base64') },
      /3\.75 MiB/,
    ],
    ['nothing at all', { media_type: 'image/png', data: '' }, /empty/],
  ]
  test.each(WRONG)('%s is refused at once, with the remedy', async (_, attachment, message) => {
    const { post } = await openSession(on, 'chat')
    const { status, body } = await post('prompt', { text: 'Look', attachments: [attachment] })
    expect(status).toBe(400)
    expect(body.error.message).toMatch(message)
  })

  test('a drawing in SVG and other text is read as text; what is neither is named', async () => {
    const { model } = on
    const { turn, project } = await openSession(on, 'chat')
    writeFileSync(join(project, 'a.bin'), Buffer.from([0, 1, 2, 3]))
    const data = Buffer.from('<svg>circle</svg>').toString('base64')
    const attachments = [{ media_type: 'image/svg+xml', data }, { path: 'a.bin' }]
    await turn('What is it?', [{ text: 'A circle.' }], { attachments })
    expect(model.requests.at(-1)!.body.messages[1].content).toBe(
      'What is it?\n\n<svg>circle</svg>\n<file path="a.bin">\n[a.bin: Binary file (BIN), 4 bytes.]\n</file>',
    )
  })
})
