import { describe, expect, test } from 'bun:test'
import { createReader, type HistoryMessage } from '../../src/agent/history.ts'
import { imagesOf, keyOf, mostImages, sendable } from '../../src/agent/images.ts'
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

  test('are as many as the model takes, the newest ones', () => {
    expect(shown(sendable([user(small), user(small), user(small)], NONE, 2))).toEqual([0, 1, 1])
  })

  test.each<[string, number, number | undefined]>([
    ['Too many images in request. Max is 10.', 12, 10],
    ['At most 5 image(s) may be provided in one request.', 6, 5],
    ['request contains 52 images, exceeding the maximum of 50 allowed per request', 52, 50],
    ['Too many images in request: 11 > 8', 11, 8],
    ['Too much media: 0 document pages + 107 images > 100', 107, 100],
    ['Exceeded limit on max data-uri per request: 250', 260, 250],
    ['messages.2.content: the number of images is over the limit', 6, 3],
    ['Too many images', 1, undefined],
    ['image exceeds 5 MB maximum: 6291456 bytes > 5242880 bytes', 4, undefined],
    ['At least one of the image dimensions exceed max allowed size: 8000 pixels', 4, undefined],
    ['Could not process image', 4, undefined],
    ['tools: at most 128 are allowed', 4, undefined],
  ])('a limit of their number is read off “%s”', (words, count, most) => {
    expect(mostImages(words, count)).toBe(most)
  })

  test('that were refused are known by the log', () => {
    const notice = { id: 1, at: '', type: 'notice', code: 'IMAGE_REFUSED', message: '', images: ['aa', 'bb'] } as Stored
    const log = [notice, { ...notice, images: undefined } as Stored]
    expect(createReader()(log).refused).toEqual(new Set(['aa', 'bb']))
  })
})
