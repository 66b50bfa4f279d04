import type { Stored, Usage } from '../event.ts'

export type Metrics = { observe(event: Stored): void; render(sessions: number): string }

const HELP: Record<string, string> = {
  turns_total: 'Turns by how they ended.',
  tool_calls_total: 'Tool calls by tool and status.',
  tool_ms_total: 'Time spent in tools, milliseconds.',
  tokens_total: 'Tokens by kind.',
  cost_usd_total: 'Cost of model calls whose prices are known, US dollars.',
  errors_total: 'Errors by code.',
}

/** Counters over all sessions since the start, read off the events like everything else. */
export function createMetrics(): Metrics {
  const counters = new Map<string, number>()
  const add = (name: string, labels: Record<string, string>, value = 1) => {
    const list = Object.entries(labels).map(([key, text]) => `${key}="${text.replace(/["\\\n]/g, '_')}"`)
    const line = list.length > 0 ? `${name}{${list.join(',')}}` : name
    counters.set(line, (counters.get(line) ?? 0) + value)
  }
  const addUsage = ({ cost_usd, ...tokens }: Usage) => {
    for (const [kind, count] of Object.entries(tokens))
      add('tokens_total', { kind: kind.replace('_tokens', '') }, count)
    if (cost_usd !== undefined) add('cost_usd_total', {}, cost_usd)
  }
  return {
    observe(event) {
      switch (event.type) {
        case 'turn.end':
          return add('turns_total', { outcome: event.outcome })
        case 'error':
          return add('errors_total', { code: event.code })
        case 'tool.result':
          add('tool_calls_total', { tool: event.tool, status: event.status })
          return add('tool_ms_total', { tool: event.tool }, event.execution_time_ms)
        case 'message':
          return addUsage(event.usage)
        case 'session.updated':
        case 'context.compacted':
          return event.usage && addUsage(event.usage)
        case 'session.created':
        case 'session.resumed':
        case 'session.rewound':
        case 'session.closed':
        case 'prompt.queued':
        case 'prompt.dropped':
        case 'prompt':
        case 'tool.call':
        case 'approval':
        case 'file.changed':
        case 'undo':
        case 'plan':
        case 'delegate.start':
        case 'delegate.end':
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
        const own = [...counters].filter(([line]) => line === name || line.startsWith(`${name}{`))
        if (own.length > 0) lines.push(`# HELP emacs_agent_${name} ${help}`, `# TYPE emacs_agent_${name} counter`)
        for (const [line, value] of own) lines.push(`emacs_agent_${line} ${value}`)
      }
      return `${lines.join('\n')}\n`
    },
  }
}
