import { SHAPES } from '../event/shapes.ts'
import type { Storable, Transient } from '../event.ts'
import { fieldList, item, jsonSchemaOf } from './json-schema.ts'

/** What each event says, in one sentence. */
const STORED: Record<Storable['type'], string> = {
  'session.created': 'The first event of every log.',
  'session.updated': 'A setting, the title or a remembered rule changed. The event has only the fields that changed.',
  'session.mode': 'How much runs without asking: the mode of the session, and who changed it.',
  'session.resumed': 'The session was brought back from its log.',
  'session.rewound': 'The conversation goes back to =to_event_id=: the events between are no longer part of it.',
  'session.closed': 'The last event, until the session is resumed.',
  'prompt.queued': 'A prompt waits for the turn that is running (=queue=), or for its next step (=steer=).',
  'prompt.dropped': 'A prompt that waited will not be sent. Its text is returned to its author.',
  prompt: 'A turn begins, or (=source= is =steer=) goes on with one more prompt.',
  message: 'The whole message of the model in one call.',
  'tool.call': 'The model calls a tool. =preview.hash= is what an approval is bound to.',
  approval: 'The decision on a call that asked.',
  'tool.result': 'How a call ended. Every =tool.call= gets one.',
  'file.changed': 'A call changed a file.',
  plan: 'The list of steps, whole, each time it changes.',
  'delegate.start': 'An agent begins a task that another agent gave it.',
  'delegate.end': 'The task is over; =report= is the result of the call.',
  undo: 'Changes of calls were taken back, or made again.',
  hook: 'A hook ran.',
  question: 'The agent, its plan or an MCP server asks the person.',
  answer: 'The answer to a question.',
  error: 'Something failed. =recoverable= errors are tried again after =retry_in_ms=.',
  notice: 'Information for the person that is not an error.',
  'context.compacted': 'A summary replaces the older part of the conversation for the model.',
  'turn.end': 'The turn is over.',
}

const LIVE: Record<Transient['type'], string> = {
  'agent.state': 'The state of an agent: =idle=, =thinking=, =tool_execution=, =waiting_approval=, =error=.',
  'message.delta': 'The next part of the message in progress; with =replace= all of it so far.',
  'thinking.delta': 'The next part of the thinking, where the model shows it.',
  'tool.draft': 'The model is writing a call: how many characters so far, and the path once it is known.',
  'tool.progress': 'A tool is at work: a message, and the output that is new.',
  'editor.request': 'A request to the editor that registered =tool=. It answers =request_id= within =timeout_ms=.',
  reset: 'The reader fell behind: what follows is the log again.',
}

/** Every event with its fields, as Org: what `help events` prints behind its page. */
export function eventReference(): string {
  const stored = Object.entries(STORED).map(([type, text]) => {
    const schema = jsonSchemaOf(SHAPES[type as Storable['type']])
    return `** =${type}=\n\n${text}\n\n${fieldList(schema) || 'No fields of its own.\n'}`
  })
  const live = Object.entries(LIVE).map(([type, text]) => item(`=${type}= :: ${text}`))
  return `* Stored events

Each has =id= (from 1, without gaps), =at= (UTC) and =type= beside its fields.

${stored.join('\n')}
* Live events

They have no =id= and are in no log.

${live.join('')}`
}

/** A JSON Schema of one line of a log. Further fields may be there, and events of a type that is not here. */
export const eventSchema = (): object => ({
  $schema: 'http://json-schema.org/draft-07/schema#',
  title: 'An event of a session',
  type: 'object',
  properties: { id: { type: 'integer', minimum: 1 }, at: { type: 'string' }, type: { type: 'string' } },
  required: ['id', 'at', 'type'],
  allOf: Object.entries(SHAPES).map(([type, schema]) => ({
    if: { properties: { type: { const: type } } },
    // biome-ignore lint/suspicious/noThenProperty: the word of JSON Schema
    then: jsonSchemaOf(schema),
  })),
})
