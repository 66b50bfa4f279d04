import type { Delegated, Stored, Usage } from '../event.ts'

/** A counter by its labels: those of `/metrics`, where its name ends in `_total`. */
type Count = Record<string, string | number> & { value: number }
export type Metrics = {
  observe(event: Stored): void
  render(sessions: number): string
  /** The same numbers as data, by the name of the counter; one that never counted is an empty list. */
  counts(): Record<string, Count[]>
}

const HELP: Record<string, string> = {
  turns_total: 'Turns by agent and how they ended.',
  turn_ms_total: 'Time that turns took, milliseconds.',
  delegations_total: 'Tasks that agents gave each other, by agent and how they ended.',
  delegation_ms_total: 'Time that such tasks took, milliseconds.',
  model_calls_total: 'Answers of models by agent.',
  tool_calls_total: 'Tool calls by agent, tool and outcome: success, error, rejected.',
  tool_ms_total: 'Time spent in tools, milliseconds.',
  tokens_total: 'Tokens by kind.',
  cost_usd_total: 'Cost of model calls whose prices are known, US dollars.',
  errors_total: 'Errors by code.',
}

const KINDS = ['input_tokens', 'output_tokens', 'cache_read_tokens', 'cache_write_tokens'] as const

/** Counters, over all sessions since the start or of one session, read off the events like everything else. */
export function createMetrics(): Metrics {
  const counters = new Map<string, Count & { name: string }>()
  const add = (name: string, labels: Record<string, string>, value = 1) => {
    const list = Object.entries(labels).map(([key, text]) => `${key}="${text.replace(/["\\\n]/g, '_')}"`)
    const line = list.length > 0 ? `${name}{${list.join(',')}}` : name
    const counter = counters.get(line) ?? { name, ...labels, value: 0 }
    counter.value += value
    counters.set(line, counter)
  }
  const addUsage = ({ cost_usd, ...tokens }: Usage, agent: string) => {
    for (const kind of KINDS) add('tokens_total', { agent, kind: kind.replace('_tokens', '') }, tokens[kind])
    if (cost_usd !== undefined) add('cost_usd_total', { agent }, cost_usd)
  }
  /** Of the turns under way. */
  const agents = new Map<string, string>()
  const agentOf = (event: Delegated & { turn_id?: string }): string =>
    (event.parent_tool_call_id ? event.agent : agents.get(event.turn_id ?? '')) ?? ''
  return {
    observe(event) {
      switch (event.type) {
        case 'turn.end':
          add('turns_total', { agent: agentOf(event), outcome: event.outcome })
          add('turn_ms_total', { agent: agentOf(event) }, event.duration_ms)
          agents.delete(event.turn_id)
          return
        case 'delegate.end':
          add('delegations_total', { agent: event.agent, outcome: event.outcome })
          return add('delegation_ms_total', { agent: event.agent }, event.duration_ms)
        case 'error':
          return add('errors_total', { code: event.code })
        case 'tool.result':
          add('tool_calls_total', { agent: agentOf(event), tool: event.tool, outcome: event.status })
          return add('tool_ms_total', { agent: agentOf(event), tool: event.tool }, event.execution_time_ms)
        case 'prompt':
          if (event.agent && (event.source === 'user' || event.report_of)) agents.set(event.turn_id, event.agent)
          return
        case 'message':
          add('model_calls_total', { agent: agentOf(event) })
          return addUsage(event.usage, agentOf(event))
        case 'session.updated':
          return event.usage && addUsage(event.usage, '')
        case 'context.compacted':
          return event.usage && addUsage(event.usage, agentOf(event))
        case 'session.created':
        case 'session.mode':
        case 'session.resumed':
        case 'session.rewound':
        case 'session.closed':
        case 'prompt.queued':
        case 'prompt.dropped':
        case 'tool.call':
        case 'approval':
        case 'file.changed':
        case 'undo':
        case 'plan':
        case 'delegate.start':
        case 'question':
        case 'answer':
        case 'hook':
        case 'notice':
          return
        default: // an event of a newer version is not counted
          event satisfies never
      }
    },
    render(sessions) {
      const lines = ['# TYPE emacs_agent_sessions gauge', `emacs_agent_sessions ${sessions}`]
      for (const [name, help] of Object.entries(HELP)) {
        const own = [...counters].filter(([, counter]) => counter.name === name)
        if (own.length > 0) lines.push(`# HELP emacs_agent_${name} ${help}`, `# TYPE emacs_agent_${name} counter`)
        for (const [line, { value }] of own) lines.push(`emacs_agent_${line} ${value}`)
      }
      return `${lines.join('\n')}\n`
    },
    counts: () =>
      Object.fromEntries(
        Object.keys(HELP).map(name => [
          name.replace(/_total$/, ''),
          [...counters.values()]
            .filter(counter => counter.name === name)
            .map(({ name: _, ...count }) => count as Count),
        ]),
      ),
  }
}
