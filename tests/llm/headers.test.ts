import { afterAll, describe, expect, test } from 'bun:test'
import { KEY, request } from '../support/model-call.ts'
import { startDialogue } from '../support/model-dialogue.ts'
import { FAMILIES, type Family, say } from '../support/model-replies.ts'

const { server, toFamily, ask } = await startDialogue()
afterAll(() => server.close())

describe('what goes along', () => {
  const NAMES: Record<Family, string[]> = {
    anthropic: ['anthropic-version', 'x-api-key'],
    chat: ['authorization'],
    responses: ['authorization'],
    gemini: ['x-goog-api-key'],
  }
  const ALWAYS = ['accept', 'accept-encoding', 'connection', 'content-length', 'content-type', 'host', 'user-agent']
  for (const family of FAMILIES)
    test(`${family}: the key, and no more of us than needed`, async () => {
      const { asked } = await ask(toFamily(family, { headers: { 'X-Team': 'emacs' } }), family, request())
      expect(Object.keys(asked.headers).sort()).toEqual([...ALWAYS, ...NAMES[family], 'x-team'].sort())
      expect(asked.headers['x-team']).toBe('emacs')
      expect(JSON.stringify(asked.headers).split(KEY)).toHaveLength(2)
      const { api_key: _, ...without } = toFamily(family)
      const open = await ask(without, family, request())
      expect(Object.keys(open.asked.headers).sort()).toEqual(
        [...ALWAYS, ...NAMES[family].filter(name => !/key|auth/.test(name))].sort(),
      )
    })

  test('nothing of the environment of the SDKs', async () => {
    const script = `
      const { stream } = await import(${JSON.stringify(new URL('../../src/llm/stream.ts', import.meta.url).href)})
      const info = { id: 'x/y', provider: 'x', usable: true }
      for (const [kind, model, base_url] of ${JSON.stringify([
        ['anthropic', 'claude-opus-5-5', server.url],
        ['openai', 'gpt-6-luna', `${server.url}/v1`],
      ])}) {
        const endpoint = { provider: 'x', kind, model, base_url, headers: {}, info }
        const call = stream(endpoint, { model, system: '', messages: [{ role: 'user', text: 'Hi' }], tools: [] }, new AbortController().signal)
        for await (const _ of call);
      }`
    const before = server.requests.length
    server.add(say('anthropic', { text: 'Hi' }), say('responses', { text: 'Hi' }))
    const child = Bun.spawn([process.execPath, '-e', script], {
      env: {
        ...Object.fromEntries(
          ['ANTHROPIC', 'OPENAI'].flatMap(name => [
            [`${name}_API_KEY`, 'from-env'],
            [`${name}_BASE_URL`, 'http://127.0.0.1:9'],
            [`${name}_CUSTOM_HEADERS`, 'x-env: from-env'],
            [`${name}_LOG`, 'debug'],
          ]),
        ),
        ANTHROPIC_AUTH_TOKEN: 'from-env',
        OPENAI_ORG_ID: 'from-env',
        OPENAI_PROJECT_ID: 'from-env',
        HOME: '/nonexistent',
      },
      stdout: 'pipe',
      stderr: 'pipe',
    })
    expect([
      await child.exited,
      await new Response(child.stderr).text(),
      await new Response(child.stdout).text(),
    ]).toEqual([0, '', ''])
    expect(server.requests).toHaveLength(before + 2)
    for (const asked of server.requests.slice(before))
      expect(JSON.stringify([asked.headers, asked.text])).not.toContain('from-env')
  })
})
