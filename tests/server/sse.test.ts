import { expect, test } from 'bun:test'
import { sessionStream } from '../../src/server/sse.ts'
import type { Session } from '../../src/session/session.ts'
import type { Broadcast } from '../../src/session/subscribers.ts'

/** What a stream sees of a session: a log, the messages in progress, and who listens. */
function talk() {
  const events: Broadcast[] = []
  const partials = new Map<string, { message_id: string; content: string }>()
  const listeners = new Set<(event: Broadcast) => void>()
  const send = (event: object) => {
    for (const listener of [...listeners]) listener(event as Broadcast)
  }
  const session = {
    log: { events },
    partials: { [Symbol.iterator]: () => partials.values() },
    agent_state: { type: 'agent.state', state: 'thinking', agent: 'build' },
    editor: { opened: () => () => {}, unanswered: () => [] },
    isOver: false,
    get last_event_id() {
      return events.length
    },
    subscribe(listener: (event: Broadcast) => void) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
  return {
    session: session as unknown as Session,
    say(content: string) {
      const said = (partials.get('m')?.content ?? '') + content
      partials.set('m', { type: 'message.delta', message_id: 'm', content: said, replace: true } as never)
      send({ type: 'message.delta', message_id: 'm', content })
    },
    store(fields: object) {
      const event = { id: events.length + 1, at: '', ...fields } as Broadcast
      events.push(event)
      partials.clear()
      send(event)
    },
  }
}

/** Reads frames until `enough` says that these are. */
async function readUntil(reader: ReadableStreamDefaultReader<Uint8Array>, enough: (frames: any[]) => boolean) {
  const decoder = new TextDecoder()
  const found: any[] = []
  let text = ''
  while (!enough(found)) {
    const { value, done } = await reader.read()
    if (done) throw new Error('The stream has ended.')
    text += decoder.decode(value, { stream: true })
    const frames = text.split('\n\n')
    text = frames.pop()!
    found.push(...frames.map(frame => JSON.parse(/^data: (.*)$/m.exec(frame)![1]!)))
  }
  return found
}

const said = (frames: any[]) =>
  frames
    .filter(frame => frame.type === 'message.delta')
    .map(delta => delta.content)
    .join('')

test('a reader that fell behind in mid-message is told what it missed, and nothing twice', async () => {
  const { session, say, store } = talk()
  const reader = sessionStream(session, null).body!.getReader()
  await readUntil(reader, frames => frames.at(-1)?.type === 'agent.state')
  let all = ''
  for (let i = 0; i < 3000; i++) {
    const part = `${i} ${'x'.repeat(1000)}`
    all += part
    say(part) // three times what is queued for one that does not read
  }
  const frames = await readUntil(reader, frames => said(frames).length >= all.length)
  expect(said(frames)).toBe(all)
  expect(frames.some(frame => frame.replace)).toBe(false)
  store({ type: 'message', message_id: 'm', content: all })
  const [message, ...more] = await readUntil(reader, frames => frames.at(-1)?.type === 'agent.state')
  expect(message).toMatchObject({ id: 1, type: 'message' })
  expect(said(more)).toBe('')
  await reader.cancel()
})
