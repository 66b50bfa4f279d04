import { expect, test } from 'bun:test'
import { createReader } from '../../src/agent/history.ts'
import { toJson } from '../../src/base/text.ts'
import type { Stored } from '../../src/event.ts'
import { closing } from '../../src/session/closing.ts'
import { readEvents } from '../../src/session/lines.ts'
import { apply, createState, titleOf } from '../../src/session/state.ts'
import { summaryOf } from '../../src/transcript/summary.ts'
import { damagesOf, everyEvent } from '../support/damage.ts'
import { renderJson, renderMarkdown, renderOrg } from '../support/rendered.ts'
import { logOf } from '../transcript/events.ts'

const ID = '0b6f5d0a-6f0e-4a55-9a86-0d1a2b3c4d5e'
const PATH = `/x/session-${ID}.jsonl`
const lines = logOf(...everyEvent).map(event => JSON.stringify(event))
const log: Stored[] = lines.map(line => JSON.parse(line))
const read = (text: string[]) => readEvents(Buffer.from(`${text.join('\n')}\n`), PATH)

/** All that is read off a log; throws where one of its readers does. */
async function readAll(events: readonly Stored[]) {
  const [created, ...rest] = events
  const state = createState(created as Stored & { type: 'session.created' })
  for (const event of rest) apply(state, event)
  toJson([closing(state), titleOf(state), summaryOf(events), events])
  createReader()(events).history
  return [await renderJson(events), await renderMarkdown(events), await renderOrg(events)]
}

test('an undamaged log has no bad line', () => {
  expect(read(lines)).toMatchObject({ events: log, bad_lines: [], last_id: log.length, torn: 'no' })
})

test.each([
  ['a byte order mark of an editor', '\uFEFF'],
  ['zeros where a crash lost a block', '\0'.repeat(4096)],
])('a line behind %s survives', (_, before) => {
  for (const index of [0, 3])
    expect(read(lines.with(index, before + lines[index]))).toMatchObject({ events: log, bad_lines: [] })
})

for (const [index, event] of log.entries())
  test(`${event.type} (${index + 1}), one field damaged: all other lines survive, and every reader reads`, async () => {
    for (const { name, text } of damagesOf(event as never)) {
      const { events, bad_lines } = read(lines.with(index, text))
      const others = events.filter(({ id }) => id !== event.id && log.some(known => known.id === id))
      try {
        expect(others).toEqual(log.toSpliced(index, 1))
        expect([[], [index + 1]]).toContainEqual(bad_lines)
        expect(events.length + bad_lines.length).toBe(log.length)
        if (events[0]?.type !== 'session.created') {
          expect(index).toBe(0)
          continue
        }
        expect(events[0].session_id).toBe(ID)
        for (const transcript of await readAll(events)) expect(transcript.isWellFormed()).toBe(true)
      } catch (error) {
        throw new Error(name, { cause: error })
      }
    }
  })

test('what makes no sense without is required', () => {
  const without = (index: number, field: string) => {
    const { [field]: _, ...rest } = log[index] as never as Record<string, unknown>
    return read(lines.with(index, JSON.stringify(rest))).bad_lines
  }
  const message = log.findIndex(event => event.type === 'message')
  for (const field of ['usage', 'content', 'tool_calls', 'model', 'turn_id'])
    expect(without(message, field)).toEqual([message + 1])
  expect(without(message, 'thinking')).toEqual([])
})

test('an id that is damaged hides no line after it; a line that is lost costs itself alone', () => {
  const idsOf = (ids: number[]) => read(ids.map((id, i) => JSON.stringify({ ...log[Math.min(i, 3)], id })))
  const kept = (...ids: number[]) => idsOf(ids).events.map(({ id }) => id)
  expect(kept(1, 2, 900, 4, 5)).toEqual([1, 2, 4, 5])
  expect(kept(1, 2, 4, 5, 6)).toEqual([1, 2, 4, 5, 6])
  expect(kept(1, 2, 3, 3, 4)).toEqual([1, 2, 3, 4])
  expect(kept(1, 2, 3, 1, 4)).toEqual([1, 2, 3, 4])
  expect(kept(1, 2, 3, 2 ** 52)).toEqual([1, 2, 3])
  expect(kept(1, 2, 3, 9)).toEqual([1, 2, 3, 9])
})

test('the id of a bad line is not given again', () => {
  expect(read(lines.with(-1, lines.at(-1)!.replace('null', '7')))).toMatchObject({ last_id: log.length })
})
