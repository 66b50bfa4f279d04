import { expect, test } from 'bun:test'
import { createRedactor } from '../../../src/session/redact.ts'
import { redacting } from '../../../src/tools/shell/redacting.ts'

const SECRET = 'sk-secret-0123456789'
const redactor = createRedactor(() => [SECRET])

function through(chunks: Uint8Array[]): string {
  const out: Uint8Array[] = []
  const { push, flush } = redacting(redactor, chunk => out.push(chunk))
  chunks.forEach(push)
  flush()
  return Buffer.concat(out).toString('latin1')
}

test('a secret is taken out wherever the output is cut, and every other byte stays', () => {
  const bytes = Buffer.concat([Buffer.from(`é ${SECRET} sk-s`), Buffer.from([0, 255, 128, 10]), Buffer.from(SECRET)])
  const expected = bytes.toString('latin1').replaceAll(SECRET, '[redacted]')
  for (let a = 0; a <= bytes.length; a++)
    for (let b = a; b <= bytes.length; b++)
      expect(through([bytes.subarray(0, a), bytes.subarray(a, b), bytes.subarray(b)])).toBe(expected)
})

test('what only began like one comes in the end', () => {
  expect(through([Buffer.from('risk'), Buffer.from('-s')])).toBe('risk-s')
})
