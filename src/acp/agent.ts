import { resolve } from 'node:path'
import {
  type AgentContext,
  agent,
  type ContentBlock,
  PROTOCOL_VERSION,
  RequestError,
  type Stream,
} from '@agentclientprotocol/sdk'
import * as v from 'valibot'
import { onAbort } from '../base/abort.ts'
import { AppError } from '../base/errors.ts'
import { looksRemote, ONLY_EMACS } from '../base/remote-name.ts'
import { readMode } from '../session/mode.ts'
import type { Runtime } from '../session/runtime.ts'
import type { Session } from '../session/session.ts'
import type { Store } from '../session/store.ts'
import { abilitiesOf } from './client.ts'
import { requestError } from './errors.ts'
import { joinedFrom } from './joined.ts'
import { createRoom, type Room } from './room.ts'
import { authenticate, authMethodsOf, signOut } from './sign-in.ts'

/*
 * ACP: the Agent Client Protocol as a second door to the same sessions. `agent` answers requests, a `room` is one open session,
 * `updates` makes of events what clients show, `permission` and `question` ask the person. Nothing here decides anything.
 */

const PAGE = 50

/** Requests beyond the stable protocol, as clients send them. */
const Fork = v.looseObject({
  sessionId: v.string(),
  mcpServers: v.optional(v.array(v.looseObject({ name: v.string() }))),
  additionalDirectories: v.optional(v.array(v.string())),
})
const Steering = v.looseObject({
  sessionId: v.string(),
  prompt: v.array(v.looseObject({ type: v.string() })),
  idleBehavior: v.optional(v.string()),
})

