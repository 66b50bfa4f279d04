import { expect } from 'bun:test'

/** A word that no answer may repeat: whoever sends it in a wrong place must not get it back. */
export const ECHO = 'zqxECHOzqx'

export const NOBODY = '00000000-0000-4000-8000-000000000000'

export const LONG = 'y'.repeat(5_000)

/** Expects the error body of the contract, with nothing in it of what was sent. */
export function expectError(
  reply: { status: number; body: any; text: string },
  status: number,
  code: string,
  field?: string,
) {
  expect(`${reply.status} ${reply.body?.error?.code}`).toBe(`${status} ${code}`)
  expect(Object.keys(reply.body)).toEqual(['error'])
  expect(Object.keys(reply.body.error)).toEqual(['code', 'message', 'details'])
  expect(reply.body.error.message).toMatch(/^.{10,600}\.$/)
  if (field) expect(reply.body.error.message).toContain(field)
  expect(reply.text).not.toMatch(new RegExp(`${ECHO}|yyyyy|\\n\\s+at |node_modules|undefined|/\\^`))
}
