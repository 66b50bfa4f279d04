import { beforeAll, expect, test } from 'bun:test'
import { hasTerminal, onTerminal, run, withModel } from '../../support/program.ts'
import { call, type Scripted, startScripted } from '../../support/scripted.ts'
import { tempDir } from '../../support/temp.ts'

let scripted: Scripted
beforeAll(async () => {
  scripted = await startScripted()
})

/** Asks over HTTP; resolves with the question and what the model is told once it is answered. */
async function asked(params: object, reply: object) {
  const { backend, says, model } = scripted
  const id = await backend.session(tempDir(), {})
  const stream = await backend.events(`/api/sessions/${id}/events`)
  says(call('ask_user', params), { text: 'thanks' })
  const waiting = backend.call(`POST /api/sessions/${id}/prompt`, { text: 'go', wait: true })
  const { data } = await stream.next('question')
  const { status } = await backend.call(`POST /api/sessions/${id}/answer`, { question_id: data.question_id, ...reply })
  expect(status).toBe(200)
  const again = await backend.call(`POST /api/sessions/${id}/answer`, { question_id: data.question_id, ...reply })
  expect([again.status, again.body.error.code]).toEqual([409, 'ALREADY_DECIDED'])
  await waiting
  return { question: data, told: model.requests.at(-1)!.body.messages.at(-1).content as string }
}
const accept = (content: object) => ({ action: 'accept', content })

test.each([
  [{ question: 'Which?' }, { answer: 'the red one' }, { answer: { type: 'string' } }, 'the red one'],
  [
    { question: 'Which?', options: ['red', 'blue'] },
    { answer: 'blue' },
    { answer: { type: 'string', enum: ['red', 'blue'] } },
    'blue',
  ],
  [
    { question: 'Which?', options: ['red', 'blue'], multiple: true },
    { answer: ['red', 'blue'] },
    { answer: { type: 'array', items: { type: 'string', enum: ['red', 'blue'] } } },
    'red\nblue',
  ],
  [
    { question: 'Which?', options: ['red'], free_text: true },
    { other: 'green' },
    { answer: { type: 'string', enum: ['red'] }, other: expect.objectContaining({ type: 'string' }) },
    'green',
  ],
])('%j', async (params, content, properties, told) => {
  const found = await asked(params, accept(content))
  expect(found.question).toMatchObject({ kind: 'elicitation', message: 'Which?', schema: { properties } })
  expect(found.told).toBe(told)
})

test('no answer is said', async () => {
  expect((await asked({ question: 'Which?' }, { action: 'decline' })).told).toStartWith('The user gave no answer.')
})

test('where there is nobody, it goes on', async () => {
  const { home, says, model } = await withModel()
  says(call('ask_user', { question: 'Which?' }), { text: 'so be it' })
  const { code, stdout } = await run(['run', 'ask'], { home, cwd: tempDir() })
  expect(code).toBe(0)
  expect(stdout).toContain('The agent asks: Which?')
  expect(model.requests.at(-1)!.body.messages.at(-1).content).toStartWith('The user gave no answer.')
})

test.skipIf(!hasTerminal)(`on a terminal${hasTerminal ? '' : ' (skipped: no script of util-linux)'}`, async () => {
  const { home, says, model } = await withModel()
  says(call('ask_user', { question: 'Which?', options: ['red', 'blue'], multiple: true }), { text: 'thanks' })
  const terminal = onTerminal(['run', 'ask'], { home, cwd: tempDir() })
  await terminal.until('Answer?')
  terminal.type('y\r')
  const at = await terminal.until('(red|blue, several with commas between them): ')
  terminal.type('red, green\r')
  await terminal.until('That is not what it takes: red|blue.', at)
  terminal.type('Blue, red\r')
  expect((await terminal.ended).code).toBe(0)
  expect(model.requests.at(-1)!.body.messages.at(-1).content).toBe('blue\nred')
})
