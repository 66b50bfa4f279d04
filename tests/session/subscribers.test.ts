import { expect, test } from 'bun:test'
import { createRedactor } from '../../src/session/redact.ts'
import { type Broadcast, createSubscribers } from '../../src/session/subscribers.ts'

const SECRET = 'sk-0123456789abcdef'

function listen() {
  const live = createSubscribers(
    createRedactor(() => [SECRET]),
    'build',
  )
  const heard: unknown[] = []
  live.subscribe((event: Broadcast) => {
    if (event.type === 'message.delta') heard.push([event.content, event.replace ?? false])
  })
  const say = (content: string, replace?: true) =>
    live.transient({
      type: 'message.delta',
      turn_id: 't_1',
      message_id: 'msg_1',
      role: 'assistant',
      content,
      ...(replace && { replace }),
    })
  const late = () => [...live.partials].map(({ content }) => content)
  return { heard, say, late }
}

test('what replaces is told as such, and a late subscriber hears the new text only', () => {
  const { heard, say, late } = listen()
  say('Okay, ')
  say('go.')
  say('', true)
  expect(late()).toEqual([''])
  say('No')
  say('.')
  expect(heard).toEqual([
    ['Okay, ', false],
    ['go.', false],
    ['', true],
    ['No', false],
    ['.', false],
  ])
  expect(late()).toEqual(['No.'])
})

test('a secret in the new text is hidden, and what was held of the old text is not said before it', () => {
  const { heard, say, late } = listen()
  say(`key ${SECRET.slice(0, 6)}`)
  say(SECRET.slice(0, 4), true)
  say(`${SECRET.slice(4)} end`)
  const told = heard.slice(1) as [string, boolean][]
  expect(told[0]).toEqual(['', true])
  expect(told.map(([content]) => content).join('')).toBe('[redacted] end')
  expect(JSON.stringify([heard, late()])).not.toContain(SECRET.slice(0, 6))
})
