import { type Context, context, type Span, trace } from '@opentelemetry/api'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base'
import type { Stored } from '../event.ts'

/**
 * Turns, model calls and tool calls as traces of OpenTelemetry, read off the events: times, names of models and tools, tokens and
 * outcomes. No text, parameter, path or id of a session is in them. Loaded only where `[telemetry] otlp` names an address.
 */
export type Telemetry = { observe(event: Stored): void; close(): Promise<void> }

/** How long the end of the program waits for the collector. */
const PATIENCE_MS = 1000

type Turn = { span: Span; inside: Context; last: number }

export function createTelemetry(url: string, version: string): Telemetry {
  const exporter = new OTLPTraceExporter({ url, timeoutMillis: PATIENCE_MS })
  const provider = new BasicTracerProvider({
    resource: resourceFromAttributes({ 'service.name': 'emacs-agent-backend', 'service.version': version }),
    spanProcessors: [new BatchSpanProcessor(exporter)],
  })
  const tracer = provider.getTracer('emacs-agent-backend', version)
  const turns = new Map<string, Turn>()

  const begin = (turn_id: string, at: number) => {
    const span = tracer.startSpan('turn', { startTime: at }, context.active())
    turns.set(turn_id, { span, inside: trace.setSpan(context.active(), span), last: at })
  }
  const inside = (turn: Turn, name: string, from: number, to: number, attributes: Record<string, string | number>) =>
    tracer.startSpan(name, { startTime: from, attributes }, turn.inside).end(to)

  return {
    observe(event) {
      const at = Date.parse(event.at)
      if (event.type === 'prompt' && !turns.has(event.turn_id)) return begin(event.turn_id, at)
      const turn = 'turn_id' in event && event.turn_id !== undefined ? turns.get(event.turn_id) : undefined
      if (!turn) return
      if (event.type === 'message') {
        const { input_tokens, output_tokens } = event.usage
        inside(turn, `chat ${event.model}`, turn.last, at, {
          'gen_ai.request.model': event.model,
          'gen_ai.usage.input_tokens': input_tokens,
          'gen_ai.usage.output_tokens': output_tokens,
        })
      }
      if (event.type === 'tool.result')
        inside(turn, `execute_tool ${event.tool}`, at - event.execution_time_ms, at, {
          'gen_ai.tool.name': event.tool,
          outcome: event.status,
        })
      turn.last = at
      if (event.type !== 'turn.end') return
      turn.span.setAttribute('outcome', event.outcome).end(at)
      turns.delete(event.turn_id)
    },
    async close() {
      const late = new Promise<void>(resolve => setTimeout(resolve, PATIENCE_MS).unref())
      await Promise.race([provider.shutdown().catch(() => {}), late])
    },
  }
}
