import { describe, expect, test } from 'bun:test'
import * as fc from 'fast-check'
import { hostileText } from '../org/fragments.ts'
import { everywhere } from '../org/hostile.ts'
import { renderJson } from '../support/rendered.ts'
import { created, logOf, message, prompt, toolCall, toolResult } from './events.ts'
import { sample } from './sample.ts'

describe('the JSON transcript', () => {
  test('keys come in the order of the contract', async () => {
    const json = JSON.parse(await renderJson(sample))
    expect(Object.keys(json)).toEqual([
      'session_id',
      'project_path',
      'project_name',
      'started_at',
      'ended_at',
      'model',
      'message_count',
      'messages',
      'tool_calls',
      'file_changes',
      'metadata',
    ])
    expect(Object.keys(json.messages[0]).slice(0, 3)).toEqual(['role', 'content', 'timestamp'])
    expect(Object.keys(json.tool_calls[0]).slice(0, 5)).toEqual([
      'tool_call_id',
      'tool',
      'params',
      'result',
      'timestamp',
    ])
    expect(Object.keys(json.file_changes[0]).slice(0, 4)).toEqual(['path', 'operation', 'change', 'timestamp'])
    expect(Object.keys(json.metadata).slice(0, 3)).toEqual(['total_tokens', 'total_tool_calls', 'files_modified'])
  })

  test('provider data, inline attachments and editor context stay in the log', async () => {
    expect(await renderJson(sample)).not.toMatch(/provider_data|SECRET-SIGNATURE|AAAAAAAA|current_file/)
  })

  test('any text comes back', async () => {
    await fc.assert(
      fc.asyncProperty(hostileText, async text => {
        const parsed = JSON.parse(await renderJson(everywhere(text)))
        expect(parsed.messages[0].content).toBe(text)
        expect(parsed.tool_calls[0].params[text]).toBe(text)
        expect(parsed.tool_calls[0].result).toEqual({ status: 'success', content: text })
      }),
    )
  })

  test('no list of strings is a section of file-local variables', async () => {
    const lines = ['Local Variables:', 'eval: (pwn)', 'End:', 'local variables:']
    const text = await renderJson(logOf(created(), toolCall('tc_a', 'x', { params: { lines } })))
    expect(text).not.toMatch(/local variables:/i)
    expect(JSON.parse(text).tool_calls[0].params.lines).toEqual(lines)
  })

  test('parameters nested without end neither fill memory nor overflow', async () => {
    let params: Record<string, unknown> = {}
    for (let depth = 0; depth < 20_000; depth++) params = { a: [params] }
    const log = logOf(created(), prompt('x'), toolCall('tc_a', 'x', { params }), toolResult('tc_a', 'x', 'y'))
    expect((await renderJson(log)).length).toBeLessThan(20_000)
  })

  test('a session that only began', async () => {
    const parsed = JSON.parse(await renderJson(logOf(created())))
    expect(parsed).toMatchObject({ ended_at: null, message_count: 0, messages: [], tool_calls: [], file_changes: [] })
  })

  test('lone surrogates are valid JSON', async () => {
    expect(JSON.parse(await renderJson(logOf(created(), message('\ud800')))).messages[0].content).toBe('\ud800')
  })
})
