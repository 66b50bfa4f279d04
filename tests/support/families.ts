import { readFileSync } from 'node:fs'
import { atEnd } from './at-end.ts'
import { Backend, type EventStream, makeHome } from './backend.ts'
import { FAMILIES, type Family, type Said, say } from './model-replies.ts'
import { type Asked, type ModelServer, type Script, startModelServer } from './model-server.ts'
import { tempDir } from './temp.ts'
import { flawsOf } from './valid-history.ts'

const open: (() => Promise<unknown>)[] = []
atEnd(async () => {
  for (const close of open.splice(0).reverse()) await close()
})

/** One model of each family, all on the same server. */
export const MODELS: Record<Family, string> = {
  anthropic: 'anthropic/claude-sonnet-5-5',
  chat: 'test/some-model',
  responses: 'openai/gpt-6-luna',
  gemini: 'gemini/gemini-3.8-flash',
}
export const KEYS: Record<Family, string> = {
  anthropic: 'sk-ant-test-0123456789',
  chat: 'sk-chat-test-0123456789',
  responses: 'sk-proj-test-0123456789',
  gemini: 'AIza-test-0123456789',
}
export const familyOf = ({ path }: Pick<Asked, 'path'>): Family =>
  path.includes('/messages')
    ? 'anthropic'
    : path.includes('/responses')
      ? 'responses'
      : path.includes('Content')
        ? 'gemini'
        : 'chat'

const providers = (url: string) => `
[providers.anthropic]
api_key = "${KEYS.anthropic}"
base_url = "${url}"
[providers.test]
kind = "openai-compatible"
api_key = "${KEYS.chat}"
base_url = "${url}/v1"
[providers.openai]
api_key = "${KEYS.responses}"
base_url = "${url}/v1"
[providers.gemini]
api_key = "${KEYS.gemini}"
base_url = "${url}/v1beta"
`

export type Line = Said | Script
const isSaid = (line: Line): line is Said =>
  typeof line === 'object' && !Array.isArray(line) && ['text', 'calls', 'thinking'].some(key => key in line)

export const isSummary = ({ text }: Pick<Asked, 'text'>): boolean => text.includes('Summarise the conversation below')

/**
 * The built backend with a model of each family; what is said is said in the words of whoever is asked. A summary is what
 * `summary` says whenever one is asked for, and takes no line; with null it is a line like any other.
 */
export async function startFamilies(config = '') {
  const model = await startModelServer()
  open.push(() => model.close())
  const home = makeHome(`${config}\n${providers(model.url)}`)
  const start = async (): Promise<Backend> => {
    const backend = await Backend.start(home)
    open.push(() => backend.stop())
    return backend
  }
  const lines: Line[] = []
  const next = (asked: Asked) => {
    const summary = isSummary(asked) ? families.summary : null
    if (summary) model.add(next)
    const line = summary ? summary(asked) : lines.shift()!
    if (isSaid(line)) return say(familyOf(asked), line)
    return typeof line === 'function' ? line(asked) : line
  }
  const says = (...more: Line[]) => {
    lines.push(...more)
    model.add(...more.map(() => next))
  }
  const summary: ((asked: Asked) => Said) | null = () => ({ text: 'A SUMMARY' })
  const families = { model, home, start, says, summary: summary as typeof summary | null, backend: await start() }
  return families
}
export type Families = Awaited<ReturnType<typeof startFamilies>>

/** A session followed from its first event. */
export async function openSession(
  { backend, says }: Pick<Families, 'backend' | 'says'>,
  family: Family | { model: string },
  files: Record<string, string> = {},
  more: object = {},
) {
  const model = typeof family === 'string' ? MODELS[family] : family.model
  const project = tempDir(files)
  const id = await backend.session(project, { model, ...more })
  return { project, ...(await follow(backend, id, says)) }
}

export async function follow(backend: Backend, id: string, says: Families['says']) {
  const path = `/api/sessions/${id}`
  const stream = await backend.events(`${path}/events`, 0)
  await stream.next('agent.state')
  return {
    id,
    stream,
    backend,
    post: (action: string, body?: object) => backend.call(`POST ${path}/${action}`, body),
    patch: async (body: object) => (await backend.call(`PATCH ${path}`, body)).body,
    view: async () => (await backend.call(`GET ${path}`)).body,
    /** A whole turn, with its reply. */
    turn: async (text: string, lines: Line[] = [], more: object = {}) => {
      const from = stream.frames.length
      says(...lines)
      const { body } = await backend.call(`POST ${path}/prompt`, { text, wait: true, ...more })
      if (body.turn_id) await stream.idle(from)
      return body
    },
  }
}

export const logOf = async (backend: Backend, id: string): Promise<string> => {
  const { body } = await backend.call('GET /api/transcripts?limit=1000')
  return body.transcripts.find((each: any) => each.session_id === id).paths.log
}
export const eventsIn = (log: string): any[] =>
  readFileSync(log, 'utf8')
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))

/** What each provider would refuse in the requests it got; empty when all is well. */
export const flawsIn = (model: ModelServer, from = 0): string[] =>
  model.requests.slice(from).flatMap((asked, i) => flawsOf(asked).map(flaw => `request ${from + i}: ${flaw}`))

export const storedOf = (stream: EventStream, type: string): any[] => stream.stored.filter(event => event.type === type)

export { FAMILIES, type Family }
