import type { AgentContext, ContentBlock, PromptResponse, SessionUpdate } from '@agentclientprotocol/sdk'
import { onAbort } from '../base/abort.ts'
import { AppError, messageOf } from '../base/errors.ts'
import { newId } from '../base/ids.ts'
import type { Effort } from '../event.ts'
import type { Buffers } from '../session/buffers.ts'
import { readCommand } from '../session/commands/written.ts'
import type { TurnOutcome } from '../session/outcomes.ts'
import type { Runtime } from '../session/runtime.ts'
import type { Session } from '../session/session.ts'
import type { Store } from '../session/store.ts'
import type { Taken } from '../session/turns.ts'
import type { Abilities } from './client.ts'
import { contentOf } from './content.ts'
import { failure, invalid } from './errors.ts'
import { configOptionsOf, effortFrom, modesOf } from './options.ts'
import { createOutbox } from './outbox.ts'
import { askPermission } from './permission.ts'
import { askQuestion } from './question.ts'
import { responseOf } from './response.ts'
import { createUpdates } from './updates.ts'

export type Door = {
  client: AgentContext
  can: Abilities
  /** The client is gone. Its turns go on, and what it was asked waits for another one, where the sessions stay. */
  gone: AbortSignal
  store: Store
  runtime: Runtime
  log: Runtime['log']
}

