import { cut } from '../base/text.ts'
import type { ErrorEvent, Message, MessageDelta, Params, Stored, ToolCallAnnounced, ToolResult } from '../event.ts'
import type { Broadcast } from '../session/subscribers.ts'
import { hookLine } from '../transcript/format.ts'
import { planText } from '../transcript/plan.ts'
import { outcomeOf } from './outcome.ts'
import { createSettler, type Settled } from './settle.ts'
import { colourDiff, inert, type Style } from './terminal.ts'

/**
 * Turns the events of a session into what a person reads in a terminal. With `render` messages are Markdown, shown part by part
 * as they settle; without it as they are written.
 */
export function createScreen(write: (text: string) => void, style: Style, render?: (markdown: string) => string) {
  let column = 0
  const streams = new Map<string, ReturnType<typeof createSettler>>()
  const shownDiffs = new Set<string>()

  const print = (text: string) => {
    if (text === '') return
    write(text)
    column = text.endsWith('\n') ? 0 : 1
  }
  const line = (text: string) => print(`${column > 0 ? '\n' : ''}${text}\n`)

  const tell = (settled: Settled[]) => {
    for (const { text, isRaw } of settled) {
      if (isRaw) print(inert(text))
      else if (text.trim() !== '') line(render!(text).replace(/\n$/, ''))
    }
  }
  const streamed = ({ message_id, content, replace }: MessageDelta) => {
    if (replace && column > 0) print('\n')
    if (!render) return print(inert(content))
    const stream = (!replace && streams.get(message_id)) || createSettler()
    streams.set(message_id, stream)
    tell(stream.add(content))
  }
  const ended = ({ message_id, content }: Stored<Message>) => {
    tell(streams.get(message_id)?.rest() ?? [])
    streams.delete(message_id)
    if (content && column > 0) print('\n')
  }

  const announce = (call: Stored<ToolCallAnnounced>) => {
    const who = call.agent && call.parent_tool_call_id ? `${inert(call.agent)} › ` : ''
    line(`${style.cyan('●')} ${who}${style.bold(inert(call.tool))} ${style.dim(brief(call.params))}`)
    if (!call.requires_approval) return
    line(`  ${style.yellow(inert(call.reason))}${call.danger ? ` ${style.red(`[${inert(call.danger)}]`)}` : ''}`)
    for (const file of call.preview?.files ?? []) line(colourDiff(file.diff.trimEnd(), style))
    if (call.preview) shownDiffs.add(call.tool_call_id)
  }

  const finish = (result: Stored<ToolResult>) => {
    if (result.status !== 'success')
      line(`  ${style.yellow(`${result.status}: ${inert(result.message.split('\n', 1)[0]!)}`)}`)
    else line(`  ${style.dim(`${inert(result.tool)}: ${outcomeOf(result)}`)}`)
  }

  const retrying = ({ retry_in_ms }: ErrorEvent) => {
    if (retry_in_ms === undefined) return ''
    const seconds = Math.ceil(retry_in_ms / 1000)
    return style.dim(seconds > 0 ? ` Trying again in ${seconds} s.` : ' Trying again.')
  }

  /** Of a delegated agent only what it does is shown, not what it says: its report goes to the agent that it works for. */
  const isQuiet = (event: Broadcast) =>
    'parent_tool_call_id' in event &&
    event.parent_tool_call_id !== undefined &&
    !['tool.call', 'file.changed', 'error', 'notice', 'delegate.start', 'delegate.end'].includes(event.type)

  return {
    line,
    show(event: Broadcast) {
      if (isQuiet(event)) return
      switch (event.type) {
        case 'message.delta':
          return streamed(event)
        case 'message':
          return ended(event)
        case 'tool.call':
          return announce(event)
        case 'tool.progress':
          return event.output ? print(style.dim(inert(event.output))) : undefined
        case 'tool.result':
          return finish(event)
        case 'file.changed':
          return event.diff && !shownDiffs.has(event.tool_call_id)
            ? line(colourDiff(event.diff.trimEnd(), style))
            : undefined
        case 'context.compacted':
          return line(
            style.dim(
              `The older part of the conversation was summarised (${event.tokens_before} → ${event.tokens_after} tokens).`,
            ),
          )
        case 'delegate.start':
          return line(style.dim(`${inert(event.agent)} begins: ${inert(cut(event.task.replace(/\s+/g, ' '), 100))}`))
        case 'delegate.end':
          return line(style.dim(`${inert(event.agent)} ended: ${event.outcome}`))
        case 'plan':
          return event.items.length === 0 ? undefined : line(style.dim(inert(planText(event.items))))
        case 'session.rewound':
          return line(style.dim('The conversation went back to before a prompt.'))
        case 'undo':
          return line(
            style.dim(
              `${event.kind === 'redo' ? 'Done again' : 'Undone'}: ${inert(event.files.map(file => file.path).join(', '))}`,
            ),
          )
        case 'hook':
          return event.outcome === 'ok'
            ? undefined
            : line(style.dim(`Hook ${event.outcome}: ${inert(hookLine(event))}`))
        case 'notice':
          return line(style.dim(inert(event.message)))
        case 'session.mode':
          return line(style.dim(`Mode: ${inert(event.mode)}.`))
        case 'error':
          return line(`${style.red(`${event.code}: ${inert(event.message)}`)}${retrying(event)}`)
        case 'turn.end':
          if (!event.parent_tool_call_id) for (const stream of streams.values()) tell(stream.rest())
          if (!event.parent_tool_call_id) streams.clear()
          return event.outcome === 'completed' ? undefined : line(style.yellow(`The turn ended: ${event.outcome}.`))
        case 'session.created':
        case 'session.updated':
        case 'session.resumed':
        case 'session.closed':
        case 'prompt.queued':
        case 'prompt.dropped':
        case 'prompt':
        case 'approval':
        case 'question':
        case 'answer':
        case 'thinking.delta':
        case 'tool.draft':
        case 'agent.state':
        case 'editor.request':
        case 'reset':
          return
        default: // an event of a newer version is not shown
          event satisfies never
      }
    },
  }
}

/** The arguments on one line. */
export function brief(params: Params): string {
  const text = Object.entries(params)
    .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(' ')
    .replace(/\s+/g, ' ')
  return inert(cut(text, 100))
}
