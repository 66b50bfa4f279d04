import type { SessionUpdate } from '@agentclientprotocol/sdk'
import { tail } from '../base/text.ts'

/**
 * Sends the updates of a session one after the other. While the client does not read, pieces of one message become one piece:
 * what waits is no more than what was said, and what a command printed at the end.
 */
export function createOutbox(send: (update: SessionUpdate) => Promise<void>) {
  const waiting: SessionUpdate[] = []
  let sending: Promise<void> | null = null

  async function sendAll(): Promise<void> {
    try {
      for (let next = waiting.shift(); next; next = waiting.shift()) await send(next)
    } catch {
      waiting.length = 0 // the client is gone: nothing can be sent any more
    } finally {
      sending = null
    }
  }

  return {
    add(...updates: SessionUpdate[]): void {
      for (const update of updates) {
        const joined = join(waiting.at(-1), update)
        if (joined) waiting[waiting.length - 1] = joined
        else waiting.push(update)
      }
      if (waiting.length > 0) sending ??= sendAll()
    },
    /** Resolves when everything that was added is sent. */
    async drained(): Promise<void> {
      while (sending) await sending
    },
  }
}

/** Of what a command prints while nobody reads, the end stays: the result has it all. */
const LONGEST_OUTPUT = 256 * 1024

function join(last: SessionUpdate | undefined, next: SessionUpdate): SessionUpdate | null {
  if (!last) return null
  const [before, after] = [outputOf(last), outputOf(next)]
  if (before && after && before.terminal_id === after.terminal_id) {
    const data = tail(before.data + after.data, LONGEST_OUTPUT)
    return { ...next, _meta: { terminal_output: { ...after, data } } }
  }
  if (!isChunk(last) || !isChunk(next)) return null
  if (last.sessionUpdate !== next.sessionUpdate || last.messageId !== next.messageId) return null
  if (last.content.type !== 'text' || next.content.type !== 'text') return null
  return { ...last, content: { type: 'text', text: last.content.text + next.content.text } }
}

/** Of an update that has output of a terminal and nothing else. */
function outputOf(update: SessionUpdate): { terminal_id: string; data: string } | undefined {
  if (update.sessionUpdate !== 'tool_call_update' || update.status !== undefined) return undefined
  return update._meta?.['terminal_output'] as { terminal_id: string; data: string } | undefined
}

type Chunk = Extract<SessionUpdate, { sessionUpdate: 'agent_message_chunk' | 'agent_thought_chunk' }>
const isChunk = (update: SessionUpdate): update is Chunk =>
  update.sessionUpdate === 'agent_message_chunk' || update.sessionUpdate === 'agent_thought_chunk'
