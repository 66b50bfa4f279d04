import type { AnyMessage, Stream } from '@agentclientprotocol/sdk'
import schema from '@agentclientprotocol/sdk/schema/v1/schema.unstable.json' with { type: 'json' }
import Ajv from 'ajv/dist/2020'

type Side = 'agent' | 'client'
type Message = {
  id?: string | number | null
  method?: string
  params?: unknown
  result?: unknown
}

const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true })
ajv.addSchema(schema, 'acp')
const definitions = Object.entries(schema.$defs as Record<string, { 'x-method'?: string; 'x-side'?: string }>)

/** The name of what is sent: `x-side` of a definition is the side that receives the method. */
function definitionOf(method: string, kind: 'Request' | 'Response' | 'Notification'): string | undefined {
  return definitions.find(([name, each]) => each['x-method'] === method && name.endsWith(kind))?.[0]
}

function faultsOf(name: string, value: unknown): string[] {
  const validate = ajv.getSchema(`acp#/$defs/${name}`)!
  if (validate(value)) return []
  return (validate.errors ?? []).map(({ instancePath, message }) => `${name}${instancePath}: ${message}`)
}

/**
 * Holds every message of both sides against the published schema. What does not fit is added to `faults`; so is an answer to
 * what nobody asked. Methods that begin with `_` are extensions: they have no schema.
 */
export function checkedStream(stream: Stream, faults: string[]): Stream {
  const asked: Record<Side, Map<unknown, string>> = { agent: new Map(), client: new Map() }
  const check = (from: Side, message: Message) => {
    const { id, method, params, result } = message
    if (method?.startsWith('_')) return void (id !== undefined && asked[from].set(id, method))
    if (method !== undefined) {
      const name = definitionOf(method, id === undefined ? 'Notification' : 'Request')
      if (id !== undefined) asked[from].set(id, method)
      faults.push(...(name ? faultsOf(name, params) : [`${method} is no method of the protocol`]))
      return
    }
    const other = from === 'agent' ? 'client' : 'agent'
    const answered = asked[other].get(id)
    if (answered === undefined) return void (id !== null && faults.push(`an answer to nothing: ${id}`))
    asked[other].delete(id)
    const name = 'result' in message ? definitionOf(answered, 'Response') : undefined
    if (name) faults.push(...faultsOf(name, result))
  }
  const watching = (from: Side) =>
    new TransformStream<AnyMessage, AnyMessage>({
      transform(message, controller) {
        check(from, message as Message)
        controller.enqueue(message)
      },
    })
  const outgoing = watching('client')
  void outgoing.readable.pipeTo(stream.writable).catch(() => {}) // the agent is gone: the exit code says so
  return { readable: stream.readable.pipeThrough(watching('agent')), writable: outgoing.writable }
}
