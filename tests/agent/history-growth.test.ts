import { expect, test } from 'bun:test'
import * as fc from 'fast-check'
import { createReader, type HistoryMessage } from '../../src/agent/history.ts'
import { noUsage } from '../../src/base/usage.ts'
import type { Stored } from '../../src/event.ts'
import { anthropicBody } from '../../src/llm/anthropic/anthropic-request.ts'
import { geminiBody } from '../../src/llm/gemini/gemini-request.ts'
import { chatBody } from '../../src/llm/openai/openai-request.ts'
import { responsesBody } from '../../src/llm/openai/responses-request.ts'
import type { Unsupported } from '../../src/llm/refusal.ts'
import { bodyText } from '../../src/llm/wire/body-text.ts'
import { wellFormed } from '../../src/llm/wire/well-formed.ts'
import { endpointFor, request } from '../support/model-call.ts'
import { FAMILIES } from '../support/model-replies.ts'

/** What may happen to a log; the numbers choose among what is there. */
type Step =
  | { do: 'prompt'; source: 'user' | 'steer' | 'agent'; text: string; attached: boolean }
  | { do: 'message'; text: string; calls: number; cut: boolean; delegated: boolean; again: boolean }
  | { do: 'result'; of: number; ok: boolean; images: number; delegated: boolean }
  | { do: 'compact'; from: number; delegated: boolean; open: boolean }
  | { do: 'notice' | 'changed' | 'undo' | 'end' | 'unknown' }
  | { do: 'rewind' | 'lose'; at: number }

const text = fc.constantFrom('', ' ', 'Hello', 'né-à “quoted”\n', '\ud83d half', '𝒳 and ☃', 'x'.repeat(300))
const place = fc.nat(1_000)
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('prompt'),
      source: fc.constantFrom('user', 'steer', 'agent'),
      text,
      attached: fc.boolean(),
    }) as fc.Arbitrary<Step>,
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('message'),
      text,
      calls: fc.nat(3),
      cut: fc.boolean(),
      delegated: maybe(),
      again: maybe(),
    }) as fc.Arbitrary<Step>,
  },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('result'),
      of: place,
      ok: fc.boolean(),
      images: fc.constantFrom(0, 0, 1),
      delegated: maybe(),
    }) as fc.Arbitrary<Step>,
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('compact'),
      from: place,
      delegated: maybe(),
      open: fc.boolean(),
    }) as fc.Arbitrary<Step>,
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constantFrom('notice', 'changed', 'undo', 'end', 'unknown') }) as fc.Arbitrary<Step>,
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('rewind', 'lose'), at: place }) as fc.Arbitrary<Step> },
)
function maybe() {
  return fc.constantFrom(false, false, false, false, true)
}

/** A log that the steps grow. A rewind and a loss make another array, as they do in a session. */
function growing() {
  let events: Stored[] = []
  let id = 0
  const calls: string[] = []
  const add = (event: object) => events.push({ id: ++id, at: '2026-11-23T10:00:00.000Z', ...event } as Stored)
  const inside = (delegated: boolean) => (delegated ? { parent_tool_call_id: 'tc_parent' } : {})
  const turn_id = 't1'
  const take = (step: Step): void => {
    switch (step.do) {
      case 'prompt': {
        const attachments = step.attached ? { attachments: [{ media_type: 'text/plain', data: 'YQ==' }] } : {}
        return void add({ type: 'prompt', turn_id: `t${id}`, text: step.text, source: step.source, ...attachments })
      }
      case 'message': {
        const tool_calls = Array.from({ length: step.calls }, (_, i) => {
          const tool_call_id = step.again && calls.length > 0 ? calls[i % calls.length]! : `tc_${id}_${i}`
          calls.push(tool_call_id)
          return { tool_call_id, tool: 'read_file', params: { path: `${i}` } }
        })
        const stop_reason = step.cut ? 'cut' : 'end_turn'
        const said = { role: 'assistant', content: step.text, tool_calls, model: 'm', usage: noUsage(), stop_reason }
        return void add({ type: 'message', turn_id, message_id: `m${id}`, ...said, ...inside(step.delegated) })
      }
      case 'result': {
        const tool_call_id = calls[step.of % Math.max(1, calls.length)] ?? 'tc_none'
        const result = { content: `result ${id}`, metadata: step.images ? { images: step.images } : {} }
        const done = { status: step.ok ? 'success' : 'error', ...(step.ok && { result }), message: 'failed' }
        return void add({
          type: 'tool.result',
          turn_id,
          tool_call_id,
          tool: 'read_file',
          ...done,
          ...inside(step.delegated),
        })
      }
      case 'compact': {
        const first_kept_id = step.open ? {} : { first_kept_id: (step.from % (id + 1)) + 1 }
        const made = { summary: `summary ${id}`, tokens_before: 2, tokens_after: 1, ...first_kept_id }
        return void add({ type: 'context.compacted', turn_id, ...made, ...inside(step.delegated) })
      }
      case 'notice':
        return void add({ type: 'notice', code: 'IMAGE_REFUSED', message: '', images: [`image${id % 3}`] })
      case 'changed':
        return void add({ type: 'file.changed', turn_id, path: `file${id % 3}`, operation: 'edit', change: 'modified' })
      case 'undo':
        return void add({ type: 'undo', kind: 'undo', files: [{ path: 'a' }], refused: [] })
      case 'end':
        return void add({ type: 'turn.end', turn_id, outcome: 'completed', usage: noUsage(), duration_ms: 1 })
      case 'unknown':
        return void add({ type: 'of.the.future' })
      case 'rewind':
        events = events.filter(event => event.id <= step.at % (id + 1))
        return
      case 'lose':
        events = events.filter((_, i) => i !== step.at % Math.max(1, events.length))
    }
  }
  return { take, log: () => events as readonly Stored[] }
}

