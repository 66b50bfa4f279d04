import { expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { renderJson, renderMarkdown, renderOrg } from '../support/rendered.ts'
import { created, logOf, message, prompt, toolCall, toolResult } from './events.ts'
import { sample } from './sample.ts'

const golden = (name: string) => readFileSync(join(import.meta.dir, 'fixtures', name), 'utf8')

test('JSON', async () => expect(await renderJson(sample)).toBe(golden('sample.json')))
test('Markdown', async () => expect(await renderMarkdown(sample)).toBe(golden('sample.md')))
test('Org', async () => expect(await renderOrg(sample)).toBe(golden('sample.org')))

test('long results and parameters are shortened, and say so', async () => {
  const content = Array.from({ length: 5000 }, (_, line) => `line ${line}`).join('\n')
  const params = { path: 'a', content: 'x'.repeat(5000), list: Array.from({ length: 80 }, () => 1) }
  const log = logOf(created(), toolCall('tc_a', 'x', { params }), toolResult('tc_a', 'x', content))
  for (const text of [await renderOrg(log), await renderMarkdown(log)]) {
    expect(text).toContain('line 0\n')
    expect(text).toContain('line 4999\n')
    expect(text).not.toContain('line 2500\n')
    expect(text).toContain('Shortened from 48,889 characters; the log has everything.')
    expect(text).toContain('xxx… (4,000 more characters)')
    expect(text).toContain('"… (30 more)"')
    expect(text.length).toBeLessThan(12_000)
  }
  expect(JSON.parse(await renderJson(log)).tool_calls[0].result.content).toBe(content)
})

test('a message without text has a heading in Org only where it keeps calls from the user', async () => {
  const calls = (id: string) => [{ tool_call_id: id, tool: 'x', params: {} }]
  const log = logOf(
    created(),
    prompt('go'),
    message('', { tool_calls: calls('tc_a') }),
    message('', { tool_calls: calls('tc_b') }),
    message('done'),
  )
  const headings = (text: string, mark: string) => text.split('\n').filter(line => line.startsWith(mark))
  expect(headings(await renderOrg(log), '*')).toEqual([
    '* Conversation',
    '** User [2026-11-23 20:27:03]',
    '** Assistant [2026-11-23 20:27:06]',
    '*** Tool Call: x',
    '*** Result: Pending',
    '*** Tool Call: x',
    '*** Result: Pending',
    '** Assistant [2026-11-23 20:27:12]',
    '* Metadata',
    '** Files Changed',
    '** Tool Calls',
  ])
  expect(headings(await renderMarkdown(log), '### ')).toEqual(['### User [20:27:03]', '### Assistant [20:27:12]'])
})