/** A session as one client has it open: what it is sent, and what it sends. `ended` is called when nothing can follow. */
export function createRoom(session: Session, { client, can, gone, store, runtime, log }: Door, ended: () => void) {
  const { state, turns } = session
  const window = () => runtime.models.info(state.model).context_window ?? undefined
  const outbox = createOutbox(update => client.notify('session/update', { sessionId: session.id, update }))
  const tell = (update: SessionUpdate) => outbox.add(update)
  const say = (text: string) =>
    tell({ sessionUpdate: 'agent_message_chunk', messageId: newId('msg'), content: { type: 'text', text } })
  const asking = { client, session, drained: outbox.drained, log, gone }
  const warn = (error: unknown) => log('warn', `${session.id}: ${messageOf(error)}`)
  let updates = createUpdates(session, can, window)
  let effort: Effort | undefined
  /** The client sets an option itself, and is answered with all of them. */
  let setting = false
  let commands = ''
  const prompts = new Set<{ cancelled: boolean; turn_id?: string }>()

  const buffers = can.read_file ? buffersOf(session.id, client, can) : undefined
  if (buffers) session.place.buffers = buffers

  const unsubscribe = session.subscribe(event => {
    outbox.add(...updates.live(event))
    if (event.type === 'tool.call' && event.requires_approval) void askPermission(event, asking).catch(warn)
    if (event.type === 'question') void askQuestion(event, { ...asking, can, tell }).catch(warn)
    if (event.type === 'session.updated' && !event.usage && (event.model || event.agent) && !setting)
      void configOptions()
        .then(configOptions => tell({ sessionUpdate: 'config_option_update', configOptions }))
        .catch(warn)
  }, ended)

  const configOptions = () => configOptionsOf(session, runtime, effort)

  async function take(blocks: readonly ContentBlock[]): Promise<Taken | { said: string }> {
    const content = contentOf(blocks)
    const { text, ...rest } = { ...content, ...(effort && { effort }) }
    const command = readCommand(text)
    if (!command) return turns.prompt({ text, ...rest })
    const { invoke } = await import('../session/commands/invoke.ts')
    try {
      const taken = await invoke(store, runtime, session.id, { command, ...rest })
      return taken.status === 'done' ? { said: taken.text } : taken
    } catch (error) {
      if (error instanceof AppError) return { said: error.message }
      throw error
    }
  }

  /** The last outcome: a plan that was accepted is carried out in a turn of its own. */
  async function followed(taken: Taken): Promise<TurnOutcome> {
    let outcome = await taken.outcome
    for (;;) {
      const next = turns.under_way()
      const isOthers = [...prompts].some(({ turn_id }) => turn_id === state.open_turn?.turn_id)
      if (!next || isOthers) return outcome
      outcome = await next
    }
  }

  async function cancel(): Promise<void> {
    for (const prompt of prompts) prompt.cancelled = true
    await turns.interrupt()
  }

  async function announce(): Promise<void> {
    const { findAllCommands } = await import('../session/commands/list.ts')
    const found = await findAllCommands(runtime, state.project_path)
    const availableCommands = found.commands
      .filter(({ row }) => row.problem === undefined)
      .map(({ row: { name, description, argument_hint } }) => ({
        name,
        description,
        ...(argument_hint !== undefined && { input: { hint: argument_hint } }),
      }))
    const now = JSON.stringify(availableCommands)
    if (now === commands || session.isOver) return
    commands = now
    tell({ sessionUpdate: 'available_commands_update', availableCommands })
  }

  return {
    session,
    /** What `session/new`, `load`, `resume` and `fork` are answered with. */
    setup: async () => ({ modes: await modesOf(session), configOptions: await configOptions() }),
    /** Sends the commands that there are, where they are not what was sent before. */
    announce: () => void announce().catch(warn),
    /** Forgets what was sent of the commands: another client side may have opened the session anew. */
    reopened(): void {
      commands = ''
    },
    /** Sends the whole conversation, and what of it is still being written. Resolves when the client has been sent it. */
    async replay(): Promise<void> {
      updates = createUpdates(session, can, window)
      for (const event of session.counting) outbox.add(...updates.replayed(event))
      for (const partial of session.partials) outbox.add(...updates.live(partial))
      outbox.add(...updates.usage())
      await outbox.drained()
    },
    async prompt(blocks: readonly ContentBlock[], signal: AbortSignal): Promise<PromptResponse> {
      const prompt: { cancelled: boolean; turn_id?: string } = { cancelled: false }
      prompts.add(prompt)
      const off = onAbort(signal, () => {
        if (gone.aborted) return
        prompt.cancelled = true
        const waits = prompt.turn_id !== undefined && state.queued.has(prompt.turn_id)
        void (waits ? turns.drop(prompt.turn_id!) : turns.interrupt()).catch(warn)
      })
      try {
        const from = session.log.events.length
        const taken = await take(blocks)
        if ('said' in taken) {
          say(taken.said)
          await outbox.drained()
          return { stopReason: prompt.cancelled ? 'cancelled' : 'end_turn' }
        }
        prompt.turn_id = taken.turn_id
        if (prompt.cancelled) await turns.interrupt()
        const outcome = await followed(taken)
        await outbox.drained()
        if (outcome.status === 'error' && !prompt.cancelled) {
          const { code = 'INTERNAL', message = 'The turn failed.' } = outcome.error ?? {}
          throw failure(code as Parameters<typeof failure>[0], message)
        }
        return responseOf(session.log.events.slice(from), outcome, prompt.cancelled)
      } finally {
        off()
        prompts.delete(prompt)
        void announce().catch(warn)
      }
    },
    cancel,
    /** Text for the turn that runs. Without one a turn is begun, or the client is to send a prompt, as it wishes. */
    async steer(blocks: readonly ContentBlock[], idle: 'promptRequired' | undefined) {
      if (!turns.under_way() && idle === 'promptRequired') return { outcome: idle, reason: 'noRunningTurn' }
      const { status } = await turns.prompt({ ...contentOf(blocks), when_busy: 'steer' })
      return { outcome: status === 'accepted' ? 'startedNewTurn' : 'injected' }
    },
    /** Throws INVALID_REQUEST. */
    async setOption(id: string, value: string | boolean) {
      if (typeof value !== 'string') throw invalid('value: expected one of the values of the option.')
      setting = true
      try {
        if (id === 'thought_level') effort = effortFrom(value)
        else if (id === 'model') await store.update(session.id, { model: value })
        else if (id === 'agent') await store.update(session.id, { agent: value })
        else throw invalid('configId: there is no such option. There are: model, thought_level, agent.')
      } finally {
        setting = false
      }
      return { configOptions: await configOptions() }
    },
    leave(): void {
      unsubscribe()
      if (session.place.buffers === buffers) delete session.place.buffers
    },
  }
}

const buffersOf = (sessionId: string, client: AgentContext, can: Abilities): Buffers => ({
  read: async path => (await client.request('fs/read_text_file', { sessionId, path })).content,
  ...(can.write_file && {
    write: async (path, content) => void (await client.request('fs/write_text_file', { sessionId, path, content })),
  }),
})

export type Room = ReturnType<typeof createRoom>
