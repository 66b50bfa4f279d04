import { beforeAll, describe, expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { EventStream } from '../../support/backend.ts'
import { chat } from '../../support/model-replies.ts'
import { gate } from '../../support/model-server.ts'
import { OrgClient } from '../../support/org-client.ts'
import { call, type Scripted, startScripted } from '../../support/scripted.ts'
import { tempDir } from '../../support/temp.ts'

/** What a subscriber with `?render=org` gets, and that others get nothing of it. */

let scripted: Scripted
beforeAll(async () => {
  scripted = await startScripted({ config: '[models."test/model"]\ncontext_window = 100000000' })
})

async function session(files: Record<string, string> = {}) {
  const project = tempDir(files)
  const id = await scripted.backend.session(project)
  const path = `/api/sessions/${id}/events`
  return {
    project,
    follow: (last?: number) => scripted.backend.events(`${path}?render=org`, last),
    followPlain: (last?: number) => scripted.backend.events(path, last),
    say: (text: string, more: object = {}) =>
      scripted.backend.call(`POST /api/sessions/${id}/prompt`, { text, wait: true, ...more }),
    send: (text: string) => scripted.backend.call(`POST /api/sessions/${id}/prompt`, { text }),
    post: (what: string, body: object) => scripted.backend.call(`POST /api/sessions/${id}/${what}`, body),
  }
}

const messageOf = async (stream: EventStream) => (await stream.next('message')).data
/** What the deltas add up to, once the message is there. */
const added = (stream: EventStream, id: string) => new OrgClient().take(stream.frames).message(id)

const fixture = (name: string) => readFileSync(join(import.meta.dir, '../../fixtures/markdown-org', name), 'utf8')
const PIECES = /[\s\S]{1,7}/gu

describe('a message that streams', () => {
  test.each(['mixed', 'code', 'nested-lists', 'links', 'hostile-structure', 'tables', 'unicode'])(
    '%s: its deltas add up to its Org',
    async name => {
      const { follow, say } = await session()
      const stream = await follow()
      scripted.says({ text: fixture(`${name}.md`).match(PIECES)!, thinking: fixture('emphasis.md') })
      await say('go')
      const message = await messageOf(stream)
      const client = new OrgClient().take(stream.frames)
      expect(client.message(message.message_id)).toBe(message.org)
      expect(client.thinking(message.message_id)).toBe(message.org_thinking)
      expect(message.org_thinking).toBe(fixture('emphasis.org').trimEnd())
      // links in the fixture are relative to nothing, here to the project
      if (name !== 'links' && name !== 'mixed') expect(`${message.org}\n`).toBe(fixture(`${name}.org`))
      stream.close()
    },
  )

  test('late subscribers get what came so far, then the rest, and plain ones no Org', async () => {
    const { follow, followPlain, send } = await session()
    const [early, plain] = [await follow(), await followPlain()]
    const held = gate()
    const frames = chat({ thinking: '*deep*', text: ['# One\n\n```ts\nlet a', ' = 1\n', 'let b', '\n```\n*end*'] })
    scripted.model.add([...frames.slice(0, 4), held.wait, ...frames.slice(4)])
    await send('go')
    await early.until(({ event, data }) => event === 'message.delta' && data.content.endsWith(' = 1\n'))
    const late = await follow()
    const catching = await late.next('message.delta')
    const soFar = '*One*\n\n#+BEGIN_SRC typescript :eval never\nlet a = 1\n#+END_SRC'
    expect(catching.data).toMatchObject({
      content: '# One\n\n```ts\nlet a = 1\n',
      replace: true,
      org: soFar,
      org_from: 0,
    })
    expect((await late.next('thinking.delta')).data).toMatchObject({ content: '*deep*', org: '/deep/', org_from: 0 })
    held.open()
    const message = await messageOf(late)
    expect(message.org).toBe(soFar.replace('1\n', '1\nlet b\n').concat('\n\n/end/'))
    for (const stream of [early, late]) {
      await stream.idle()
      expect(added(stream, message.message_id)).toBe(message.org)
    }
    await plain.idle()
    expect(JSON.stringify(plain.frames)).not.toContain('"org')
    // A line of code goes before the block's last line: what comes with a token is not the block.
    const line = early.frames.find(({ data }) => data.content?.startsWith('let b'))!.data
    expect(line).toMatchObject({ org: expect.stringMatching(/^let b/), org_from: soFar.length - '#+END_SRC'.length })
  })

  test('a long message in progress comes in parts', async () => {
    const { follow, send } = await session()
    const first = await follow()
    const long = Array.from({ length: 1500 }, (_, i) => `Paragraph *${i}* 😀 with words.`).join('\n\n')
    const held = gate()
    const frames = chat({ text: [long, '\n\nend'] })
    scripted.model.add([...frames.slice(0, 2), held.wait, ...frames.slice(2)])
    await send('go')
    await first.next('message.delta')
    const late = await follow()
    await late.until(({ event }) => event === 'message.delta')
    held.open()
    const message = await messageOf(late)
    const parts = late.frames.filter(({ event }) => event === 'message.delta').map(({ data }) => data)
    expect(parts.length).toBeGreaterThan(3)
    expect(parts.map(part => part.replace)).toEqual([true, ...Array(parts.length - 1).fill(undefined)])
    expect(parts.map(part => part.content).join('')).toBe(`${long}\n\nend`)
    expect(added(late, message.message_id)).toBe(message.org)
  })

  test('a target that comes after its link is there in the end', async () => {
    const { follow, say } = await session()
    const stream = await follow()
    scripted.says({ text: ['See [the docs][d].\n\nMore.\n\n', '[d]: https://example.org/docs\n'] })
    await say('go')
    const message = await messageOf(stream)
    expect(message.org).toBe('See [[https://example.org/docs][the docs]].\n\nMore.')
    expect(added(stream, message.message_id)).toBe(message.org)
    const [last] = stream.frames.filter(({ event }) => event === 'message.delta').slice(-1)
    expect(last!.data).toMatchObject({ content: '', role: 'assistant', org_from: 5 })
  })

  test('fifty subscribers have the same', async () => {
    const { follow, say } = await session()
    const streams = await Promise.all(Array.from({ length: 50 }, () => follow()))
    scripted.says({ text: fixture('mixed.md').match(PIECES)! })
    await say('go')
    const messages = await Promise.all(streams.map(messageOf))
    for (const [i, message] of messages.entries()) {
      expect(message.org).toBe(messages[0].org)
      expect(added(streams[i]!, message.message_id)).toBe(message.org)
    }
    for (const stream of streams) stream.close()
  })
})

describe('everything else that is shown', () => {
  test('a turn with a call', async () => {
    const { follow, say, post, project } = await session({ 'note.txt': '* not a heading\nold\n' })
    const stream = await follow(0)
    scripted.says(
      call('edit_file', { path: 'note.txt', old: 'old', new: '#+END_SRC' }),
      call('read_file', { path: 'missing.txt' }),
      { text: 'Done: `note.txt`' },
    )
    const done = say('* Do it\n```sh\nls\n```', { attachments: [{ path: 'note.txt' }] })
    const asked = await stream.until(({ event, data }) => event === 'tool.call' && data.requires_approval)
    await post('approve', { tool_call_id: asked.data.tool_call_id })
    await done
    await stream.idle()
    const of = (event: string) => stream.frames.filter(frame => frame.event === event).map(({ data }) => data)
    const link = `[[file:${project}/note.txt][note.txt]]`

    expect(of('prompt')[0]).toMatchObject({
      org: '\u200b* Do it\n#+BEGIN_SRC sh :eval never\nls\n#+END_SRC',
      org_notes: `- Attached ${link}`,
    })
    expect(asked.data.org_title).toBe('edit_file  note.txt')
    expect(asked.data.org).toStartWith('#+BEGIN_SRC json :eval never\n{\n')
    expect(asked.data.org_reason).toContain('note.txt')
    expect(asked.data.remember.org_session).toContain('note.txt')
    const [file] = asked.data.preview.files
    expect(file.org).toBe(link)
    expect(file.org_diff.split('\n').length).toBe(file.diff.split('\n').length)
    expect(file.org_diff).toContain('\n+#+END_SRC')
    expect(of('file.changed')[0]).toMatchObject({ org: `Modified ${link}`, org_diff: file.org_diff })
    const [edited, read] = of('tool.result')
    expect(edited.org).toStartWith('#+BEGIN_EXAMPLE\n')
    expect(read.org_title).toContain('missing.txt')
    expect(read.org).toContain('missing.txt')
    expect(of('message').at(-1).org).toBe('Done: ~note.txt~')
  })

  test('the output of a command as it comes', async () => {
    const { follow, say, post } = await session()
    const stream = await follow()
    scripted.says(call('shell_exec', { command: "printf '* one\\n'; printf '#+END_EXAMPLE\\n'" }), {
      text: 'ok',
    })
    const done = say('go')
    const asked = await stream.until(({ event, data }) => event === 'tool.call' && data.requires_approval)
    expect(asked.data.org).toStartWith('#+BEGIN_EXAMPLE\nprintf ')
    await post('approve', { tool_call_id: asked.data.tool_call_id })
    await done
    await stream.idle()
    let org = ''
    for (const { event, data } of stream.frames)
      if (event === 'tool.progress' && data.output) org = org.slice(0, data.org_from ?? org.length) + data.org
    expect(org).toBe('#+BEGIN_EXAMPLE\n,* one\n,#+END_EXAMPLE\n\n#+END_EXAMPLE')
  })

  test('errors, also when they come live', async () => {
    const { follow, say } = await session()
    const stream = await follow()
    scripted.model.add({ status: 400, body: JSON.stringify({ error: { message: '* bad\n#+TITLE: x' } }) })
    await say('go')
    const { data } = await stream.next('error')
    expect(data.org).toContain('bad')
    expect(data.org).not.toMatch(/^(?:\*|#\+)/m)
  })

  test('the past comes with Org too', async () => {
    const { follow, say } = await session()
    scripted.says({ text: '**bold** [x](elisp:(pwn))', thinking: '*hm*' })
    await say('- item')
    const stream = await follow(0)
    await stream.next('agent.state')
    const stored = stream.frames
      .filter(({ id }) => id !== null)
      .map(({ data }) => [data.type, data.org, data.org_thinking])
    expect(stored).toEqual([
      ['session.created', undefined, undefined],
      ['prompt', '\u200b- item', undefined],
      ['message', '*bold* x (elisp\u200b:(pwn))', '/hm/'],
      ['turn.end', undefined, undefined],
    ])
  })

  test('another render is a 400', async () => {
    const { follow } = await session()
    const path = (await follow()) && `/api/sessions/x/events?render=html`
    expect((await scripted.backend.call(`GET ${path}`)).body.error).toMatchObject({ code: 'INVALID_REQUEST' })
  })
})
