import { afterEach, beforeEach, expect, test } from 'bun:test'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { hashOf } from '../../src/base/files.ts'
import { type Images, openImages } from '../../src/undo/images.ts'
import { editsBetween, joinLines, splitLines } from '../../src/undo/lines.ts'
import { merge } from '../../src/undo/merge.ts'
import { tempDir } from '../support/temp.ts'

let path: string
let images: Images
beforeEach(() => {
  path = join(tempDir(), 'images')
  images = openImages(path)
})
afterEach(() => images.close())

const text = fc
  .array(fc.constantFrom('a', 'b', 'c', 'd\r'), { maxLength: 12 })
  .map(lines => Buffer.from(lines.join('\n')))
const bytesOf = (merged: ReturnType<typeof merge>) => ('bytes' in merged ? Buffer.from(merged.bytes) : null)

test('edits make the one text of the other, whatever the bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ max: 20 }), fc.uint8Array({ max: 20 }), (before, after) => {
      const lines = splitLines(before)
      for (const edit of editsBetween(lines, splitLines(after)).toReversed())
        lines.splice(edit.from, edit.to - edit.from, ...edit.lines)
      expect(joinLines(lines)).toEqual(Buffer.from(after))
    }),
  )
})

test('a merge keeps what one side alone changed, is the same from both sides, and never guesses', () => {
  fc.assert(
    fc.property(text, text, text, (base, now, wanted) => {
      expect(bytesOf(merge(base, base, wanted))).toEqual(wanted)
      expect(bytesOf(merge(base, now, base))).toEqual(now)
      expect(bytesOf(merge(base, now, now))).toEqual(now)
      expect(bytesOf(merge(base, now, wanted))).toEqual(bytesOf(merge(base, wanted, now)))
      const merged = merge(base, now, wanted)
      if ('conflict' in merged) expect(merged.conflict).toContain('<<<<<<< now')
    }),
  )
})

test('what holds no lines is no text to merge', () => {
  const [base, now, wanted] = ['a\0\n', 'a\0\nb\n', 'c\na\0\n'].map(each => Buffer.from(each))
  expect(merge(base!, now!, wanted!)).toEqual({ conflict: '' })
})

test('images come back by their hash, from differences too, and after they were opened again', async () => {
  const contents = [Buffer.alloc(0), Buffer.from('short')]
  let last = Buffer.from(Array.from({ length: 3000 }, (_, n) => `line ${n}`).join('\n'))
  for (let n = 0; n < 200; n++) {
    last = Buffer.from(last)
    last.write(`EDIT${n}`, (n * 97) % last.length)
    contents.push(last)
  }
  let like: string | null = null
  for (const content of contents) like = images.put(content, like)
  await images.sync()
  expect(images.size()).toBeLessThan(last.length * 3)
  const again = openImages(path)
  for (const content of contents) expect(again.get(hashOf(content))).toEqual(content)
  expect(again.get(hashOf('other'))).toBeNull()
  again.close()
})

test('a damaged byte costs the image that holds it, and those that rest on it, no other', async () => {
  const contents = Array.from({ length: 20 }, (_, n) => Buffer.from(`${n} `.repeat(400)))
  for (const content of contents) images.put(content)
  await images.sync()
  const whole = readFileSync(path)
  fc.assert(
    fc.property(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
      const damaged = Buffer.from(whole)
      damaged[at]! ^= change
      writeFileSync(`${path}.damaged`, damaged)
      const opened = openImages(`${path}.damaged`)
      const got = contents.map(content => opened.get(hashOf(content)))
      opened.close()
      for (const [n, bytes] of got.entries()) if (bytes) expect(bytes).toEqual(contents[n]!)
      expect(got.filter(bytes => bytes === null).length).toBeLessThanOrEqual(2)
    }),
  )
})
