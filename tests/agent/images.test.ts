import { describe, expect, test } from 'bun:test'
import type { HistoryMessage } from '../../src/agent/history.ts'
import { imagesOf, keyOf, refusedImages, sendable } from '../../src/agent/images.ts'
import type { Stored } from '../../src/event.ts'
import type { Image } from '../../src/llm/provider.ts'
import { png } from '../support/images.ts'

const imageOf = (bytes: Buffer): Image => ({ media_type: 'image/png', data: bytes.toString('base64') })
const small = imageOf(png(2, 2))
const large = imageOf(png(2_001, 2))
const user = (...images: Image[]): HistoryMessage => ({ id: 1, role: 'user', text: 'See', images })
const NONE = new Set<string>()
const shown = (history: HistoryMessage[]) => history.map(message => imagesOf(message).length)

describe('the images of a request', () => {
  test('are as they are, while they are few', () => {
    const history = [user(large), user(small)]
    expect(sendable(history, NONE)).toEqual(history)
  })

  test('are without those that were refused, by what is in them; the text says so', () => {
    const again = imageOf(png(2, 2))
    const result: HistoryMessage = {
      id: 2,
      role: 'tool',
      tool_call_id: 'tc_1',
      tool: 'read_file',
      content: 'a.png',
      is_error: false,
      images: [again],
    }
    const [first, second] = sendable([user(small, large), result], new Set([keyOf(small)]))
    expect(shown([first!, second!])).toEqual([1, 0])
    expect(first).toMatchObject({ text: expect.stringMatching(/^See\n\n\[An image .* the provider refused it/) })
    expect(second).toMatchObject({ content: expect.stringMatching(/^a\.png\n\[An image .* the provider refused it/) })
  })

  test('are of up to 2000 pixels a side among more than twenty', () => {
    const twenty = Array.from({ length: 20 }, () => small)
    expect(shown(sendable([user(...twenty.slice(1), large)], NONE))).toEqual([20])
    expect(shown(sendable([user(...twenty, large)], NONE))).toEqual([20])
  })

  test('are the newest ones, where all together are too much', () => {
    const heavy = { media_type: 'image/png', data: 'A'.repeat(5 * 1024 * 1024) }
    expect(shown(sendable([user(heavy), user(heavy), user(heavy), user(heavy)], NONE))).toEqual([0, 1, 1, 1])
  })

  test('that were refused are known by the log', () => {
    const notice = { id: 1, at: '', type: 'notice', code: 'IMAGE_REFUSED', message: '', images: ['aa', 'bb'] } as Stored
    expect(refusedImages([notice, { ...notice, images: undefined } as Stored])).toEqual(new Set(['aa', 'bb']))
  })
})
