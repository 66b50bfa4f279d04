import { newId } from '../base/ids.ts'
import { resultsByCall } from '../llm/pairing.ts'
import type { ModelEvent, ModelMessage, ModelReply, ModelRequest } from '../llm/provider.ts'
import { INTRODUCTION, NO_TOOLS, NOT_UNDERSTOOD, NOT_UNDERSTOOD_AGAIN } from './help.ts'
import type { Intent } from './plan.ts'
import { type Beat, type Closing, code, type Outcome, type Script } from './script.ts'
import { understand } from './sentences.ts'
import { playStep } from './steps.ts'

/*
 * The offline guide: `sentences` and rules/ read a prompt into intents (`plan`), `steps` turns an intent into a script of calls
 * and words (`script`), `results` reads what tools returned.
 */

/**
 * `offline/guide`: no language model, and it says so. It turns plain sentences into calls of the tools it is offered, and
 * reports what they gave. Deterministic and without state: what comes next follows from the last prompt and the results
 * after it. Costs nothing; throws the signal's reason on abort.
 */
export async function* streamOffline(
  request: ModelRequest,
  signal: AbortSignal,
): AsyncGenerator<ModelEvent, ModelReply> {
  signal.throwIfAborted()
  const beat = nextBeat(request)
  for (const text of beat.text.match(/\s*\S+\s*/g) ?? []) {
    signal.throwIfAborted()
    yield { type: 'text', text }
  }
  const tool_calls = beat.calls.map(call => ({ tool_call_id: newId('tc'), ...call }))
  return {
    text: beat.text,
    tool_calls,
    usage: { input_tokens: 0, output_tokens: 0, cache_read_tokens: 0, cache_write_tokens: 0 },
    stop_reason: tool_calls.length > 0 ? 'tool_use' : 'end_turn',
  }
}

/** Plays the script of the last prompt against the results there are, up to the first call without one. */
function nextBeat({ messages, tools }: ModelRequest): Beat {
  const start = messages.findLastIndex(message => message.role === 'user')
  const script = answer(messages, start, new Set(tools.map(tool => tool.name)))
  let beat = script.next()
  for (const { calls, outcomes } of rounds(messages.slice(start + 1))) {
    if (beat.done) break
    const asked = beat.value.calls.map(call => call.tool).join()
    if (asked !== calls.join()) return { text: TAKEN_OVER, calls: [] }
    beat = script.next(outcomes)
  }
  return beat.done ? { text: beat.value.text, calls: [] } : beat.value
}

const TAKEN_OVER =
  'Another model began this, and I cannot carry on its work: I am **offline/guide**, no language model. What was done so far is above. Say `help` for what I understand.'

/** What was called in each message of a turn, with the outcomes in the same order. */
function rounds(turn: ModelMessage[]): { calls: string[]; outcomes: Outcome[] }[] {
  const results = resultsByCall(turn)
  return turn.flatMap(message => {
    if (message.role !== 'assistant' || message.tool_calls.length === 0) return []
    const outcomes = message.tool_calls.map(call => {
      const result = results.get(call.tool_call_id)
      return result ?? { content: 'There is no result.', is_error: true }
    })
    return [{ calls: message.tool_calls.map(call => call.tool), outcomes }]
  })
}

/** The steps of the last prompt one after another, to the first that fails. */
function* answer(messages: ModelMessage[], start: number, offered: ReadonlySet<string>): Script {
  const last = messages[start]
  const { prompt, current_file } = (last?.role === 'user' && (last.asked ?? { prompt: last.text })) || { prompt: '' }
  if (offered.size === 0) return { text: NO_TOOLS }
  const steps = understand(prompt, current_file)
  if (steps[0]?.do === 'unknown') {
    const said = messages.slice(0, start).some(each => each.role === 'assistant' && each.text.includes(INTRODUCTION))
    return { text: said ? NOT_UNDERSTOOD_AGAIN : NOT_UNDERSTOOD }
  }
  const said: string[] = []
  for (const [i, step] of (steps.length > 0 ? steps : [{ do: 'tour' } as Intent]).entries()) {
    if (step.do === 'unknown') {
      said.push(`I stopped at ${code(step.text)}, which I don't understand. Say \`help\` for what I do.`)
      break
    }
    const script = playStep(step, offered)
    let beat = script.next()
    while (!beat.done) {
      const { text, calls } = beat.value
      const outcomes = yield { text: [...said.splice(0), text].filter(Boolean).join('\n\n'), calls }
      beat = script.next(outcomes)
    }
    said.push(beat.value.text)
    const left = steps.length - i - 1
    if (beat.value.failed && left > 0) said.push(leftUndone(left))
    if (beat.value.failed) break
  }
  return { text: said.filter(Boolean).join('\n\n') } satisfies Closing
}

const leftUndone = (left: number): string =>
  left === 1 ? 'So I stopped before the last step.' : `So I stopped before the other ${left} steps.`
