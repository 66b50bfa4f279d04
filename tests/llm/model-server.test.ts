import { expect, test } from 'bun:test'
import { gate, splitAt, startModelServer } from '../support/model-server.ts'

test('the model server writes piece by piece, keeps what it was asked, and says when it runs out', async () => {
  const held = gate()
  const server = await startModelServer(['one ', held.wait, 'two'], asked => ({
    status: 201,
    body: `you said ${asked.body.word}`,
  }))
  const post = (body: string, path = '') => fetch(server.url + path, { method: 'POST', body })
  expect((await fetch(`${server.url}/v1/models`)).status).toBe(404)
  const first = await post('')
  const reader = first.body!.getReader()
  expect(new TextDecoder().decode((await reader.read()).value)).toBe('one ')
  held.open()
  expect(new TextDecoder().decode((await reader.read()).value)).toBe('two')
  expect((await reader.read()).done).toBe(true)

  const second = await post('{"word":"hello"}', '/v1/x?y')
  expect([second.status, await second.text()]).toEqual([201, 'you said hello'])
  expect(server.requests.map(({ method, path, body }) => [method, path, body])).toEqual([
    ['POST', '/', ''],
    ['POST', '/v1/x?y', { word: 'hello' }],
  ])
  expect((await post('')).status).toBe(500)

  server.add({ body: ['cut', gate().wait], hang: true }, { body: 'gone', cut: 'reset' })
  const hung = await post('')
  await hung.body!.cancel()
  await server.requests.at(-1)!.closed
  await expect(post('').then(response => response.text())).rejects.toThrow()
  await server.close()
})

test('bytes are split at the offsets, in order', () => {
  const parts = splitAt(Buffer.from('abcdef'), [4, 1]).map(part => Buffer.from(part).toString())
  expect(parts).toEqual(['a', 'bcd', 'ef'])
})
