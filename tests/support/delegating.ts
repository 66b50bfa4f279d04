import type { EventStream } from './backend.ts'
import { chat, type Said } from './model-replies.ts'
import type { Asked } from './model-server.ts'
import type { Scripted } from './scripted.ts'
import { tempDir } from './temp.ts'

/** Whether a request is one of a delegated agent. */
export const isTask = (asked: Asked): boolean =>
  JSON.stringify(asked.body.messages[1]).includes('You now work as the agent')

/** Whether it is the first one for its task. */
export const isFirst = (asked: Asked): boolean => isTask(asked) && asked.body.messages.length === 2

/** A session whose first prompt is sent; `answer` answers the next `count` requests by what they are about. */
export async function begun(
  { backend, model }: Scripted,
  prompt: object,
  answer: (asked: Asked, text: string) => Said | Promise<Said>,
  count: number,
  project = tempDir({ 'a.txt': 'one\n' }),
) {
  const id = await backend.session(project)
  const stream = await backend.events(`/api/sessions/${id}/events`)
  const from = model.requests.length
  for (let i = 0; i < count; i++)
    model.add(async asked => chat(await answer(asked, String(asked.body.messages.at(-1).content))))
  await backend.call(`POST /api/sessions/${id}/prompt`, { text: 'go', ...prompt })
  return { project, id, stream, from, asked: () => model.requests.slice(from) }
}

/** The events of a stream in words: the state of an agent for its name, and whose they are. */
export const sequence = (stream: EventStream, from = 0): string =>
  stream.frames
    .slice(from)
    .filter(({ event }) => !/delta|draft|progress/.test(event))
    .map(({ event, data }) => {
      const name = event === 'agent.state' ? data.state : event
      return data.parent_tool_call_id ? `${data.agent}:${name}` : name
    })
    .join(' ')
