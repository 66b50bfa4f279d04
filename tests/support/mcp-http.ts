/** An MCP server over Streamable HTTP (2025-11-25) that is its own authorization server. Everything it is asked is noted. */
import { createHash, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export type HttpPeer = {
  url: string
  asked: string[]
  /** What `/authorize` answers with, instead of what it was asked to. */
  authorize: { state?: string; iss?: string; error?: string }
  /** Forgets every session, or every token. */
  forget(what: 'sessions' | 'tokens'): void
  close(): Promise<void>
}

export async function startHttpPeer(options: { auth?: boolean } = {}): Promise<HttpPeer> {
  const asked: string[] = []
  const sessions = new Set<string>()
  const tokens = new Set<string>()
  const refreshTokens = new Set<string>()
  const codes = new Map<string, { challenge: string; redirect_uri: string; client_id: string }>()
  const clients = new Map<string, string[]>()
  const authorize: HttpPeer['authorize'] = {}
  let base = ''

  const json = (response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
  }
  const issueTokens = (response: ServerResponse) => {
    const [access_token, refresh_token] = [`at-${randomUUID()}`, `rt-${randomUUID()}`]
    tokens.add(access_token)
    refreshTokens.add(refresh_token)
    json(response, 200, { access_token, refresh_token, token_type: 'Bearer', expires_in: 3600 })
  }

  const routes: Record<string, (query: URLSearchParams, body: string, response: ServerResponse) => void> = {
    'GET /.well-known/oauth-protected-resource/mcp': (_query, _body, response) =>
      json(response, 200, { resource: `${base}/mcp`, authorization_servers: [base] }),
    'GET /.well-known/oauth-authorization-server': (_query, _body, response) =>
      json(response, 200, {
        issuer: base,
        authorization_endpoint: `${base}/authorize`,
        token_endpoint: `${base}/token`,
        registration_endpoint: `${base}/register`,
        response_types_supported: ['code'],
        code_challenge_methods_supported: ['S256'],
        token_endpoint_auth_methods_supported: ['none'],
        authorization_response_iss_parameter_supported: true,
      }),
    'POST /register'(_query, body, response) {
      const client_id = `client-${clients.size}`
      const metadata = JSON.parse(body)
      clients.set(client_id, metadata.redirect_uris)
      json(response, 201, { ...metadata, client_id })
    },
    'GET /authorize'(query, _body, response) {
      const { redirect_uri, client_id, state, code_challenge } = Object.fromEntries(query) as Record<string, string>
      if (!clients.get(client_id!)?.includes(redirect_uri!)) return json(response, 400, { error: 'invalid_redirect' })
      const code = randomUUID()
      codes.set(code, { challenge: code_challenge!, redirect_uri: redirect_uri!, client_id: client_id! })
      const back = new URL(redirect_uri!)
      back.searchParams.set('state', authorize.state ?? state!)
      back.searchParams.set('iss', authorize.iss ?? base)
      if (authorize.error) back.searchParams.set('error', authorize.error)
      else back.searchParams.set('code', code)
      response.writeHead(302, { location: back.href }).end()
    },
    'POST /token'(_query, body, response) {
      const form = new URLSearchParams(body)
      if (form.get('grant_type') === 'refresh_token')
        return refreshTokens.delete(form.get('refresh_token') ?? '')
          ? issueTokens(response)
          : json(response, 400, { error: 'invalid_grant' })
      const code = codes.get(form.get('code') ?? '')
      codes.delete(form.get('code') ?? '')
      const challenge = createHash('sha256')
        .update(form.get('code_verifier') ?? '')
        .digest('base64url')
      const sound = code && code.challenge === challenge && code.redirect_uri === form.get('redirect_uri')
      return sound ? issueTokens(response) : json(response, 400, { error: 'invalid_grant' })
    },
  }

  function mcp(request: IncomingMessage, body: string, response: ServerResponse): unknown {
    if (request.method !== 'POST') return json(response, 405, {})
    const bearer = request.headers.authorization?.replace('Bearer ', '') ?? ''
    if (options.auth && !tokens.has(bearer)) {
      const challenge = `Bearer resource_metadata="${base}/.well-known/oauth-protected-resource/mcp"`
      return json(response, 401, { error: 'unauthorized' }, { 'www-authenticate': challenge })
    }
    const { id, method, params } = JSON.parse(body)
    asked.push(method)
    const reply = (result: unknown, headers: Record<string, string> = {}) =>
      json(response, 200, { jsonrpc: '2.0', id, result }, headers)
    if (method === 'initialize') {
      const session = randomUUID()
      sessions.add(session)
      const capabilities = { tools: {} }
      return reply(
        { protocolVersion: params.protocolVersion, capabilities, serverInfo: { name: 'http', version: '1' } },
        { 'mcp-session-id': session },
      )
    }
    if (method === 'server/discover')
      return json(response, 400, { jsonrpc: '2.0', id, error: { code: -32601, message: 'Method not found' } })
    if (!sessions.has(String(request.headers['mcp-session-id'])))
      return json(response, 404, { error: 'no such session' })
    if (id === undefined) return void response.writeHead(202).end()
    const inputSchema = { type: 'object' }
    if (method === 'tools/list') return reply({ tools: ['echo', 'big', 'header'].map(name => ({ name, inputSchema })) })
    if (params.name === 'big') return reply({ content: [{ type: 'text', text: 'x'.repeat(params.arguments.bytes) }] })
    const said = params.name === 'header' ? String(request.headers['x-own']) : `said ${params.arguments.text}`
    return reply({ content: [{ type: 'text', text: said }] })
  }

  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', chunk => chunks.push(chunk))
    request.on('end', () => {
      const { pathname, searchParams } = new URL(request.url ?? '/', base)
      const body = Buffer.concat(chunks).toString()
      if (pathname === '/mcp') return mcp(request, body, response)
      asked.push(`${request.method} ${pathname}`)
      const route = routes[`${request.method} ${pathname}`]
      if (route) route(searchParams, body, response)
      else json(response, 404, {})
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url: `${base}/mcp`,
    asked,
    authorize,
    forget: what => (what === 'sessions' ? sessions : tokens).clear(),
    async close() {
      server.closeAllConnections()
      server.close()
    },
  }
}

/** Follows an address as a browser does; the body of the last page. */
export async function browse(url: string): Promise<string> {
  let text = ''
  for (let at: string | null = url, hops = 0; at && hops < 5; hops++) {
    const response: Response = await fetch(at, { redirect: 'manual' })
    text = await response.text()
    at = response.headers.get('location')
  }
  return text
}
