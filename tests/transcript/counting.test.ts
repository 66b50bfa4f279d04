import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import type { Storable, Stored } from '../../src/event.ts'
import { countingEvents, createCounting } from '../../src/transcript/counting.ts'
import { created, logOf, message, prompt, turnEnd, usage } from './events.ts'

const of = (turn_id: string, ...list: Storable[]): Storable[] =>
  list.map(event => ('turn_id' in event ? { ...event, turn_id } : event))
const turn = (turn_id: string, text = turn_id): Storable[] => of(turn_id, prompt(text), message(text), turnEnd())
const rewound = (to_event_id: number, turn_id = 't'): Storable => ({ type: 'session.rewound', to_event_id, turn_id })
const queued = (turn_id: string): Storable => ({ type: 'prompt.queued', turn_id, text: turn_id, when_busy: 'queue' })
const idsOf = (events: readonly Stored[]) => events.map(event => event.id)

describe('what counts', () => {
  test('without the conversation between the event that still counts and the rewind', () => {
    const log = logOf(created(), ...turn('a'), ...turn('b'), ...turn('c'), rewound(4), ...turn('d'))
    expect(idsOf(countingEvents(log))).toEqual([1, 2, 3, 4, 11, 12, 13, 14])
  })

  test('rewinds one after the other, further back and less far', () => {
    const log = logOf(
      created(),
      ...turn('a'),
      ...turn('b'),
      rewound(4),
      ...turn('c'),
      rewound(8),
      ...turn('d'),
      rewound(1),
    )
    expect(idsOf(countingEvents(log.slice(0, 8)))).toEqual([1, 2, 3, 4, 8])
    expect(idsOf(countingEvents(log.slice(0, 12)))).toEqual([1, 2, 3, 4, 8, 12])
    expect(idsOf(countingEvents(log))).toEqual([1, 8, 12, 16])
  })

  test('settings, rules, undos and what an MCP server announced stay; a title that a model gave goes', () => {
    const log = logOf(
      created(),
      ...turn('a'),
      { type: 'session.updated', model: 'other/m', rule: 'shell_exec(=ls)' },
      { type: 'session.updated', title: 'By hand' },
      { type: 'session.updated', title: 'By a model', usage: usage(1, 1) },
      { type: 'session.closed', transcript_path: null },
      { type: 'session.resumed' },
      { type: 'prompt', turn_id: 'm', text: 'A server has gone.', source: 'agent' },
      { type: 'prompt', turn_id: 'i', text: 'Be kind.', source: 'agent', instructions: [{ path: '/a', hash: 'h' }] },
      { type: 'undo', undo_id: 'undo_1', kind: 'undo', tool_call_ids: [], files: [], refused: [] },
      { type: 'notice', code: 'UNDO_LIMIT', message: 'of the session' },
      { type: 'notice', turn_id: 'a', code: 'IMAGE_REFUSED', message: 'of a turn' },
      rewound(1),
    )
    expect(countingEvents(log).map(event => ('title' in event && event.title) || event.type)).toEqual([
      'Fix the cart',
      'session.updated',
      'By hand',
      'session.closed',
      'session.resumed',
      'prompt',
      'undo',
      'notice',
      'session.rewound',
    ])
  })

  test('a prompt that was queued before it does not wait again', () => {
    const [first, ...rest] = turn('a')
    const log = logOf(created(), first!, queued('b'), queued('c'), ...rest, ...turn('b'), ...turn('c'), rewound(9))
    expect(
      countingEvents(log).map(event => ('turn_id' in event ? `${event.type} ${event.turn_id}` : event.type)),
    ).toEqual([
      'session.created',
      'prompt a',
      'prompt.queued b',
      'message a',
      'turn.end a',
      'prompt b',
      'message b',
      'turn.end b',
      'session.rewound t',
    ])
  })

  test('event by event is as all at once, in the same array until a rewind', () => {
    const any = fc.oneof(
      fc.constantFrom('a', 'b', 'c').map(turn),
      fc.constantFrom('a', 'b').map(id => [queued(id)]),
      fc.constant<Storable[]>([{ type: 'session.resumed' }]),
      fc.nat(40).map(id => [rewound(id)]),
    )
    fc.assert(
      fc.property(fc.array(any), list => {
        const log = logOf(created(), ...list.flat())
        const counting = createCounting()
        for (const [i, event] of log.entries()) {
          const before = counting.events
          counting.add(event)
          if (event.type !== 'session.rewound') expect(counting.events).toBe(before)
          expect(idsOf(counting.events)).toEqual(idsOf(countingEvents(log.slice(0, i + 1))))
          // The order stays, and the last event always counts.
          expect(idsOf(counting.events)).toEqual([...idsOf(counting.events)].sort((a, b) => a - b))
          expect(counting.events.at(-1)).toBe(event)
        }
      }),
    )
  })
})
