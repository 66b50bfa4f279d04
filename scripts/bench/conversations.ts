import type { Stored } from '../../src/event.ts'
import { OrgFlow } from '../../src/org/flow.ts'
import { orgTextsOf } from '../../src/transcript/shown.ts'

/** Conversations as a session's stream of Org has them, for the Emacs client to show. */

const AT = '2026-11-23T10:00:00.000Z'

const ANSWER = `# Part

Some *words* and \`code\` in a paragraph that goes on for a while, with **strong** words, then a list:

- one [link](src/a.el#L3)
- two
  - three

\`\`\`python
def f(x):
    return x + 1  # a comment
\`\`\`

| a | b |
|---|---|
| 1 | 2 |

`
const USAGE = { input_tokens: 1, output_tokens: 1, cache_read_tokens: 0, cache_write_tokens: 0 }
const CALL = { tool: 'read_file', category: 'filesystem', requires_approval: false, reason: '' }

export type Conversation = { stream: string; last: number }

/** Writes events down as frames; those with `stored` get an id. */
function writer() {
  const frames: string[] = []
  let last = 0
  const write = (type: string, fields: object, stored = true) => {
    const id = stored ? { id: ++last } : {}
    const event = { type, at: AT, ...id, ...fields }
    const data = JSON.stringify(stored ? { ...event, ...orgTextsOf(event as unknown as Stored, '/tmp') } : event)
    frames.push(`${stored ? `id: ${last}\n` : ''}event: ${type}\ndata: ${data}\n\n`)
  }
  const state = (name: string) => write('agent.state', { state: name, agent: 'build', last_event_id: last }, false)
  write('session.created', { format: 1, session_id: 's', project_path: '/tmp', title: '', model: 'm', agent: 'build' })
  return { write, state, done: (): Conversation => ({ stream: frames.join(''), last }) }
}

const answered = (message_id: string, content: string) => ({
  turn_id: 't',
  message_id,
  content,
  tool_calls: [],
  stop_reason: 'end_turn',
})

/** Text in so many pieces of four characters, which is about a token. */
const pieces = (text: string, count: number) =>
  Array.from({ length: count }, (_, i) => text.slice((i * 4) % text.length, ((i * 4) % text.length) + 4))

/** An answer of 4,000 tokens that comes as fast as it can be read. */
export function streamed(text = ANSWER): Conversation {
  const { write, state, done } = writer()
  state('thinking')
  const tokens = pieces(text, 4000)
  const flow = new OrgFlow('/tmp')
  for (const content of tokens)
    write('message.delta', { turn_id: 't', message_id: 'm', content, ...flow.push(content) }, false)
  write('message', answered('m', tokens.join('')))
  return done()
}

/** The same, but all of it one block of code. */
export function streamedCode(): Conversation {
  const line = (i: number) => `    value_${i} = compute(${i}, "text")  # a comment\n`
  return streamed(`\`\`\`python\ndef f():\n${Array.from({ length: 320 }, (_, i) => line(1000 + i)).join('')}\`\`\`\n`)
}

/** A call whose result is one line of 1 MB. */
export function largeResult(): Conversation {
  const { write, state, done } = writer()
  state('tool_execution')
  write('tool.call', { turn_id: 't', tool_call_id: 'c', params: { path: 'a' }, ...CALL })
  const result = { content: 'x'.repeat(1_000_000), metadata: {} }
  const about = { tool: 'read_file', status: 'success', message: '', execution_time_ms: 2 }
  write('tool.result', { turn_id: 't', tool_call_id: 'c', result, ...about })
  return done()
}

/** A session of so many turns, five events each, that is opened again. */
export function replayed(turns: number): Conversation {
  const { write, state, done } = writer()
  const content = pieces(ANSWER, 60).join('')
  for (let n = 0; n < turns; n++) {
    const call = { turn_id: 't', tool_call_id: `c${n}` }
    write('prompt', { turn_id: 't', text: `Prompt ${n}`, agent: 'build', source: 'user' })
    write('tool.call', { ...call, params: { path: 'src/a.el' }, ...CALL })
    const result = { content: 'some\nlines\n', metadata: {} }
    write('tool.result', { ...call, tool: 'read_file', status: 'success', result, message: '', execution_time_ms: 2 })
    write('message', answered(`m${n}`, content))
    write('turn.end', { turn_id: 't', outcome: 'completed', usage: USAGE, duration_ms: 100 })
  }
  state('idle')
  return done()
}
