import type { Usage } from '../event.ts'
import type { Broadcast } from '../session/subscribers.ts'
import { inert, type Style } from './terminal.ts'

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏']
const EVERY_MS = 120
const CLEAR_LINE = '\r\x1b[K'

/** What a turn has cost so far, on one line, below all other output. Only for a terminal that obeys escape sequences. */
export function createSpinner(write: (text: string) => void, style: Style, isBusy: () => boolean) {
  let began = 0
  let doing = ''
  let usage = { input: 0, output: 0, cost: 0 }
  let frame = 0
  let isDrawn = false
  let atLineStart = true
  let timer: NodeJS.Timeout | null = null

  const clear = () => {
    if (isDrawn) write(CLEAR_LINE)
    isDrawn = false
  }
  const draw = () => {
    if (!atLineStart || isBusy()) return
    frame = (frame + 1) % FRAMES.length
    write(`${CLEAR_LINE}${style.cyan(FRAMES[frame]!)} ${style.dim(statusLine(doing, Date.now() - began, usage))}`)
    isDrawn = true
  }
  const stop = () => {
    if (timer) clearInterval(timer)
    timer = null
    clear()
  }

  return {
    /** All output goes through here, so that it begins where the status line was. */
    print(text: string) {
      clear()
      write(text)
      if (text !== '') atLineStart = text.endsWith('\n')
    },
    watch(event: Broadcast) {
      if (event.type === 'prompt' && !event.parent_tool_call_id) {
        began = Date.now()
        usage = { input: 0, output: 0, cost: 0 }
      }
      if (event.type === 'message') usage = plus(usage, event.usage)
      if (event.type === 'tool.call') doing = inert(event.tool)
      if (event.type !== 'agent.state' || event.parent_tool_call_id) return
      if (event.state !== 'thinking' && event.state !== 'tool_execution') return stop()
      if (event.state === 'thinking') doing = 'thinking'
      timer ??= setInterval(draw, EVERY_MS).unref()
    },
    stop,
  }
}

type Spent = { input: number; output: number; cost: number }

const plus = (spent: Spent, usage: Usage): Spent => ({
  input: spent.input + usage.input_tokens + usage.cache_read_tokens + usage.cache_write_tokens,
  output: spent.output + usage.output_tokens,
  cost: spent.cost + (usage.cost_usd ?? 0),
})

/** `thinking 12 s · 1,234 tokens in, 56 out · $0.0123`; shorter than any terminal is narrow. */
export function statusLine(doing: string, elapsed_ms: number, { input, output, cost }: Spent): string {
  const tokens = input + output > 0 && `${input.toLocaleString('en')} tokens in, ${output.toLocaleString('en')} out`
  return [`${doing.slice(0, 24)} ${Math.floor(elapsed_ms / 1000)} s`, tokens, cost > 0 && `$${cost.toFixed(4)}`]
    .filter(Boolean)
    .join(' · ')
}