/** What a history is, said once more and without any state: from the last summary on, each call followed by its last result. */
function defined(log: readonly Stored[]) {
  const own = log.filter(event => !('parent_tool_call_id' in event && event.parent_tool_call_id))
  const compaction = own.findLast(event => event.type === 'context.compacted')
  const from = compaction?.first_kept_id ?? compaction?.id ?? 0
  const results = new Map(own.flatMap(e => (e.type === 'tool.result' && e.id >= from ? [[e.tool_call_id, e]] : [])))
  const lines: string[] = compaction ? [`0 user ${compaction.summary}`] : []
  for (const event of own.filter(each => each.id >= from)) {
    if (event.type === 'prompt') lines.push(`${event.id} user ${event.text}${event.attachments ? ' +1' : ''}`)
    if (event.type === 'undo') lines.push(`${event.id} user <note>`)
    if (event.type !== 'message' || (!event.content && event.tool_calls.length === 0)) continue
    lines.push(`${event.id} assistant ${event.content}`)
    for (const { tool_call_id } of event.tool_calls) {
      const result = results.get(tool_call_id)
      const images = result?.result?.metadata['images'] ? ' +1' : ''
      lines.push(
        `${result?.id ?? event.id} ${tool_call_id} ${result?.result?.content ?? result?.message ?? 'none'}${images}`,
      )
    }
    if (event.stop_reason === 'cut') lines.push(`${event.id} user <cut>`)
  }
  return lines
}

const asLines = (history: HistoryMessage[]) =>
  history.map(message => {
    const plus = message.enclosed ? ' +1' : ''
    if (message.role === 'tool')
      return `${message.id} ${message.tool_call_id} ${message.content.startsWith('Interrupted before') ? 'none' : message.content}${plus}`
    const words = message.text
      .replace(/^<summary>.*?\n\n(.*)\n<\/summary>$/s, '$1')
      .replace(/^<note>.*/s, '<note>')
      .replace(/^The connection broke off there.*/s, '<cut>')
    return `${message.id} ${message.role} ${words}${plus}`
  })

const logs = fc.array(fc.tuple(step, fc.boolean()), { minLength: 1, maxLength: 60 })

test('a log that is read as it grows has the history of one that is read at once, whatever happens to it', () => {
  fc.assert(
    fc.property(logs, steps => {
      const { take, log } = growing()
      const read = createReader()
      for (const [step, looks] of steps) {
        take(step)
        if (!looks) continue
        const derived = read(log())
        const anew = createReader()(log())
        expect(derived).toEqual(anew)
        expect(asLines(derived.history)).toEqual(defined(log()))
        if (derived.history.some(message => message.enclosed)) expect(derived.encloses).toBe(true)
      }
    }),
    { numRuns: 400 },
  )
})

test('what did not change since the request before is the same object', () => {
  const { take, log } = growing()
  const read = createReader()
  const message = { do: 'message', text: 'a', calls: 1, cut: false, delegated: false, again: false } as const
  for (const step of [{ do: 'prompt', source: 'user', text: 'go', attached: false }, message] as Step[]) take(step)
  const before = read(log()).history
  take({ do: 'result', of: 0, ok: true, images: 0, delegated: false })
  take({ ...message, calls: 0 })
  const after = read(log()).history
  expect(after.slice(0, 2).map((message, i) => message === before[i])).toEqual([true, true])
  expect(before.map(message => message.role)).toEqual(['user', 'assistant', 'tool']) // what was handed out stays as it was
  expect(after.map(message => message.role)).toEqual(['user', 'assistant', 'tool', 'assistant'])
})

const BODIES = { anthropic: anthropicBody, chat: chatBody, responses: responsesBody, gemini: geminiBody }

test.each(FAMILIES)('%s: the text of a request that goes on from the one before is that of one made anew', family => {
  const endpoint = endpointFor(family)
  const refusals = fc.subarray<Unsupported>([
    'images',
    'reasoning_history',
    'call_ids',
    'cache_control',
    'content_parts',
  ])
  fc.assert(
    fc.property(logs, refusals, fc.boolean(), (steps, refused, withSystem) => {
      const { take, log } = growing()
      const read = createReader()
      const asked = (messages: HistoryMessage[]) =>
        BODIES[family](endpoint, request({ messages, ...(!withSystem && { system: '' }) }), new Set(refused))
      for (const [step, looks] of steps) {
        take(step)
        if (!looks) continue
        const { history } = read(log())
        const anew = wellFormed(JSON.stringify(asked(structuredClone(history))))
        expect(bodyText(asked(history))).toBe(anew)
      }
    }),
    { numRuns: 150 },
  )
})
