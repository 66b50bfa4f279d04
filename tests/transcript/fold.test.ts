import { describe, expect, test } from 'bun:test'
import * as fc from 'fast-check'
import type { Storable, Stored } from '../../src/event.ts'
import { fold, foldSession } from '../../src/transcript/fold.ts'
import { projectName } from '../../src/transcript/record.ts'
import { isMessage, summaryOf } from '../../src/transcript/summary.ts'
import { closed, created, fileChanged, logOf, message, prompt, toolCall, toolResult, turnEnd, usage } from './events.ts'
import { sample } from './sample.ts'

describe('the summary', () => {
  test('of the sample', () => {
    expect(summaryOf(sample)).toEqual({
      session_id: '0b6f5d0a-6f0e-4a55-9a86-0d1a2b3c4d5e',
      project_path: '/home/me/shop',
      title: 'Fix the cart',
      first_prompt: 'Why is the cart total wrong? * It should be *12*, see `total()`: ```js total(cart) ```',
      started_at: '2026-11-23T20:27:00.000Z',
      ended_at: '2026-11-23T20:28:24.000Z',
      status: 'closed',
      model: 'anthropic/claude-sonnet-5-5',
      message_count: 7,
      usage: {
        input_tokens: 4300,
        output_tokens: 180,
        cache_read_tokens: 300,
        cache_write_tokens: 0,
        cost_usd: 0.0042,
      },
      files_changed: ['src/cart.ts'],
    })
  })

  test('follows updates, and a resumed session is open again', () => {
    const events = logOf(
      created(),
      { type: 'session.updated', model: 'openai/gpt-6-luna', title: 'New' },
      prompt(`  ${'x'.repeat(300)}\ny`),
      closed,
      { type: 'session.resumed' },
    )
    const summary = summaryOf(events)
    expect(summary).toMatchObject({ model: 'openai/gpt-6-luna', title: 'New', status: 'active', ended_at: null })
    expect(summary.first_prompt).toHaveLength(200)
    expect(summaryOf(events.slice(0, 4))).toMatchObject({ status: 'closed', ended_at: events[3]!.at })
  })

  test('counts what compaction cost', () => {
    const events = logOf(created(), message('a', { usage: { ...usage(1, 2), cost_usd: 0.25 } }), {
      type: 'context.compacted',
      turn_id: 'turn_1',
      summary: 's',
      tokens_before: 9,
      tokens_after: 1,
      usage: { ...usage(10, 20), cost_usd: 0.5 },
    })
    expect(summaryOf(events).usage).toEqual({ ...usage(11, 22), cost_usd: 0.75 })
  })

  const anyEvent: fc.Arbitrary<Storable> = fc.oneof(
    fc.string().map(text => prompt(text)),
    fc.constantFrom('', ' \n', 'text').map(text => message(text, { usage: usage(3, 4) })),
    fc.constantFrom('a', 'b', 'c').map(path => fileChanged('tc_a', path)),
    fc.constantFrom(toolCall('tc_a', 'x'), toolResult('tc_a', 'x', 'y'), turnEnd(), closed),
    fc.constant<Storable>({ type: 'session.resumed' }),
    fc.constant({ type: 'from.the.future' } as unknown as Storable),
  )

  test('agrees with the record, and changes nothing in place', () => {
    fc.assert(
      fc.property(fc.array(anyEvent), list => {
        const events = logOf(created(), ...list)
        for (const event of events) Object.freeze(event)
        const summary = summaryOf(Object.freeze(events))
        const record = fold(events)
        expect(summary.message_count).toBe(record.messages.length)
        expect(summary.message_count).toBe(record.message_count)
        expect(summary.message_count).toBe(events.filter(isMessage).length)
        expect(summary.files_changed).toEqual(record.metadata.files)
        expect(summary.usage).toEqual(record.metadata.usage)
        expect(summary.ended_at).toBe(record.ended_at)
      }),
    )
  })
})

describe('the record', () => {
  test('pairs results with calls whatever the order, and shows calls that were never announced', () => {
    const record = fold(
      logOf(
        created(),
        message('', {
          tool_calls: [
            { tool_call_id: 'tc_a', tool: 'call_tool', params: { tool: 'github/search' } },
            { tool_call_id: 'tc_b', tool: 'read_file', params: { path: 'b' } },
            { tool_call_id: 'tc_c', tool: 'read_file', params: { path: 'c' } },
          ],
        }),
        toolCall('tc_a', 'github/search', { params: { q: 'x' } }),
        toolCall('tc_b', 'read_file', { params: { path: 'b' } }),
        toolResult('tc_b', 'read_file', 'B'),
        toolResult('tc_a', 'github/search', 'A'),
        toolResult('tc_c', 'read_file', '', {
          status: 'error',
          result: undefined,
          error: { code: 'INTERRUPTED', message: 'Interrupted', recoverable: true },
        }),
      ),
    )
    expect(record.tool_calls.map(({ tool, params, result }) => ({ tool, params, result }))).toEqual([
      { tool: 'github/search', params: { q: 'x' }, result: { status: 'success', content: 'A' } },
      { tool: 'read_file', params: { path: 'b' }, result: { status: 'success', content: 'B' } },
      { tool: 'read_file', params: { path: 'c' }, result: { status: 'error', content: 'Interrupted' } },
    ])
  })

  test('a log that ends in mid-call leaves the result open', () => {
    expect(fold(logOf(created(), toolCall('tc_a', 'x'))).tool_calls[0]!.result).toBeNull()
  })

  test('delegated work stands under its call', () => {
    const { conversation } = foldSession(sample)
    const delegate = conversation.find(entry => entry.kind === 'call' && entry.call.tool === 'delegate')
    expect(delegate?.kind === 'call' && delegate.children.map(child => child.kind)).toEqual([
      'message',
      'message',
      'call',
    ])
    expect(conversation.filter(entry => entry.kind === 'message')).toHaveLength(6)
  })

  test('edited parameters are the ones that ran', () => {
    const events: Stored[] = logOf(created(), toolCall('tc_a', 'x', { params: { a: 1 } }), {
      type: 'approval',
      turn_id: 'turn_1',
      tool_call_id: 'tc_a',
      decision: 'approved',
      by: 'user',
      params: { a: 2 },
      edited: true,
    })
    expect(fold(events).tool_calls[0]!.params).toEqual({ a: 2 })
  })

  test.each([
    ['/home/me/shop', 'shop'],
    ['/home/me/my shop.v2/', 'my-shop-v2'],
    ['/', 'root'],
    ['', 'root'],
    ['C:\\work\\shop', 'C--work-shop'],
    ['/home/me/проект', 'проект'],
  ])('%s is called %s', (path, name) => {
    expect(projectName(path)).toBe(name)
  })
})
