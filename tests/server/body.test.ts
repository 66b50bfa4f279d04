import { expect, test } from 'bun:test'
import { createBodyReader } from '../../src/server/body.ts'

/** A POST whose body is what `pull` brings, piece by piece. */
function post(pull: (controller: ReadableStreamDefaultController<Uint8Array>) => void | Promise<void>) {
  const headers = { 'content-type': 'application/json' }
  return new Request('http://127.0.0.1/', { method: 'POST', headers, body: new ReadableStream({ pull }) })
}
const bytes = (text: string) => new TextEncoder().encode(text)

test('a body that stops coming is a time-out', async () => {
  const started = Promise.withResolvers<void>()
  const request = post(controller => {
    controller.enqueue(bytes('{"a":'))
    started.resolve()
    return new Promise(() => {}) // nothing more
  })
  const reading = createBodyReader(20)(request)
  await started.promise
  expect(reading).rejects.toMatchObject({ code: 'TIMEOUT', status: 408 })
})

test('one that keeps coming may take longer than that, one that trickles may not', async () => {
  const slowly = (piece: number) => {
    let left = 400_000
    return post(async controller => {
      await Bun.sleep(1)
      controller.enqueue(bytes(left === 400_000 ? '"' : 'x'.repeat(piece)))
      left -= piece
      if (left > 0) return
      controller.enqueue(bytes('"'))
      controller.close()
    })
  }
  const steady = createBodyReader(1_000)(slowly(40_000))
  expect(steady).rejects.toMatchObject({ code: 'INVALID_REQUEST' }) // complete, and no object
  expect(createBodyReader(50)(slowly(1))).rejects.toMatchObject({ code: 'TIMEOUT' })
})