/** Serves one client until the connection closes. Resolves with the reason; undefined when the client simply went. */
export async function serveAcp(
  given: { store: Store; runtime: Runtime; version: string; log: Runtime['log'] },
  stream: Stream,
): Promise<unknown> {
  const { store, runtime, version, log } = given
  const signing = { ...runtime, config: runtime.config.config }
  const rooms = new Map<string, Room>()
  const gone = new AbortController()
  let can = abilitiesOf()
  const open = (session: Session, client: AgentContext): Room => {
    const known = rooms.get(session.id)
    if (known?.session === session) return known
    known?.leave()
    const room = createRoom(session, { client, can, gone: gone.signal, store, runtime, log }, () => {
      if (rooms.get(session.id) === room) rooms.delete(session.id)
    })
    rooms.set(session.id, room)
    return room
  }
  const roomOf = (id: string): Room => {
    const room = rooms.get(id)
    if (room) return room
    throw new AppError('SESSION_NOT_FOUND', 'There is no such session here. Load or resume it, or begin a new one.')
  }
  /** Commands are announced when the client knows the session: after the answer. */
  const welcome = async (room: Room) => {
    const setup = await room.setup()
    room.reopened()
    setImmediate(room.announce)
    return setup
  }
  // Handlers are tried one after the other, each a moment later: what must keep its order stands side by side.
  const app = agent({ name: 'emacs-agent' })
    .onRequest(
      'session/prompt',
      answering(({ params: { sessionId, prompt }, signal }) => roomOf(sessionId).prompt(prompt, signal)),
    )
    .onNotification('session/cancel', async ({ params: { sessionId } }) => {
      await rooms.get(sessionId)?.cancel()
    })
    .onRequest('initialize', ({ params }) => {
      can = abilitiesOf(params.clientCapabilities)
      const { name, version: theirs } = params.clientInfo ?? { name: 'a client', version: 'without a name' }
      log('info', `${name} ${theirs} speaks version ${params.protocolVersion} of ACP`)
      return {
        protocolVersion: PROTOCOL_VERSION,
        agentInfo: { name: 'emacs-agent', title: 'Emacs-Agent', version },
        agentCapabilities: CAPABILITIES,
        authMethods: authMethodsOf(signing, can.terminal_auth),
        _meta: { steering: { supported: true } },
      }
    })
    .onRequest(
      'session/new',
      answering(async ({ params, client }) => {
        if (looksRemote(params.cwd)) throw new AppError('INVALID_REQUEST', `cwd: ${ONLY_EMACS}`)
        const session = await store.create({ project_path: params.cwd }, await joinedFrom(params))
        return { sessionId: session.id, ...(await welcome(open(session, client))) }
      }),
    )
    .onRequest(
      'session/load',
      answering(async ({ params, client }) => {
        const { session } = await store.resume(params.sessionId, await joinedFrom(params))
        const room = open(session, client)
        await room.replay()
        return welcome(room)
      }),
    )
    .onRequest(
      'session/resume',
      answering(async ({ params, client }) => {
        const { session } = await store.resume(params.sessionId, await joinedFrom(params))
        return welcome(open(session, client))
      }),
    )
    .onRequest(
      'session/fork',
      parsing(Fork),
      answering(async ({ params, client }) => {
        // Without them it has those of the session that it is forked from.
        const brings = params.mcpServers ?? params.additionalDirectories
        const joined = brings && (await joinedFrom(params as Parameters<typeof joinedFrom>[0]))
        if (!store.has(params.sessionId)) await store.resume(params.sessionId)
        const session = await store.fork(params.sessionId, {}, joined)
        return { sessionId: session.id, ...(await welcome(open(session, client))) }
      }),
    )
    .onRequest(
      'session/list',
      answering(async ({ params: { cwd, cursor } }) => {
        const page = await runtime.archive.list({
          ...(cwd && { project: resolve(cwd) }),
          ...(cursor && { cursor }),
          limit: PAGE,
        })
        const sessions = page.transcripts.flatMap(entry => {
          const { session_id, project_path, title, first_prompt, started_at, ended_at } = entry
          if (project_path === null) return []
          const shown = title || first_prompt.trim().split('\n', 1)[0]
          return [{ sessionId: session_id, cwd: project_path, title: shown, updatedAt: ended_at ?? started_at }]
        })
        return { sessions, ...(page.next_cursor !== null && { nextCursor: page.next_cursor }) }
      }),
    )
    .onRequest(
      'session/delete',
      answering(async ({ params: { sessionId } }) => {
        if (store.has(sessionId)) await store.close(sessionId)
        await runtime.archive.remove(sessionId)
        return {}
      }),
    )
    .onRequest(
      'session/close',
      answering(async ({ params: { sessionId } }) => {
        await store.close(sessionId)
        return {}
      }),
    )
    .onRequest(
      'session/set_mode',
      answering(async ({ params: { sessionId, modeId } }) => {
        roomOf(sessionId)
        await store.update(sessionId, { config: { mode: readMode(modeId) } })
        return {}
      }),
    )
    .onRequest(
      'session/set_config_option',
      answering(({ params: { sessionId, configId, value } }) => roomOf(sessionId).setOption(configId, value)),
    )
    .onRequest(
      '_session/steering',
      parsing(Steering),
      answering(({ params: { sessionId, prompt, idleBehavior } }) => {
        const idle = idleBehavior === 'promptRequired' ? idleBehavior : undefined
        return roomOf(sessionId).steer(prompt as unknown as ContentBlock[], idle)
      }),
    )
    .onRequest(
      'authenticate',
      answering(async ({ params: { methodId } }) => {
        await authenticate(methodId, signing)
        return {}
      }),
    )
    .onRequest(
      'logout',
      answering(async () => {
        await signOut(signing)
        return {}
      }),
    )
  const connection = app.connect(stream)
  onAbort(connection.signal, () => gone.abort())
  await connection.closed
  for (const room of rooms.values()) room.leave()
  return connection.signal.reason
}

const CAPABILITIES = {
  auth: { logout: {} },
  loadSession: true,
  promptCapabilities: { image: true, audio: false, embeddedContext: true },
  mcpCapabilities: { http: true, sse: false },
  sessionCapabilities: { list: {}, resume: {}, close: {}, delete: {}, additionalDirectories: {}, fork: {} },
}

/** A handler whose failures are answered as ACP has them. */
const answering =
  <C extends { params: object }, R>(handle: (context: C) => R | Promise<R>) =>
  async (context: C): Promise<R> => {
    try {
      return await handle(context)
    } catch (error) {
      const { sessionId } = context.params as { sessionId?: string }
      throw requestError(error, sessionId)
    }
  }

const parsing =
  <S extends v.GenericSchema>(schema: S) =>
  (params: unknown): v.InferOutput<S> => {
    const { success, output, issues } = v.safeParse(schema, params)
    if (success) return output
    throw RequestError.invalidParams(
      undefined,
      issues.map(issue => `${v.getDotPath(issue)}: ${issue.message}`).join('; '),
    )
  }
