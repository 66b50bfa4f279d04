import { expect, test } from 'bun:test'
import fc from 'fast-check'
import picomatch from 'picomatch'
import { compileGlob } from '../../../src/tools/search/glob.ts'

test.each([
  ['*.ts', ['a.ts', 'src/a.ts', '.a.ts'], ['a.tsx', 'src/a.js', 'a.ts/b']],
  ['src/*.ts', ['src/a.ts'], ['a.ts', 'src/b/a.ts', 'x/src/a.ts']],
  ['src/**/*.ts', ['src/a.ts', 'src/b/c/a.ts'], ['a.ts', 'src/a.js']],
  ['**/*.ts', ['a.ts', 'b/a.ts'], ['a.js']],
  ['**', ['a', 'a/b'], []],
  ['src/**', ['src/a', 'src/a/b'], ['src', 'src/', 'a']],
  ['a/**/b', ['a/b', 'a/x/b', 'a/x/y/b'], ['ab', 'a/bb']],
  ['a**b', ['ab', 'axxb'], ['a/b']],
  ['?.md', ['a.md', 'ü.md', '😀.md'], ['ab.md', '.md']],
  ['[a-c]x', ['ax', 'cx'], ['dx', 'a']],
  ['[!a]x', ['bx'], ['ax', '/x']],
  ['[]a]x', [']x', 'ax'], ['bx']],
  ['x[', ['x['], ['x']],
  ['[[:alpha:]]', ['a', 'Z'], ['1', 'ab', ':']],
  ['x[^[:digit:]_]', ['xa', 'x.'], ['x1', 'x_', 'x/']],
  ['[[:nosuch:]x]', ['x'], ['n', ':']],
  ['[[:alpha]', ['[', ':', 'a'], ['b']],
  ['*.{ts,tsx}', ['a.ts', 'a.tsx'], ['a.js', 'a.{ts,tsx}']],
  ['{src,test}/**/*.{a,b{1,2}}', ['src/x.a', 'test/y/x.b2'], ['src/x.b', 'lib/x.a']],
  ['{**/a,b}', ['a', 'x/a', 'b'], ['x/b', 'c']],
  ['{a}', ['{a}'], ['a']],
  ['{a,b', ['{a,b'], ['a']],
  ['\\*x', ['*x'], ['ax']],
  ['@(a|b)?(.min).js', ['a.js', 'b.min.js'], ['c.js', 'ab.js']],
  ['+(ab).c', ['ab.c', 'abab.c'], ['.c']],
  ['f (1|2).c', ['f 1.c', 'f (1|2).c'], ['f 3.c']],
  ['a.b', ['a.b'], ['axb']],
])('%s', (pattern, inside, outside) => {
  const glob = compileGlob(pattern)
  expect(inside.filter(path => !glob(path))).toEqual([])
  expect(outside.filter(glob)).toEqual([])
})

test('hostile globs end soon', () => {
  const path = `${'a'.repeat(200)}/${'a'.repeat(200)}`
  expect(compileGlob(`${'*a'.repeat(50)}b`)(path)).toBe(false)
  expect(compileGlob('{'.repeat(300))(path)).toBe(false)
  expect(compileGlob(`${'{a'.repeat(200)}${'}'.repeat(200)}`)(path)).toBe(false)
  expect(compileGlob('**/'.repeat(100))(path)).toBe(false)
})

test('means what picomatch means', () => {
  const part = fc.constantFrom('a', 'b', '*', '?', '[ab]', '**/', '/', 'a/**', '{a,b}', '.a')
  const pattern = fc.array(part, { minLength: 1, maxLength: 5 }).map(parts => parts.join(''))
  const path = fc
    .array(fc.constantFrom('a', 'b', 'ab', '.a'), { minLength: 1, maxLength: 4 })
    .map(names => names.join('/'))
  fc.assert(
    fc.property(pattern, path, (pattern, path) => {
      // Where a name is empty or `**` shares it with others, picomatch is not of one mind with itself.
      fc.pre(!/\/\/|^\/|\/$|[^/]\*\*|\*\*[^/]|\*{3}/.test(pattern))
      const theirs = picomatch(pattern, { dot: true, basename: !pattern.includes('/'), strictSlashes: true })(path)
      if (pattern.endsWith('/**') && picomatch(pattern.slice(0, -3), { dot: true })(path)) return
      expect([pattern, path, compileGlob(pattern)(path)]).toEqual([pattern, path, theirs])
    }),
    { numRuns: 3_000 },
  )
})
