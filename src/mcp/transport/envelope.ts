import { isObject } from '../catalog/schema.ts'

type Id = string | number

/**
 * A JSON-RPC message as the SDK reads it, from one as servers write it. The SDK drops what does not fit its schema, and
 * the caller then waits for the whole time-out: so `result: null`, an error that is a mere string, a missing `jsonrpc`
 * and an id of the other type are put right here. `asked` is the request that this must be the answer to, where that is
 * known: an answer without an id is its answer. A message that is sound comes back as the same object.
 */
export function readEnvelope(message: unknown, asked?: Id): unknown {
  if (!isObject(message)) return asked === undefined ? message : noAnswer(message, asked)
  if (typeof message.method === 'string')
    return withVersion(message.params === null ? without(message, 'params') : message)
  const id = idOf(message.id, asked)
  if (id === undefined) return message
  if (message.error != null) {
    const { error } = message
    const isSound = isObject(error) && Number.isInteger(error.code) && typeof error.message === 'string'
    return isSound ? withId(without(message, 'result'), id) : { jsonrpc: '2.0', id, error: errorOf(error) }
  }
  // A result that is `undefined` where the server was written is not sent at all.
  if (!('result' in message) && message.id === undefined) return noAnswer(message, id)
  const result = resultOf(message.result)
  return result === message.result ? withId(without(message, 'error'), id) : { jsonrpc: '2.0', id, result }
}

/** An answer that is none, as an error that quotes it. */
export const noAnswer = (said: unknown, id: Id) => ({
  jsonrpc: '2.0',
  id,
  error: { code: INTERNAL_ERROR, message: `the answer is no JSON-RPC message: ${quoted(said)}` },
})

const INTERNAL_ERROR = -32603
const QUOTED = 200
const quoted = (said: unknown) => (typeof said === 'string' ? said : JSON.stringify(said)).trim().slice(0, QUOTED)

const isId = (value: unknown): value is Id => typeof value === 'string' || typeof value === 'number'

function idOf(given: unknown, asked: Id | undefined): Id | undefined {
  if (asked !== undefined && (given == null || String(given) === String(asked))) return asked
  return isId(given) ? given : undefined
}

const withVersion = (message: Record<string, unknown>) =>
  message.jsonrpc === '2.0' ? message : { ...message, jsonrpc: '2.0' }
const withId = (message: Record<string, unknown>, id: Id) =>
  withVersion(message.id === id ? message : { ...message, id })
const without = (message: Record<string, unknown>, key: string) => {
  if (!(key in message)) return message
  const { [key]: _, ...others } = message
  return others
}

function errorOf(error: unknown): { code: number; message: string; data?: unknown } {
  if (!isObject(error)) return { code: INTERNAL_ERROR, message: quoted(error) }
  const code = Number(error.code)
  return {
    code: Number.isInteger(code) && error.code !== null ? code : INTERNAL_ERROR,
    message: typeof error.message === 'string' ? error.message : quoted(error),
    ...('data' in error && { data: error.data }),
  }
}

/** Text or a list alone is meant as the content of a call's result; nothing is an empty one. */
function resultOf(result: unknown): Record<string, unknown> {
  if (result == null) return {}
  if (!isObject(result)) return { content: result }
  const isGreeting = 'protocolVersion' in result || ('capabilities' in result && !('supportedVersions' in result))
  if (isGreeting) return greetingOf(result)
  // A field that is null is one that is not given; of the content itself the reader of results says what it means.
  const nulls = Object.keys(result).filter(key => result[key] === null && key !== 'content')
  return nulls.length === 0 ? result : nulls.reduce(without, result)
}

/** Of a draft, or of nothing: what every server speaks. */
const OLDEST = '2024-11-05'

/** The answer to `initialize`. What the server calls itself is of no use here, and not always said. */
function greetingOf(result: Record<string, unknown>): Record<string, unknown> {
  const { protocolVersion, serverInfo, capabilities, instructions } = result
  const { name, version } = isObject(serverInfo) ? serverInfo : {}
  const declared = isObject(capabilities) ? Object.entries(capabilities) : null
  const isDated = typeof protocolVersion === 'string' && /^\d{4}-\d\d-\d\d$/.test(protocolVersion)
  const isNamed = typeof name === 'string' && typeof version === 'string'
  const isToldWell = instructions === undefined || typeof instructions === 'string'
  if (isDated && isNamed && isToldWell && declared?.every(([, value]) => isObject(value))) return result
  return {
    ...(isToldWell ? result : without(result, 'instructions')),
    protocolVersion: isDated ? protocolVersion : OLDEST,
    // `"tools": true` declares tools.
    capabilities: Object.fromEntries(
      (declared ?? []).filter(([, value]) => value).map(([key, value]) => [key, isObject(value) ? value : {}]),
    ),
    serverInfo: { name: String(name ?? 'unnamed'), version: String(version ?? '0') },
  }
}
