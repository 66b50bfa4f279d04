import { writeFileSync } from 'node:fs'
import { atEnd } from './at-end.ts'
import { Backend, type EventStream, type Frame, type Home, makeHome } from './backend.ts'
import { chat, type Said } from './model-replies.ts'
import { type ModelServer, type Script, startModelServer } from './model-server.ts'

const open: (() => Promise<unknown>)[] = []
atEnd(async () => {
  for (const close of open.splice(0).reverse()) await close()
})

/** What the model says to its next requests: described, or a script of its own. */
export type Line = Said | Script
const isSaid = (line: Line): line is Said =>
  typeof line === 'object' && !Array.isArray(line) && ['text', 'calls', 'thinking'].some(key => key in line)

export type Scripted = { backend: Backend; home: Home; model: ModelServer; says(...lines: Line[]): void }

/** The built backend with a model that says its lines in order, as an OpenAI-compatible server. */
export async function startScripted(
  options: {
    config?: string
    argv?: string[]
    env?: Record<string, string>
    command?: string[]
    config_file?: string
  } = {},
): Promise<Scripted> {
  const model = await startModelServer()
  open.push(() => model.close())
  const config = `model = "test/model"\n${options.config ?? ''}\n[providers.test]\nkind = "openai-compatible"\nbase_url = "${model.url}/v1"\napi_key = "test-key-0123456789"`
  const home = makeHome(options.config_file === undefined ? config : '')
  if (options.config_file !== undefined) writeFileSync(options.config_file, config)
  const backend = await Backend.start(home, options)
  open.push(() => backend.stop())
  return {
    backend,
    home,
    model,
    says: (...lines) => model.add(...lines.map(line => (isSaid(line) ? chat(line) : line))),
  }
}

/** One call of a tool. */
export const call = (name: string, args: object | string): Said => ({ calls: [{ id: 'c1', name, args }] })

/** The next call that waits for a decision. */
export const pending = (stream: EventStream, from = 0): Promise<Frame> =>
  stream.until(({ event, data }) => event === 'tool.call' && data.requires_approval, from)
