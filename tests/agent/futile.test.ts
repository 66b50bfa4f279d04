import { expect, test } from 'bun:test'
import { createFutility } from '../../src/agent/futile.ts'
import type { Message, Params, Stored } from '../../src/event.ts'

type Run = [tool: string, params: Params, error?: string]

/** A round of these calls: an error message where one failed. */
function play(rounds: Run[][]): string | undefined {
  const futility = createFutility()
  let id = 0
  try {
    for (const runs of rounds) {
      const calls = runs.map(([tool, params]) => ({ tool_call_id: `tc_${id++}`, tool, params }))
      const results = runs.map(([, , error], index) => ({
        type: 'tool.result',
        ...calls[index],
        ...(error
          ? { status: 'error', message: error, error: { code: 'TOOL_FAILED', message: error, recoverable: true } }
          : { status: 'success', message: 'done' }),
      }))
      futility.round({ tool_calls: calls } as unknown as Message, results as unknown as Stored[])
    }
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}

const A: Run = ['read_file', { path: 'a' }, 'a does not exist.']
const B: Run = ['read_file', { path: 'b' }, 'b does not exist.']
const OK: Run = ['write_file', { path: 'a' }]

test('three equal failures in a row end the turn, with the reason', () => {
  expect(play([[A], [A], [A]])).toMatch(/read_file 3 times.*a does not exist/)
  expect(play([[A], [B], [A], [B], [A]])).toMatch(/a does not exist/)
  expect(play([[A, A, A], [A]])).toBeUndefined()
})

test('a call rejected by the configuration is a failure, and one rejected by the user is not', () => {
  const play = (by: 'user' | 'config') => {
    const futility = createFutility()
    const call = { tool_call_id: 'tc_1', tool: 'write_file', params: { path: 'a' } }
    const events = [
      { type: 'approval', tool_call_id: 'tc_1', decision: 'rejected', by },
      { type: 'tool.result', ...call, status: 'rejected', message: 'Rejected.' },
    ]
    for (let round = 0; round < 3; round++)
      futility.round({ tool_calls: [call] } as unknown as Message, events as unknown as Stored[])
  }
  expect(() => play('config')).toThrow(/write_file 3 times.*Rejected/)
  expect(() => play('user')).not.toThrow()
})

test('what differs, or follows something that worked, is another try', () => {
  expect(play([[A], [A], [B]])).toBeUndefined()
  expect(play([[A], [A], [OK], [A], [A]])).toBeUndefined()
  expect(play([[A], [A, OK], [A]])).toBeUndefined()
  expect(play([[A], [A], [['read_file', { path: 'a' }, 'a is a directory.']]])).toBeUndefined()
})
