import { join } from 'node:path'
import * as v from 'valibot'
import { printable } from '../base/controls.ts'
import { messageOf, UsageError } from '../base/errors.ts'
import { readRegularSync } from '../base/files.ts'
import { isLoopback, stayHome } from '../base/loopback.ts'
import { startTimeOf } from '../base/processes.ts'
import { toJson } from '../base/text.ts'
import type { Config } from '../config/config.ts'
import { isObject } from '../mcp/catalog/schema.ts'
import { namesIn } from '../undo/state.ts'
import { acpOutput, LONGEST_MESSAGE } from './acp-output.ts'
import type { Options } from './commands.ts'
import { configure } from './configure.ts'
import type { Process } from './process.ts'

const PARSE_ERROR = -32700
const INVALID_REQUEST = -32600
const INTERNAL_ERROR = -32603

/** Time limit of a request to `/health`, in milliseconds. */
const ANSWER_MS = 10_000

type Outgoing = { id?: unknown; method?: unknown }

/**
 * `acp --attach [URL]`: relays one ACP client to a server that runs, whose sessions stay when the client goes. Resolves with
 * the exit code.
 */
export async function attach(options: Options<'acp'>, program: Process): Promise<number> {
  const { env, dirs } = program
  const { config } = await configure({ env, dirs, flags: options })
  const { url, token } = await findServer(options.operand, config, program)
  const headers = headersOf(token)
  const over = new AbortController()
  const reply = await fetch(`${url}/api/acp`, { headers, signal: over.signal })
  if (!reply.ok || reply.body === null)
    throw new UsageError(`The server at ${printable(url)} refused: ${reply.status} ${printable(await reply.text())}`)
  const lines = linesOf(reply.body)
  const connection_id = openedBy((await lines.next()).value ?? '')
  if (connection_id === null)
    throw new UsageError(`What answers at ${printable(url)} does not serve ACP clients. It may be an older version.`)
  const write = acpOutput(program)
  const send = async (line: string) => {
    const message = parse(line)
    if (typeof message === 'string') return write(message)
    const sent = await fetch(`${url}/api/acp/${connection_id}`, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body: line,
      signal: over.signal,
    })
    const text = await sent.text()
    if (!sent.ok && message.id !== undefined && message.method !== undefined)
      await write(failure(message.id, INTERNAL_ERROR, text))
  }
  const ended = (reason: string) => {
    if (!over.signal.aborted) program.stderr(`emacs-agent-backend: ${reason}\n`)
    return 1
  }
  const failed = (error: unknown) => ended(`the connection broke: ${printable(messageOf(error))}`)
  const sending = each(linesOf(program.stdin), send).then(() => 0, failed)
  const reading = each(lines, line => write(`${line}\n`)).then(() => ended('the server ended the connection'), failed)
  try {
    return await Promise.race([sending, reading])
  } finally {
    over.abort()
  }
}

async function each(lines: AsyncIterable<string>, act: (line: string) => Promise<unknown>): Promise<void> {
  for await (const line of lines) await act(line)
}

/** Lines that are not empty. Throws UsageError for one that is too long. */
async function* linesOf(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<string, undefined> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of bytes) {
    const [first, ...others] = decoder.decode(chunk, { stream: true }).split('\n')
    rest += first
    if (rest.length > LONGEST_MESSAGE) throw new UsageError('A message is longer than 32 MiB.')
    for (const next of others) {
      if (rest.trim() !== '') yield rest
      rest = next
    }
  }
}

/** The message, or the reply to a line that is none. */
function parse(line: string): Outgoing | string {
  try {
    const message = JSON.parse(line)
    if (isObject(message)) return message
    return failure(null, INVALID_REQUEST, 'A message is one JSON object.')
  } catch {
    return failure(null, PARSE_ERROR, 'This is no JSON.')
  }
}

const failure = (id: unknown, code: number, message: string): string =>
  `${toJson({ jsonrpc: '2.0', id, error: { code, message } })}\n`

const Opened = v.object({ connection_id: v.string() })
const Health = v.object({ pid: v.number() })
const Address = v.object({ url: v.pipe(v.string(), v.url()), token_file: v.string() })

function openedBy(line: string): string | null {
  try {
    return v.parse(Opened, JSON.parse(line)).connection_id
  } catch {
    return null
  }
}

/**
 * The server at the address (the configured one where none is given) with its token: that of EMACS_AGENT_TOKEN, else that of a
 * backend of ours whose file in the state directory has this address. Throws UsageError.
 */
async function findServer(given: string | undefined, config: Pick<Config, 'host' | 'port'>, program: Process) {
  const address = given ?? `http://${config.host}:${config.port}`
  if (!URL.canParse(address) || !/^https?:$/.test(new URL(address).protocol))
    throw new UsageError(`--attach takes the address of a server, as http://127.0.0.1:9420: not ${printable(address)}`)
  const url = new URL(address).origin
  const own = program.env['EMACS_AGENT_TOKEN']
  const tokens = own ? [own] : tokensFor(url, program.dirs.state)
  stayHome(url)
  for (const token of [...tokens, '']) {
    const reply = await fetch(`${url}/health`, {
      headers: headersOf(token),
      signal: AbortSignal.timeout(ANSWER_MS),
    }).catch(error => {
      throw new UsageError(`No server answers at ${printable(url)} (${messageOf(error)}). Start one with \`serve\`.`)
    })
    const health = await reply.json().catch(() => null) // the reply of another program may be no JSON
    if (v.is(Health, health)) return { url, token }
  }
  throw new UsageError(
    `The server at ${printable(url)} accepts none of our tokens. Set EMACS_AGENT_TOKEN to that of its handshake.`,
  )
}

/** Tokens of running servers of ours whose address is `url`. A token is never sent to another program that listens there. */
const tokensFor = (url: string, state: string): string[] =>
  namesIn(state).flatMap(name => {
    const pid = Number(/^(?:acp|serve)-(\d+)\.json$/.exec(name)?.[1])
    if (!(pid > 0) || startTimeOf(pid) === null) return []
    try {
      const own = v.parse(Address, JSON.parse(readRegularSync(join(state, name)).toString()))
      return isAt(new URL(own.url), new URL(url)) ? [readRegularSync(own.token_file).toString().trim()] : []
    } catch {
      return [] // it has just ended, and its files are deleted
    }
  })

const EVERYWHERE = ['0.0.0.0', '[::]']
const isAt = (own: URL, asked: URL): boolean =>
  isLoopback(asked.href) &&
  own.port === asked.port &&
  (EVERYWHERE.includes(own.hostname) || hostOf(own) === hostOf(asked))
const hostOf = ({ hostname }: URL): string => (hostname === 'localhost' ? '127.0.0.1' : hostname)

const headersOf = (token: string): Record<string, string> => (token === '' ? {} : { authorization: `Bearer ${token}` })
