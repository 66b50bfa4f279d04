import { beforeAll, expect } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { EventStream } from './backend.ts'
import type { Said } from './model-replies.ts'
import { type Line, type Scripted, startScripted } from './scripted.ts'
import { tempDir } from './temp.ts'

export type Files = Record<string, string>

export const many = (...calls: [name: string, args: object | string][]): Said => ({
  calls: calls.map(([name, args], i) => ({ id: `c${i}_`, name, args })),
})

export const results = (stream: EventStream) =>
  stream.frames.filter(frame => frame.event === 'tool.result').map(f => f.data)

export const end = async (stream: EventStream, from = 0) => (await stream.next('turn.end', from)).data

export const textOf = (message: any): string => JSON.stringify(message.content)

/** What providers insist on: directly after the calls of a message come their results, each once, in order. */
export function expectValid(messages: any[]) {
  for (let i = 0; i < messages.length; i++) {
    const { role, tool_calls } = messages[i]
    if (role === 'tool') throw new Error(`A result without a call: ${JSON.stringify(messages[i])}`)
    expect(role).not.toBe(messages[i - 1]?.role)
    const ids: string[] = tool_calls?.map((each: any) => each.id) ?? []
    const after = messages.slice(i + 1, i + 1 + ids.length)
    expect(after.map(each => each.tool_call_id)).toEqual(ids)
    expect(new Set(ids).size).toBe(ids.length)
    i += ids.length
  }
}

/** One built backend with a scripted model for all tests of a file, and sessions on it. */
export function modelSessions() {
  let scripted: Scripted
  beforeAll(async () => {
    scripted = await startScripted({ config: '[agents.reviewer]\nread_only = true\nsystem_prompt = "You review."' })
  })
  const lastRequest = () => scripted.model.requests.at(-1)!.body

  /** A session on a project with these files, followed from its first event. */
  async function session(options: { files?: Files; more?: object; on?: Scripted } = {}) {
    const { files = { 'a.txt': 'alpha\n', 'b.txt': 'beta\n' }, more = {}, on = scripted } = options
    const { backend, model } = on
    const project = tempDir(files)
    const id = await backend.session(project, more)
    const path = `/api/sessions/${id}`
    const stream = await backend.events(`${path}/events`, 0)
    await stream.next('agent.state')
    return {
      id,
      project,
      stream,
      post: (action: string, body?: object) => backend.call(`POST ${path}/${action}`, body),
      ask: async (text: string, more: object = {}) =>
        (await backend.call(`POST ${path}/prompt`, { text, ...more })).body,
      /** A whole turn, with its reply. */
      turn: async (text: string, ...lines: Line[]) => {
        on.says(...lines)
        return (await backend.call(`POST ${path}/prompt`, { text, wait: true })).body
      },
      patch: (body: object) => backend.call(`PATCH ${path}`, body),
      view: async () => (await backend.call(`GET ${path}`)).body,
      interrupt: async () => (await backend.call(`POST ${path}/interrupt`)).body,
      file: (name: string) => readFileSync(join(project, name), 'utf8'),
      /** The requests that the model got for this session from now on. */
      requests: model.requests.length,
    }
  }

  /** The next prompt works, and what the model gets then is a history that providers accept. */
  async function expectGoesOn({ turn, view }: Awaited<ReturnType<typeof session>>): Promise<any[]> {
    expect(await view()).toMatchObject({ agent_state: 'idle', pending_approvals: [], queued: [] })
    expect(await turn('and now?', { text: 'going on' })).toMatchObject({ status: 'success', text: 'going on' })
    const { messages } = lastRequest()
    expectValid(messages)
    expect(textOf(messages.at(-1))).toContain('and now?')
    return messages
  }

  return { scripted: () => scripted, session, lastRequest, expectGoesOn }
}

export type ModelSession = Awaited<ReturnType<ReturnType<typeof modelSessions>['session']>>
