import { expect, test } from 'bun:test'
import { applyPatch } from 'diff'
import fc from 'fast-check'
import { MAX_DIFF_BYTES, MAX_DIFF_LINES, unifiedDiff } from '../../../src/tools/files/diff.ts'

test.each([
  ['nothing', 'a\n', 'a\n', ''],
  ['a new file', null, 'a\nb\n', '--- /dev/null\n+++ b/f\n@@ -0,0 +1,2 @@\n+a\n+b\n'],
  ['a deleted file', 'a\n', null, '--- a/f\n+++ /dev/null\n@@ -1 +0,0 @@\n-a\n'],
  ['a line', 'a\nb\nc\n', 'a\nx\nc\n', '--- a/f\n+++ b/f\n@@ -1,3 +1,3 @@\n a\n-b\n+x\n c\n'],
  ['a final newline', 'a', 'a\n', '--- a/f\n+++ b/f\n@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n'],
  ['line ends only', 'a\r\n', 'a\n', '--- a/f\n+++ b/f\n@@ -1 +1 @@\n-a\r\n+a\n'],
  ['text in a Windows file', 'a\r\nb\r\n', 'a\r\nc\r\n', '--- a/f\n+++ b/f\n@@ -1,2 +1,2 @@\n a\n-b\n+c\n'],
])('%s', async (_, before, after, diff) => expect(await unifiedDiff('f', before, after)).toBe(diff))

test('the line numbers of an edit far into a long file', async () => {
  const lines = Array.from({ length: 100_000 }, (_, i) => `line ${i}`)
  const before = lines.join('\n')
  const after = before.replace('line 50000\n', 'changed\n')
  const diff = await unifiedDiff('f', before, after)
  expect(diff).toContain('@@ -49998,7 +49998,7 @@')
  expect(applyPatch(before, diff)).toBe(after)
})

test('applies: what patch makes of it is the new text', async () => {
  const text = fc.array(fc.constantFrom('a', 'b', 'c', '', 'd e'), { maxLength: 25 }).map(lines => lines.join('\n'))
  await fc.assert(
    fc.asyncProperty(text, text, fc.boolean(), async (left, right, long) => {
      const around = long ? 'same\n'.repeat(20) : ''
      const [before, after] = [around + left + around, around + right + around]
      const diff = await unifiedDiff('f', before, after)
      if (before !== after) expect(applyPatch(before, diff)).toBe(after)
    }),
    { numRuns: 500 },
  )
})

test.each([
  ['many lines', 'a\n'.repeat(50_000), 'b\n'.repeat(60_000)],
  ['large texts', 'some text\n'.repeat(500_000), 'other text\n'.repeat(500_000)],
  ['endless lines', 'a'.repeat(5_000_000), 'b'.repeat(5_000_000)],
])('bounded for %s', async (_, before, after) => {
  const diff = await unifiedDiff('f', before, after)
  expect(diff.length).toBeLessThan(MAX_DIFF_BYTES + 200)
  expect(diff.split('\n').length).toBeLessThan(MAX_DIFF_LINES + 3)
  expect(diff).toMatch(/\n\\ [\d,]+ more lines? of this diff not shown\n$/)
})

test('a name cannot write lines of the header', async () => {
  const diff = await unifiedDiff('a\n+++ b/evil', null, 'x\n')
  expect(diff.split('\n')[1]).toBe('+++ b/"a\\n+++ b/evil"')
})
