import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Backend } from './backend.ts'
import { call, type Line, pending, type Scripted } from './scripted.ts'
import { tempDir } from './temp.ts'

export const done = { text: 'Done.' }
export const edit = (path: string, old: string, now: string) => call('edit_file', { path, old, new: now })
export const write = (path: string, content: string) => call('write_file', { path, content })

/** A session whose edits wait for a review, on a project with these files or in this directory. */
export async function reviewing(
  scripted: Scripted,
  files: Record<string, string> | string = { 'a.txt': 'one\ntwo\nthree\n', 'b.txt': 'keep\n' },
  more: object = {},
) {
  const project = typeof files === 'string' ? files : tempDir(files)
  const id = await scripted.backend.session(project, { config: { review_edits: true, ...more } })
  return await following(scripted, scripted.backend, project, id)
}

export async function following({ says, model }: Scripted, backend: Backend, project: string, id: string) {
  const stream = await backend.events(`/api/sessions/${id}/events`, 0)
  const post = (route: string, body: object = {}) => backend.call(`POST /api/sessions/${id}/${route}`, body)
  return {
    id,
    project,
    stream,
    post,
    get: async (route = '') => (await backend.call(`GET /api/sessions/${id}${route}`)).body,
    file: (name: string) => (existsSync(join(project, name)) ? readFileSync(join(project, name), 'utf8') : null),
    /** Has the model say these lines; resolves with the next call that waits. */
    async asked(...lines: Line[]) {
      const from = stream.frames.length
      says(...lines)
      await post('prompt', { text: 'go' })
      return (await pending(stream, from)).data
    },
    /** The next call that waits after this one was announced. */
    async askedAfter(call: { id: number }) {
      return (await pending(stream, stream.frames.findIndex(frame => frame.id === call.id) + 1)).data
    },
    approve: (call: any, body: object = {}) => post('approve', { tool_call_id: call.tool_call_id, ...body }),
    reject: (call: any, body: object = {}) => post('reject', { tool_call_id: call.tool_call_id, ...body }),
    resultOf: async (call: any) =>
      (await stream.until(({ event, data }) => event === 'tool.result' && data.tool_call_id === call.tool_call_id))
        .data,
    /** The messages of the last request to the model. */
    told: (): any[] => model.requests.at(-1)!.body.messages,
  }
}
