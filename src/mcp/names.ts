import { createHash } from 'node:crypto'

/**
 * Providers take `^[a-zA-Z0-9_-]{1,64}$`; we say `server/tool`. A plain name becomes `server__tool` and can be read back by
 * eye; one that would be too long, hold other characters or be ambiguous ends in a hash of the whole name.
 */

const SEPARATOR = '__'
const LONGEST = 64
const PLAIN = /^[a-zA-Z0-9_-]+$/

/** The name a provider gets. Built-in tools pass unchanged. Two different names never give one, but for a hash collision. */
export function wireName(tool: string): string {
  const at = tool.indexOf('/')
  if (at === -1) return tool
  const [server, name] = [tool.slice(0, at), tool.slice(at + 1)]
  const plain = `${server}${SEPARATOR}${name}`
  // `a__b` + `c` and `a` + `b__c` would be the same: only servers that end clearly before the separator are plain.
  const isClear = PLAIN.test(server) && PLAIN.test(name) && !server.includes(SEPARATOR) && !server.endsWith('_')
  if (isClear && plain.length <= LONGEST && !HASHED.test(plain)) return plain
  const hash = `_x${createHash('sha256').update(tool).digest('hex').slice(0, 10)}`
  return plain.replace(/[^a-zA-Z0-9_-]/g, '_').slice(0, LONGEST - hash.length) + hash
}

/** What only our hashed names look like. */
const HASHED = /_x[0-9a-f]{10}$/
