import { afterAll, describe, expect, test } from 'bun:test'
import { execFileSync } from 'node:child_process'
import { closeSync, constants, mkdtempSync, openSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { createCapture, createTail, excerpt } from '../../../src/tools/shell/capture.ts'

const folder = mkdtempSync(join(tmpdir(), 'agent-capture-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const chunks = fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { maxLength: 40 })

describe('createTail', () => {
  test('keeps the last bytes, however they came', () => {
    fc.assert(
      fc.property(chunks, fc.integer({ min: 0, max: 60 }), (parts, limit) => {
        const tail = createTail(limit)
        for (const part of parts) tail.write(part)
        const all = Buffer.concat(parts)
        const { bytes, dropped } = tail.take()
        expect(Buffer.from(bytes)).toEqual(all.subarray(Math.max(0, all.length - limit)))
        expect(dropped).toBe(all.length - bytes.length)
        expect(tail.isEmpty()).toBe(true)
      }),
    )
  })
})

describe('createCapture', () => {
  test.skipIf(process.platform === 'win32')('spills into regular files alone', () => {
    const pipe = join(folder, 'pipe')
    execFileSync('mkfifo', [pipe])
    const reader = openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK)
    const capture = createCapture(10, 'ends', pipe)
    capture.add(Buffer.alloc(1000, 'x'))
    expect(capture.finish()).toMatchObject({ dropped: 990, spilled: false })
    closeSync(reader)
  })

  test('keeps both ends, counts the rest, and spills the whole', () => {
    const path = join(folder, 'spill')
    const ascii = fc.array(fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 30 }), { maxLength: 30 })
    fc.assert(
      fc.property(ascii, fc.integer({ min: 2, max: 60 }), (parts, limit) => {
        const capture = createCapture(limit, 'ends', path)
        for (const part of parts) capture.add(Buffer.from(part))
        const whole = parts.join('')
        const { text, dropped, spilled } = capture.finish()
        expect(spilled).toBe(whole.length > limit)
        if (!spilled) return expect(text).toBe(whole)
        const head = whole.slice(0, Math.ceil(limit / 2))
        const tail = whole.slice(whole.length - Math.floor(limit / 2))
        expect(dropped).toBe(whole.length - limit)
        expect(text).toBe(`${head}\n[… ${dropped} bytes left out …]\n${tail}`)
        expect(readFileSync(path, 'utf8')).toBe(whole)
        expect(statSync(path).mode & 0o777).toBe(0o600)
      }),
    )
  })

  test('cuts no character in two', () => {
    for (let limit = 4; limit < 16; limit++) {
      const capture = createCapture(limit)
      capture.add(Buffer.from('äöü€😀'.repeat(4)))
      expect(capture.finish().text).not.toContain('\ufffd')
    }
  })

  test('keeps the start alone for programs', () => {
    const capture = createCapture(4, 'start')
    for (const part of ['ab', 'cd', 'ef']) capture.add(Buffer.from(part))
    expect(capture.finish()).toEqual({ text: 'abcd', dropped: 2, spilled: false })
  })

  test('does without a spill file that cannot be', () => {
    const capture = createCapture(2, 'ends', join(folder, 'missing', 'spill'))
    capture.add(Buffer.from('abcd'))
    expect(capture.finish().spilled).toBe(false)
  })
})

test('an excerpt is short enough to stay as it is, and says where the rest is', () => {
  expect(excerpt('short', { dropped: 0, spilled: false }, 'tc_1')).toBe('short')
  const text = 'x'.repeat(1_000_000)
  const cut = excerpt(text, { dropped: 5, spilled: true }, 'tc_1')
  expect(cut.length).toBeLessThan(30_000)
  expect(cut).toContain('spill:tc_1')
  expect(excerpt(text, { dropped: 5, spilled: false }, 'tc_1')).toContain('not kept')
})
