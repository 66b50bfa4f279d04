import { expect, test } from 'bun:test'
import { detectingReader } from '../../src/llm/detect.ts'
import { fromStatus, type LlmError } from '../../src/llm/errors.ts'
import { endpointFor, readPieces } from '../support/model-call.ts'

const endpoint = endpointFor('chat')
const refused = (status: number, body: unknown, headers: Record<string, string> = {}) =>
  fromStatus(
    endpoint,
    status,
    new Headers(headers),
    typeof body === 'string' ? body : JSON.stringify(body),
    'http://u:p@h/v1/chat/completions?k=1',
  )
const accepted = (body: string) =>
  readPieces(endpoint, detectingReader(endpoint), [Buffer.from(body)]).error as LlmError

test('a refusal is told in the words of the server', () => {
  const forbidden = refused(403, { error: { message: 'Project `p` does not have access to model `m`' } })
  expect(forbidden.code).toBe('LLM_AUTH')
  expect(forbidden.message).toContain('does not have access')
  expect(forbidden.message).not.toContain('refused the key')
  expect(refused(401, { error: { message: 'You must be a member of an organization' } }).message).toContain(
    'member of an organization',
  )
  expect(refused(403, 'Blocked by policy').message).toContain('Blocked by policy')
  const limited = refused(429, { error: { message: '5-hour limit reached, resets 3pm' } }, { 'retry-after': '9000' })
  expect(limited.message).toMatch(/resets 3pm.*2 h 30 min.*wait_for_reset/)
})

test.each([
  [
    'problem details',
    '{"type":"about:blank","title":"Bad Request","detail":"The deployment is being deleted"}',
    'deleted',
  ],
  ['a message that says nothing', '{"message":"Bad Request","detail":"no such adapter here"}', 'no such adapter'],
  [
    'a message that is an object',
    '{"message":{"detail":[{"loc":["body","top_k"],"msg":"Not permitted"}]}}',
    'body.top_k: Not',
  ],
  ['a fault', '{"fault":{"faultstring":"Invalid ApiKey for it","detail":{"errorcode":"x.y"}}}', 'Invalid ApiKey'],
  ['a field of any name', '{"outcome":{"because":"CUDA out of memory on node 3"}}', 'CUDA out of memory'],
  ['a page', '<html><head><title>400 Sent to the HTTPS port</title></head><body><b>x y</b></html>', 'HTTPS port'],
  ['a page without a title', '<html><body><h1>\n Blocked by Corp \n</h1></html>', 'Blocked by Corp'],
])('the message contains the reason, wherever the body has it: %s', (_, body, words) => {
  for (const status of [400, 403, 500]) expect(refused(status, body).message).toContain(words)
})

test('what is not found names where it was asked, without credentials', () => {
  const { message } = refused(404, { error: 'not found' })
  expect(message).toContain('http://h/v1/chat/completions.')
  expect(message).not.toMatch(/u:p|k=1/)
})

test('an error under a status of 200 is one, in whatever shape', () => {
  const CASES: [string, string, string][] = [
    ['{"code":1113,"msg":"Your account is in arrears","success":false}', 'in arrears', 'LLM_AUTH'],
    [
      'data: {"code":"DataInspectionFailed","message":"Inappropriate content."}\n\n',
      'Inappropriate',
      'LLM_INVALID_REQUEST',
    ],
    ['{"detail":"Model not found"}', 'Model not found', 'LLM_INVALID_REQUEST'],
    ['{"success":false,"errors":[{"code":7009,"message":"Upstream broke"}]}', 'Upstream broke', 'LLM_STREAM'],
    [
      'data: {"base_resp":{"status_code":1004,"status_msg":"login fail"},"choices":null}\n\n',
      'login fail',
      'LLM_STREAM',
    ],
  ]
  for (const [body, words, code] of CASES) {
    const error = accepted(body)
    expect(error.code as string).toBe(code)
    expect(error.message).toContain(words)
  }
})

test('a piece of an answer with a status of its own is no error', () => {
  const body =
    'data: {"base_resp":{"status_code":0,"status_msg":""},"choices":[{"delta":{"content":"Hi"},"finish_reason":"stop"}]}\n\n'
  expect(readPieces(endpoint, detectingReader(endpoint), [Buffer.from(body)]).reply?.text).toBe('Hi')
})
