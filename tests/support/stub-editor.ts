import { expect } from 'bun:test'
import type { EventStream } from './backend.ts'
import type { Said } from './model-replies.ts'
import type { Scripted } from './scripted.ts'
import { tempDir } from './temp.ts'

export const ALL = [
  'diagnostics',
  'definition',
  'references',
  'hover',
  'symbols',
  'buffers',
  'describe',
  'compile',
  'eval_elisp',
]

export type StubRequest = { request_id: string; tool: string; params: any; timeout_ms: number }

/** A session on `project_path` with an editor that registered these tools, or none. */
export async function editorSession(scripted: Scripted, project_path: string, tools: string[] | null, more: object) {
  const { backend, says, model } = scripted
  const id = await backend.session(project_path, more)
  const path = `/api/sessions/${id}`
  const stream = await backend.events(`${path}/events`)
  await stream.next('agent.state')
  const put = (tools: unknown, name = 'Stub') => backend.call(`PUT ${path}/editor`, { tools, name })
  if (tools) expect((await put(tools)).status).toBe(200)
  const reply = (request_id: string, body: unknown) => backend.call(`POST ${path}/editor/${request_id}`, body)
  /** The model makes this call: its announcement, its result, and what the model was told. */
  const make = async (said: Said, answer: (stream: EventStream, from: number) => Promise<unknown>) => {
    const from = stream.frames.length
    says(said, { text: 'ok' })
    const turn = backend.call(`POST ${path}/prompt`, { text: 'go', wait: true })
    await answer(stream, from)
    await turn
    await stream.idle(from)
    const frames = stream.frames.slice(from)
    const result = frames.find(({ event }) => event === 'tool.result')!.data
    const called = frames.find(({ event }) => event === 'tool.call')!.data
    return { called, result, frames, told: model.requests.at(-1)!.body.messages.at(-1).content as string }
  }
  return { id, path, stream, put, reply, make }
}

/** A session with a client that registered these tools, and answers requests as the test says. */
export async function withEditor(
  scripted: Scripted,
  tools: string[] | null = ALL,
  files: Record<string, string> = {},
  more: object = {},
) {
  const { backend, says, model } = scripted
  const project = tempDir(files)
  const session = await editorSession(scripted, project, tools, more)
  const { path, stream, make, reply } = session
  const request = async (from = 0, of: EventStream = stream): Promise<StubRequest> =>
    (await of.next('editor.request', from)).data
  return {
    ...session,
    project,
    request,
    /** Makes a call that the editor answers with this result; one that asks is approved first. */
    async answered(said: Said, result: unknown) {
      let request: StubRequest | undefined
      const made = await make(said, async (stream, from) => {
        const call = (await stream.next('tool.call', from)).data
        if (call.requires_approval)
          expect((await backend.call(`POST ${path}/approve`, { tool_call_id: call.tool_call_id })).status).toBe(200)
        request = (await stream.next('editor.request', from)).data as StubRequest
        expect(await reply(request.request_id, { result })).toMatchObject({ status: 200 })
      })
      return { ...made, request: request! }
    },
    /** A call that asks, and is rejected; or that ends by itself. */
    judged: (said: Said) =>
      make(said, async (stream, from) => {
        const call = (await stream.next('tool.call', from)).data
        if (call.requires_approval) await backend.call(`POST ${path}/reject`, { tool_call_id: call.tool_call_id })
      }),
    /** A turn without calls. */
    async talk() {
      says({ text: 'hello' })
      await backend.call(`POST ${path}/prompt`, { text: 'go', wait: true })
    },
    /** The names of the tools that the last request offered. */
    offered: (): string[] => (model.requests.at(-1)!.body.tools ?? []).map((tool: any) => tool.function.name),
  }
}
