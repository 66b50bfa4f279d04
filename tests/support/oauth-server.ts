import { randomBytes } from 'node:crypto'
import { atEnd } from './at-end.ts'

const open: (() => void)[] = []
atEnd(() => {
  for (const close of open.splice(0)) close()
})

/**
 * An authorization server on loopback that speaks the device grant (RFC 8628), refresh with rotation, and revocation. Polls
 * are answered from `answers` (OAuth's words), and with tokens once those are used up.
 */
export function startOAuthServer({ client_id = 'client-1', client_secret = '' } = {}) {
  const state = {
    answers: [] as string[],
    expires_in: 3600,
    interval: 0,
    /** What the next request to the token endpoint gets instead of an answer. */
    broken: null as Response | null,
    device_codes: new Set<string>(),
    access: new Set<string>(),
    refresh: new Set<string>(),
    /** Every form that came in, with its path. */
    forms: [] as (Record<string, string> & { path: string })[],
  }
  const secret = (kind: string) => `${kind}-${randomBytes(16).toString('hex')}`
  const refuse = (error: string, status = 400) => Response.json({ error }, { status })
  const grant = () => {
    const access_token = secret('access')
    const refresh_token = secret('refresh')
    state.access.add(access_token)
    state.refresh.add(refresh_token)
    return Response.json({ access_token, refresh_token, token_type: 'Bearer', expires_in: state.expires_in })
  }
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    async fetch(request) {
      const { pathname: path, origin } = new URL(request.url)
      if (path === '/.well-known/oauth-authorization-server')
        return Response.json({
          issuer: origin,
          device_authorization_endpoint: `${origin}/device`,
          token_endpoint: `${origin}/token`,
          revocation_endpoint: `${origin}/revoke`,
        })
      if (request.method !== 'POST') return new Response('', { status: 404 })
      const form = Object.fromEntries(new URLSearchParams(await request.text()))
      state.forms.push({ ...form, path })
      if (form['client_id'] !== client_id || (form['client_secret'] ?? '') !== client_secret)
        return refuse('invalid_client', 401)
      if (path === '/device') {
        const device_code = secret('device')
        state.device_codes.add(device_code)
        return Response.json({
          device_code,
          user_code: 'WDJB-MJHT',
          verification_uri: `${origin}/enter`,
          verification_uri_complete: `${origin}/enter?user_code=WDJB-MJHT`,
          expires_in: 60,
          interval: state.interval,
        })
      }
      if (path === '/revoke') {
        state.refresh.delete(form['token'] ?? '')
        return new Response('')
      }
      if (path !== '/token') return new Response('', { status: 404 })
      const { broken } = state
      state.broken = null
      if (broken) return broken
      if (form['grant_type'] === 'refresh_token') {
        // Rotation: each is good once.
        return state.refresh.delete(form['refresh_token'] ?? '') ? grant() : refuse('invalid_grant')
      }
      if (!state.device_codes.has(form['device_code'] ?? '')) return refuse('invalid_grant')
      const answer = state.answers.shift()
      return answer ? refuse(answer) : grant()
    },
  })
  open.push(() => void server.stop(true))
  return Object.assign(state, { url: `http://127.0.0.1:${server.port}`, client_id })
}
export type OAuthServer = ReturnType<typeof startOAuthServer>
