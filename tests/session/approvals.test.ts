import { expect, test } from 'bun:test'
import type { Prepared, ToolAccess } from '../../src/agent/call.ts'
import { AppError } from '../../src/base/errors.ts'
import type { Storable } from '../../src/event.ts'
import { createApprovals } from '../../src/session/approvals.ts'
import type { Tool } from '../../src/tools/tool.ts'
import { gate } from '../support/model-server.ts'

test('an interrupt while an approval looks again: the call is cancelled, and whoever approved is told', async () => {
  const looking = gate()
  const asked = gate()
  const tool = {
    name: 'change',
    category: 'test',
    level: 'write',
    parse: (params: object) => params,
    effect: async () => {
      asked.open()
      await looking.wait
      return { level: 'write', reason: 'Change it', reads: [], writes: [] }
    },
  } as unknown as Tool
  const place = {
    context: () => ({ roots: { project: '/', allowed: [], forbidden: [] } }),
    policy: () => ({ rules: [], agent: { name: 'build', read_only: false }, project: '/', auto_approve_tools: [] }),
  } as unknown as ToolAccess
  const events: Storable[] = []
  const approvals = createApprovals({
    append: event => events.push(event),
    isDecided: () => false,
    timeout_seconds: 0,
    remember: async () => {},
  })
  const call = { tool_call_id: 'tc_1', tool: 'change', params: {} }
  const prepared = { call, tool, params: {}, verdict: { decision: 'ask', by: 'default', reason: '' } } as unknown
  const interrupt = new AbortController()

  const decision = approvals.ask('turn_1', prepared as Prepared, place, interrupt.signal)
  const approved = approvals.approve({ tool_call_id: 'tc_1' })
  await asked.wait
  const settled = Promise.allSettled([decision, approved]) // from here on: an unhandled rejection fails the run
  interrupt.abort(new AppError('INTERRUPTED', 'Interrupted by the user.'))
  looking.open()
  expect(await settled).toMatchObject([
    { status: 'rejected', reason: { code: 'INTERRUPTED' } },
    { status: 'rejected', reason: { code: 'ALREADY_DECIDED' } },
  ])
  expect(events).toMatchObject([{ type: 'approval', tool_call_id: 'tc_1', decision: 'cancelled' }])
})
