import type { Said } from './model-replies.ts'
import type { Scripted } from './scripted.ts'
import { tempDir } from './temp.ts'

export const agents = ['user', 'project', 'env', 'request']
  .map(name => `[agents.by_${name}]\nread_only = true\n`)
  .join('')

/** A session in a directory with these files, or in this one, and what becomes of the calls its model makes. */
export async function working(
  { backend, says, model }: Scripted,
  files: Record<string, string> | string,
  more: object = {},
) {
  const project = typeof files === 'string' ? files : tempDir(files)
  const id = await backend.session(project, more)
  const stream = await backend.events(`/api/sessions/${id}/events`)
  const resultAfter = async (from: number) => (await stream.next('tool.result', from)).data
  return {
    id,
    project,
    stream,
    /** `auto`, `ask` (then it is rejected) or the code of the refusal; and what the model was told. */
    async make(said: Said, prompt: object = {}): Promise<{ how: string; told: string; data: any }> {
      const from = stream.frames.length
      says(said, { text: 'ok' })
      const waiting = backend.call(`POST /api/sessions/${id}/prompt`, { text: 'go', wait: true, ...prompt })
      const { data } = await stream.next('tool.call', from)
      if (data.requires_approval)
        await backend.call(`POST /api/sessions/${id}/reject`, { tool_call_id: data.tool_call_id })
      const result = await resultAfter(from)
      await waiting
      await stream.idle(from)
      const told = model.requests.at(-1)!.body.messages.at(-1).content
      return { how: data.requires_approval ? 'ask' : (result.error?.code ?? 'auto'), told, data }
    },
  }
}
