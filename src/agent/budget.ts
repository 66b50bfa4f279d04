import { tokensIn } from '../base/tokens.ts'
import type { Params, Stored } from '../event.ts'
import type { ToolDefinition } from '../llm/provider.ts'
import { weigh } from './context.ts'
import type { HistoryMessage } from './history.ts'

/** What fills the window of a model, in this order. */
const KINDS = [
  'system',
  'tools',
  'mcp',
  'instructions',
  'skills',
  'summary',
  'files',
  'tool_results',
  'conversation',
] as const
type PartKind = (typeof KINDS)[number]
/** `name`: a file by its path, a tool, an MCP server. Tokens are estimated from the length, and fitted to what was counted. */
export type Part = { kind: PartKind; name?: string; tokens: number }

/** A section of the system prompt. */
export type Section = { kind: PartKind; text: string }

/** The parts of the frozen prefix; `tools` in the order of `definitions`, by our names. */
export const prefixParts = (
  sections: readonly Section[],
  tools: readonly { name: string; category: string }[],
  definitions: readonly ToolDefinition[],
): Part[] => [
  ...sections.map(({ kind, text }) => ({ kind, tokens: tokensIn(text) })),
  ...tools.map((tool, i) => ({ ...ofTool(tool), tokens: tokensIn(JSON.stringify(definitions[i])) })),
]

/** The tools of MCP servers, and the constant ones that lead to others. */
function ofTool({ name, category }: { name: string; category: string }): Pick<Part, 'kind' | 'name'> {
  if (name.includes('/')) return { kind: 'mcp', name: name.slice(0, name.indexOf('/')) }
  return { kind: category === 'mcp' ? 'mcp' : 'tools' }
}

/**
 * The parts of a history as it is sent. `bare` is the same without what messages enclose; `log` holds the events that they
 * were read off.
 */
export function historyParts(
  history: readonly HistoryMessage[],
  bare: readonly HistoryMessage[],
  log: readonly Stored[],
): Part[] {
  const events = new Map(log.map(event => [event.id, event]))
  const calls = bare.flatMap(message => (message.role === 'assistant' ? message.tool_calls : []))
  const asked = new Map(calls.map(({ tool_call_id, params }) => [tool_call_id, params]))
  return history.flatMap((message, i): Part[] => {
    const tokens = weigh(message)
    if (message.role === 'assistant') return [{ kind: 'conversation', tokens }]
    if (message.id === 0) return [{ kind: 'summary', tokens }]
    const event = events.get(message.id)
    if (message.role === 'tool') {
      const tool = event?.type === 'tool.result' ? event.tool : message.tool
      return [{ ...ofResult(tool, asked.get(message.tool_call_id)), tokens }]
    }
    if (event?.type !== 'prompt') return [{ kind: 'conversation', tokens }]
    if (event.instructions) return [{ kind: 'instructions', tokens }]
    if (event.source === 'agent' && !event.report_of) return [{ kind: 'mcp', tokens }]
    const said = Math.min(tokens, weigh(bare[i]!))
    const [attached, ...others] = event.attachments ?? []
    const name = attached && 'path' in attached && others.length === 0 ? attached.path : 'attachments'
    return [
      { kind: 'conversation', tokens: said },
      { kind: 'files', name, tokens: tokens - said },
    ]
  })
}

function ofResult(tool: string, params: Params = {}): Pick<Part, 'kind' | 'name'> {
  const { path, name } = params
  if (tool === 'read_file' && typeof path === 'string' && !path.startsWith('spill:'))
    return { kind: 'files', name: path }
  if (tool === 'skill' && typeof name === 'string') return { kind: 'skills', name }
  return { kind: 'tool_results', name: tool }
}

/** The parts of one kind and name as one, the largest first; together exactly `used` tokens, unless that is not known yet (0). */
export function budgetOf(parts: readonly Part[], used: number): Part[] {
  const sums = new Map<string, Part>()
  for (const part of parts) {
    const key = `${part.kind} ${part.name ?? ''}`
    sums.set(key, { ...part, tokens: part.tokens + (sums.get(key)?.tokens ?? 0) })
  }
  const all = [...sums.values()].filter(part => part.tokens > 0)
  const fitted = used > 0 ? scaledTo(all, used) : all
  return fitted.sort((a, b) => KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind) || b.tokens - a.tokens)
}

/** Scales to a sum; what rounding leaves over goes to the largest. */
function scaledTo(parts: Part[], sum: number): Part[] {
  const estimated = parts.reduce((total, part) => total + part.tokens, 0)
  if (estimated === 0) return parts
  const scaled = parts.map(part => ({ ...part, tokens: Math.floor((part.tokens * sum) / estimated) }))
  const rest = sum - scaled.reduce((total, part) => total + part.tokens, 0)
  const largest = scaled.reduce((most, part) => (part.tokens > most.tokens ? part : most))
  largest.tokens += rest
  return scaled
}
