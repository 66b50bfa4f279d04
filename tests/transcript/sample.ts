import type { Stored } from '../../src/event.ts'
import { closed, created, fileChanged, logOf, message, prompt, toolCall, toolResult, turnEnd, usage } from './events.ts'

/** One session with a bit of everything: the source of the golden files. */
export const sample: Stored[] = logOf(
  created(),
  { type: 'prompt.queued', turn_id: 'turn_1', text: 'Why is the cart total wrong?', when_busy: 'queue' },
  prompt('Why is the cart total wrong?\n\n* It should be *12*, see `total()`:\n\n```js\ntotal(cart)\n```', {
    attachments: [{ path: 'src/cart.ts' }, { media_type: 'image/png', data: 'AAAAAAAA' }],
    context: { current_file: '/home/me/shop/src/cart.ts' },
  }),
  message('# Looking\n\nI will read **the code** first, then [the docs](https://example.org/cart).', {
    thinking: 'The user wants *the total*.\n\n* heading?',
    tool_calls: [
      { tool_call_id: 'tc_read', tool: 'read_file', params: { path: 'src/cart.ts' } },
      { tool_call_id: 'tc_grep', tool: 'grep', params: { pattern: 'total' } },
    ],
    usage: { ...usage(1200, 80), cache_read_tokens: 300, cost_usd: 0.0012 },
    stop_reason: 'tool_use',
    provider_data: { provider: 'anthropic', signature: 'SECRET-SIGNATURE' },
  }),
  toolCall('tc_read', 'read_file', { params: { path: 'src/cart.ts' } }),
  toolCall('tc_grep', 'grep', { params: { pattern: 'total' } }),
  toolResult('tc_grep', 'grep', 'src/cart.ts:1: export const total = …'),
  toolResult('tc_read', 'read_file', 'export const total = (cart) =>\n* cart.sum\n'),
  message('', {
    message_id: 'msg_2',
    tool_calls: [{ tool_call_id: 'tc_edit', tool: 'edit_file', params: {} }],
    usage: { ...usage(1500, 40), cost_usd: 0.001 },
    stop_reason: 'tool_use',
  }),
  toolCall('tc_edit', 'edit_file', {
    params: { path: 'src/cart.ts', old: 'sum', new: 'sum()' },
    requires_approval: true,
  }),
  { type: 'approval', turn_id: 'turn_1', tool_call_id: 'tc_edit', decision: 'approved', by: 'user', edited: true },
  toolResult('tc_edit', 'edit_file', 'Edited src/cart.ts'),
  fileChanged('tc_edit', 'src/cart.ts', { diff: '--- a/src/cart.ts\n+++ b/src/cart.ts\n@@ -1 +1 @@\n-sum\n+sum()\n' }),
  {
    type: 'context.compacted',
    turn_id: 'turn_1',
    summary: '## State\n- fixed',
    tokens_before: 9000,
    tokens_after: 800,
  },
  toolCall('tc_task', 'delegate', { category: 'agent', params: { agent: 'test', task: 'Run the tests' } }),
  prompt('Run the tests', { agent: 'test', source: 'agent', parent_tool_call_id: 'tc_task' }),
  message('Running.', {
    agent: 'test',
    parent_tool_call_id: 'tc_task',
    tool_calls: [{ tool_call_id: 'tc_sh', tool: 'shell_exec', params: { command: 'rm -rf /' } }],
  }),
  toolCall('tc_sh', 'shell_exec', { params: { command: 'rm -rf /' }, agent: 'test', parent_tool_call_id: 'tc_task' }),
  {
    type: 'approval',
    turn_id: 'turn_1',
    tool_call_id: 'tc_sh',
    decision: 'rejected',
    by: 'user',
    reason: 'No:\n* never',
  },
  toolResult('tc_sh', 'shell_exec', '', {
    status: 'rejected',
    result: undefined,
    error: { code: 'PERMISSION_DENIED', message: 'The user rejected this call: No', recoverable: true },
    message: 'Rejected',
    agent: 'test',
    parent_tool_call_id: 'tc_task',
  }),
  toolResult('tc_task', 'delegate', 'The tests were not run.'),
  { type: 'error', turn_id: 'turn_1', code: 'LLM_OVERLOADED', message: 'The provider is busy', recoverable: true },
  message('Fixed: the total calls `sum()` now.\n\n| before | after |\n|---|---|\n| 11 | 12 |', {
    message_id: 'msg_4',
    usage: { ...usage(1600, 60), cost_usd: 0.002 },
  }),
  turnEnd(),
  { type: 'prompt.dropped', turn_id: 'turn_2', text: 'And now?' },
  prompt('Write it down', { turn_id: 'turn_3', source: 'steer' }),
  message('I was about', { turn_id: 'turn_3', stop_reason: 'interrupted' }),
  turnEnd({ turn_id: 'turn_3', outcome: 'interrupted' }),
  closed,
)
