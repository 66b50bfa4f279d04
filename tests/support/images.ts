import { deflateSync } from 'node:zlib'

/** A whole PNG of this size, black. */
export function png(width: number, height: number): Buffer {
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header.set([1, 0], 8)
  const pixels = deflateSync(Buffer.alloc((Math.ceil(width / 8) + 1) * height))
  return Buffer.concat([PNG_SIGNATURE, chunk('IHDR', header), chunk('IDAT', pixels), chunk('IEND', Buffer.alloc(0))])
}

export const PNG_SIGNATURE = Buffer.from('89504e470d0a1a0a', 'hex')

function chunk(type: string, data: Buffer): Buffer {
  const named = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const whole = Buffer.alloc(named.length + 8)
  whole.writeUInt32BE(data.length, 0)
  named.copy(whole, 4)
  whole.writeUInt32BE(crc(named), named.length + 4)
  return whole
}

function crc(bytes: Buffer): number {
  let sum = ~0
  for (const byte of bytes) {
    sum ^= byte
    for (let bit = 0; bit < 8; bit++) sum = (sum >>> 1) ^ (sum & 1 ? 0xedb88320 : 0)
  }
  return ~sum >>> 0
}

/** The headers of the other kinds, with as much behind them as tells them from a cut one. */
export function jpeg(width: number, height: number): Buffer {
  const size = Buffer.alloc(4)
  size.writeUInt16BE(height, 0)
  size.writeUInt16BE(width, 2)
  const app0 = 'ffe000104a46494600010100000100010000'
  return Buffer.concat([
    Buffer.from(`ffd8${app0}ffff`, 'hex').subarray(0, -1), // one fill byte
    Buffer.from('c0000b08', 'hex'),
    size,
    Buffer.from('01011100ffda0008010100003f0012ffd9', 'hex'),
  ])
}

export function gif(width: number, height: number): Buffer {
  const size = Buffer.alloc(4)
  size.writeUInt16LE(width, 0)
  size.writeUInt16LE(height, 2)
  return Buffer.concat([
    Buffer.from('GIF89a'),
    size,
    Buffer.from('800000000000ffffff2c00000000010001000002024401003b', 'hex'),
  ])
}

export function webp(type: 'VP8 ' | 'VP8L' | 'VP8X', width: number, height: number): Buffer {
  const body = Buffer.alloc(24)
  if (type === 'VP8 ') {
    body.set([0x9d, 1, 0x2a], 3)
    body.writeUInt16LE(width, 6)
    body.writeUInt16LE(height, 8)
  } else if (type === 'VP8L') {
    body[0] = 0x2f
    body.writeUInt32LE((width - 1) | ((height - 1) << 14), 1)
  } else {
    body.writeUIntLE(width - 1, 4, 3)
    body.writeUIntLE(height - 1, 7, 3)
  }
  const head = Buffer.from(`RIFF\0\0\0\0WEBP${type}\0\0\0\0`, 'latin1')
  head.writeUInt32LE(body.length + 12, 4)
  head.writeUInt32LE(body.length, 16)
  return Buffer.concat([head, body])
}
