import { createHash } from 'node:crypto'

/**
 * Providers take `^[a-zA-Z0-9_-]{1,64}$`; we say `server/tool`, with whatever name a server was given. A plain name becomes
 * `server__tool` and can be read back by eye. What of it would hold other characters or be ambiguous is followed by a hash of
 * itself; a name that would be too long ends in a hash of the whole.
 */

const SEPARATOR = '__'
const LONGEST = 64
const LONGEST_SERVER = 30
const PLAIN = /^[a-zA-Z0-9_-]+$/

/** The name a provider gets. Built-in tools pass unchanged. Two different names never give one, but for a hash collision. */
export function wireName(tool: string): string {
  // A server may have slashes in its name (`@scope/x`), a tool has hardly ever.
  const at = tool.lastIndexOf('/')
  if (at === -1) return tool
  const [server, name] = [tool.slice(0, at), tool.slice(at + 1)]
  // `a__b` + `c` and `a` + `b__c` would be the same: only servers that end clearly before the separator are plain.
  const isClear = PLAIN.test(server) && !server.includes(SEPARATOR) && !server.endsWith('_') && !HASHED.test(server)
  const whole = `${isClear ? server : hashed(server, server, LONGEST_SERVER)}${SEPARATOR}${name}`
  if (PLAIN.test(name) && whole.length <= LONGEST && !HASHED.test(whole)) return whole
  return hashed(`${server}${SEPARATOR}${name}`, tool, LONGEST)
}

function hashed(text: string, whole: string, longest: number): string {
  const hash = `_x${createHash('sha256').update(whole).digest('hex').slice(0, 10)}`
  return text.replace(/[^a-zA-Z0-9_-]/g, '_').slice(0, longest - hash.length) + hash
}

/** What only our hashed names look like. */
const HASHED = /_x[0-9a-f]{10}$/
