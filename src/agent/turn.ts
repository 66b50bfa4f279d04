import type { AgentState, Approval, Event, Prompt, Stored, Usage } from '../event.ts'
import type { ModelRequest, Stream } from '../llm/provider.ts'
import type { Agent } from './agents.ts'
import type { Prepared, ToolAccess } from './call.ts'
import type { Fit } from './context.ts'
import type { Need } from './recovery.ts'

/** Everything a turn needs of its session. The session appends what the loop yields before it asks for the next event. */
export type Turn = {
  turn_id: string
  agent: Agent
  place: ToolAccess
  max_rounds: number
  log(): readonly Stored[]
  /**
   * The request for the next model call, rebuilt from the log; may yield a compaction on the way. `need` says how it has to
   * differ from the one before, which was refused.
   */
  request(need: Need, signal: AbortSignal): AsyncGenerator<Event, ModelRequest>
  /** What the session knows of the room its models have. */
  fit: Fit
  stream: Stream
  price(model: string, usage: Usage): Usage
  /** Prompts that steer the running turn, and what the model has to learn in between; each is taken once. */
  steers(): Promise<Prompt[]>
  hasSteers(): boolean
  /** Takes the next usable one of `fallback_models` for the rest of the turn; undefined when there is none left. */
  fallBack(): Promise<{ from: string; to: string } | undefined>
  /** Whether the next model call may be made: where a limit on costs is reached, somebody is asked (`spending.ts`). */
  mayGoOn(signal: AbortSignal): AsyncGenerator<Event, boolean>
  /** A command that has to succeed before it is done (`refinement.ts`). */
  until?: string
  /** What a turn that was completed comes to, beyond its answer (`hand-over.ts`). */
  handOver?(signal: AbortSignal): AsyncGenerator<Event, void>
  /** Registers a question about a call before it is announced, and resolves with the decision, already appended. */
  ask(prepared: Prepared, signal: AbortSignal): Promise<Decision>
  /** When an answer to a question asked now would come too late; undefined when it waits for ever. */
  expiresAt(): string | undefined
  /** Resolves when all that was appended is on the disk. */
  sync(): Promise<void>
}

/**
 * `prepared` is the call as it was approved, with the person's edits, and `note` reports them to the model. For a call that
 * was not approved, `message` is its result and `reason` what the person gave for it.
 */
export type Decision = Pick<Approval, 'decision' | 'reason'> & { prepared: Prepared; note?: string; message?: string }

export const state = (
  turn: { agent: { name: string } },
  state: AgentState,
  more: { details?: string; tool_call_id?: string; model_call_id?: string } = {},
): Event => ({
  type: 'agent.state',
  state,
  agent: turn.agent.name,
  ...more,
})
