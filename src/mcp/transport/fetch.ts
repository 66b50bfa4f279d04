import { stayHome } from '../../base/loopback.ts'

/**
 * `fetch` over a connection of its own. A server may close one that it finds idle in the moment when it is used again; the
 * request is lost then, and as a call, a code or a refresh token works once, it cannot be repeated without knowing whether it
 * was read.
 */
export const fetchAfresh = (url: string | URL, init?: RequestInit): Promise<Response> => {
  stayHome(String(url))
  return fetch(url, { ...init, keepalive: false })
}
