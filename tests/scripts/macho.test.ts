import { describe, expect, test } from 'bun:test'
import { signAdHoc, verifySignature } from '../../scripts/build/macho.ts'
import { disarmSwitches, SWITCHES } from '../../scripts/build/switches.ts'

const START = 10_000

/** The least that has a place for a signature: two segments, three load commands, and bytes that a stale signature is behind. */
function program(): Buffer {
  const file = Buffer.alloc(START + 600)
  for (let i = 0; i < file.length; i++) file[i] = (i * 7) % 251
  const [text, linkedit, signature] = [32, 32 + 72, 32 + 144]
  for (const [i, word] of [0xfeedfacf, 0x1000007, 3, 2, 3, 160, 0, 0].entries()) file.writeUInt32LE(word, i * 4)
  segment(file, text, '__TEXT', 0, 8192)
  segment(file, linkedit, '__LINKEDIT', 8192, file.length - 8192)
  for (const [i, word] of [0x1d, 16, START, 600].entries()) file.writeUInt32LE(word, signature + i * 4)
  return file
}

function segment(file: Buffer, at: number, name: string, offset: number, size: number): void {
  file.fill(0, at, at + 72)
  file.writeUInt32LE(0x19, at)
  file.writeUInt32LE(72, at + 4)
  file.write(name, at + 8, 'latin1')
  file.writeBigUInt64LE(BigInt(size), at + 32)
  file.writeBigUInt64LE(BigInt(offset), at + 40)
  file.writeBigUInt64LE(BigInt(size), at + 48)
}

describe('ad hoc signatures', () => {
  test('a signature that does not fit is refused, and replaced by one that does', () => {
    expect(() => verifySignature(program())).toThrow('no signature')
    const signed = signAdHoc(program(), 'a-program')
    verifySignature(signed)
    verifySignature(signAdHoc(signed, 'another-name'))
    expect(signed.includes('a-program\0')).toBe(true)
    expect(signed.length % 16).toBe(START % 16)
  })

  test('the last segment holds all of it, in memory too', () => {
    const signed = signAdHoc(program(), 'a-program')
    const inMemory = Number(signed.readBigUInt64LE(104 + 32))
    expect(Number(signed.readBigUInt64LE(104 + 48))).toBe(signed.length - 8192)
    expect(inMemory % 0x4000).toBe(0)
    expect(inMemory).toBeGreaterThanOrEqual(signed.length - 8192)
  })

  test.each([0, 4096, 9_999])('a byte that changed at %p is found, and its page named', at => {
    const signed = signAdHoc(program(), 'a-program')
    if (at === 0) signed[28]! ^= 1
    else signed[at]! ^= 1
    expect(() => verifySignature(signed)).toThrow(
      `1 of 3 page hashes are wrong, the first that of page ${Math.floor(at / 4096)}`,
    )
  })

  test('what stands behind the signature is not covered by it', () => {
    expect(() => verifySignature(Buffer.concat([signAdHoc(program(), 'a'), Buffer.from('more')]))).toThrow(
      'not the end',
    )
  })

  test('other files', () => {
    expect(() => signAdHoc(Buffer.from('\x7fELF'), 'a')).toThrow('no 64-bit Mach-O file')
  })
})

describe('names of variables in the runtime', () => {
  const runtime = (names: readonly string[]) => Buffer.from(`x\0${names.join('\0')}\0y`)

  test('only their first byte goes', () => {
    const executable = runtime(['OTHER', ...SWITCHES])
    disarmSwitches(executable)
    expect(executable.toString()).toBe(`x\0OTHER\0${SWITCHES.map(name => `\0${name.slice(1)}`).join('\0')}\0y`)
  })

  test.each([[SWITCHES.filter(name => name !== 'BUN_OPTIONS')], [[...SWITCHES, 'BUN_OPTIONS']]])(
    '%p is no runtime we know',
    names => {
      expect(() => disarmSwitches(runtime(names))).toThrow('the name BUN_OPTIONS exactly once')
    },
  )
})
