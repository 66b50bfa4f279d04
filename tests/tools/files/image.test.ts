import { describe, expect, test } from 'bun:test'
import { checkEncodedImage, checkImage } from '../../../src/tools/files/image.ts'
import { gif, jpeg, PNG_SIGNATURE, png, webp } from '../../support/images.ts'

const SOUND: [string, Buffer, string, number, number][] = [
  ['PNG', png(3, 2), 'image/png', 3, 2],
  ['PNG with something behind it', Buffer.concat([png(3, 2), Buffer.alloc(9)]), 'image/png', 3, 2],
  ['PNG as large as it may be', png(8_000, 1), 'image/png', 8_000, 1],
  ['JPEG', jpeg(640, 480), 'image/jpeg', 640, 480],
  ['JPEG without its last marker', jpeg(640, 480).subarray(0, -2), 'image/jpeg', 640, 480],
  ['GIF', gif(10, 20), 'image/gif', 10, 20],
  ['WebP, lossy', webp('VP8 ', 300, 200), 'image/webp', 300, 200],
  ['WebP, lossless', webp('VP8L', 300, 200), 'image/webp', 300, 200],
  ['WebP, extended', webp('VP8X', 300, 200), 'image/webp', 300, 200],
]

describe('an image that models take', () => {
  test.each(SOUND)('%s', (_, bytes, media_type, width, height) => {
    expect(checkImage(bytes)).toMatchObject({ width, height, image: { media_type, data: bytes.toString('base64') } })
  })

  const data = png(3, 2).toString('base64')
  test.each([
    ['plain', data],
    ['with the prefix of a URL', `data:image/jpeg;base64,${data}`],
    ['in lines', data.replace(/.{20}/g, '$&\r\n')],
    ['URL-safe', data.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')],
  ])('as base64, %s', (_, written) => {
    expect(checkEncodedImage(written)).toMatchObject({ image: { media_type: 'image/png', data } })
  })
})

describe('an image that a provider would refuse', () => {
  const cut = (bytes: Buffer, at: number) => bytes.subarray(0, at)
  test.each<[string, Buffer, RegExp]>([
    ['nothing', Buffer.alloc(0), /is empty/],
    ['SVG', Buffer.from('<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>'), /is SVG/],
    ['BMP', Buffer.concat([Buffer.from('BM'), Buffer.alloc(60)]), /is BMP; models take PNG/],
    ['TIFF', Buffer.from('II*\0 and so on'), /is TIFF/],
    ['HEIC', Buffer.from('\0\0\0\x18ftypheic\0\0\0\0mif1heic'), /is HEIC/],
    ['text', Buffer.from('Not found'), /no image that can be told/],
    ['a signature alone', PNG_SIGNATURE, /damaged or cut/],
    ['zeros behind a signature', Buffer.concat([PNG_SIGNATURE, Buffer.alloc(2_048)]), /damaged or cut/],
    ['a PNG without its end', cut(png(64, 64), png(64, 64).length - 12), /damaged or cut/],
    ['a PNG cut in its pixels', cut(png(64, 64), 45), /damaged or cut/],
    ['a PNG without pixels', Buffer.concat([cut(png(1, 1), 33), png(1, 1).subarray(-12)]), /damaged or cut/],
    ['a PNG of no size', png(0, 5), /damaged or cut/],
    ['a JPEG cut in its header', cut(jpeg(640, 480), 24), /damaged or cut/],
    ['a JPEG without a frame', Buffer.from('ffd8ffe0000401020304', 'hex'), /damaged or cut/],
    [
      'ones behind the start of a JPEG',
      Buffer.concat([Buffer.from('ffd8ffe0', 'hex'), Buffer.alloc(300, 1)]),
      /damaged/,
    ],
    ['a GIF without an image', cut(gif(1, 1), 19), /damaged or cut/],
    ['a WebP that is longer than it is', cut(webp('VP8L', 300, 200), 40), /damaged or cut/],
    ['a PNG that is too wide', png(8_001, 1), /is 8001 × 1 pixels; models take up to 8000/],
    ['a JPEG that is too high', jpeg(10, 9_000), /is 10 × 9000 pixels/],
    ['too many bytes', Buffer.concat([png(3, 2), Buffer.alloc(4_000_000)]), /3\.75 MiB/],
  ])('%s', (_, bytes, fault) => {
    expect(checkImage(bytes)).toEqual({ fault: expect.stringMatching(fault) })
  })

  test('what is not base64', () => {
    expect(checkEncodedImage('<html>')).toEqual({ fault: 'is not base64' })
    expect(checkEncodedImage('')).toEqual({ fault: 'is empty' })
  })

  test('any cut and any changed byte ends in an answer, never in an exception', () => {
    for (const [, bytes] of SOUND)
      for (let at = 0; at < Math.min(bytes.length, 200); at++) {
        checkImage(cut(bytes, at))
        const changed = Buffer.from(bytes)
        changed[at] = 0xff - changed[at]!
        checkImage(changed)
      }
  })
})
