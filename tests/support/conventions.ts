import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { Backend, type EventStream, type Home } from './backend.ts'

/** A session of the built binary on a project, and what it was told. */
export async function open(home: Home, project: string) {
  const backend = await Backend.start(home)
  const id = await backend.session(project)
  const stream = await backend.events(`/api/sessions/${id}/events`, 0)
  const send = (body: object) => backend.call(`POST /api/sessions/${id}/prompt`, body)
  const ask = (text: string) => send({ text, wait: true })
  return { backend, id, stream, send, ask }
}

export function write(root: string, files: Record<string, string | Uint8Array>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
}

export const notices = (stream: EventStream) =>
  stream.frames.filter(({ event }) => event === 'notice').map(({ data }) => data)
/** What was told to the model in mid-session. */
export const announced = (stream: EventStream) =>
  stream.frames.filter(({ event, data }) => event === 'prompt' && data.source === 'agent').map(({ data }) => data)
export const results = (stream: EventStream) =>
  stream.frames.filter(({ event }) => event === 'tool.result').map(({ data }) => data)
/** Of a request in the chat format. */
export const systemOf = (request: { body: any }): string => request.body.messages[0].content
export const toolsOf = (request: { body: any }): string[] =>
  (request.body.tools ?? []).map((tool: any) => tool.function.name)
