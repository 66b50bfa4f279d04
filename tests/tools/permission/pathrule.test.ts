import { expect, test } from 'bun:test'
import fc from 'fast-check'
import picomatch from 'picomatch'
import { compilePath } from '../../../src/tools/permission/pathrule.ts'
import { parseRule } from '../../../src/tools/permission/rule.ts'

test('a hostile name or glob is decided at once', () => {
  const rule = compilePath('**/*a*a*a*a*a*a*a*b/**', '/p')
  expect(rule.binds(`/p/${'a'.repeat(200)}`)).toBe(false)
  expect(rule.matches(`/p/${'a'.repeat(200)}`)).toBe(false)
  expect(rule.binds(`/p/x/${'A'.repeat(200)}B/c`)).toBe(true)
})

test.each([
  ['[!a]x', ['bx', 'Bx'], ['ax', 'x']],
  ['[A-z]x', ['_x', 'ax'], ['1x']],
  ['dir*/**', ['dir1', 'DIR1/a'], ['a']],
  ['a/**/**', ['a', 'a/b'], ['b']],
  ['f{1..3}', ['f1', 'F3'], ['f4']],
  ['f{01..10}', ['f01', 'F10'], ['f1', 'f11']],
  ['{a..c}x*', ['ax', 'Cxy'], ['dx']],
  ['**/(a|b)', ['a', 'x/B', '(a|b)'], ['c']],
  ['app/(auth)/**', ['app/(auth)/x', 'app/(Auth)'], ['app/auth/x']],
  ['app/(auth)', ['app/(auth)/x', 'app/(auth)'], ['app/auth']],
  ['@(a|b/c)x*', ['axy', 'b/cx'], ['ax/y', 'cx']],
  ['?(a)b*', ['b', 'abc', 'AB'], ['aab']],
  ['*(a|b).c', ['.c', 'abba.c'], ['x.c']],
  ['+(a|b).c', ['a.c', 'abba.c'], ['.c']],
  ['!(a|b).ts', ['c.ts', 'aa.ts'], ['a.ts', 'b.ts', 'x/c.ts']],
  ['src/!(*.md)', ['src/a.ts'], ['src/a.md', 'src/x/a.ts', 'src/']],
  ['**/!(public)/**', ['secret/public/x', 'a/b'], ['public']],
  ['[[:upper:]]x', ['Ax', 'aX', 'ax'], ['1x']],
  ['@(a|\\))', ['a', ')'], ['b']],
  ['*', ['new\nline'], ['a/b']],
])('%s binds', (glob, inside, outside) => {
  const { binds } = compilePath(glob, '/p')
  expect(inside.filter(path => !binds(`/p/${path}`))).toEqual([])
  expect(outside.filter(path => binds(`/p/${path}`))).toEqual([])
})

test('what it allows is no more than is written', () => {
  const { matches } = compilePath('**/!(public)/*', '/p')
  expect(['a/x', 'b/public/x', 'public/x'].map(path => matches(`/p/${path}`))).toEqual([true, false, false])
})

test.each([
  '+(a|aa)+(a|aa)b',
  '*(*(a)*(a))b',
  '(a|aa|a*|*a)(a*|*a)(*a*|a*)b',
  '!(*a*a*a*b)*a*a*b',
  '@(a*|@(a*|+(a)))*{1..9}',
])('%s is decided at once', glob => {
  const rule = compilePath(`**/${glob}`, '/p')
  expect(rule.matches(`/p/${'a'.repeat(200)}`)).toBe(false)
  expect(rule.binds(`/p/${'a'.repeat(200)}`)).toBe(false)
})

test.each(['f{1..1001}', 'f{1..99999999999999999999}', '!(a)!(b)', '@(a|!(b))', '{a,!(b)}', '!(a/b)'])(
  '%s is refused when it is read',
  glob => expect(() => parseRule(`read_file(${glob})`)).toThrow(),
)

test('means what picomatch means', () => {
  const part = fc.constantFrom('a', 'b', '*', '?', '[ab]', '**/', '/', '/**', '{a,b}', '{a,b/c}', '.a', 'A')
  const glob = fc.array(part, { minLength: 1, maxLength: 5 }).map(parts => parts.join(''))
  const name = fc.constantFrom('a', 'b', 'ab', '.a', 'c', 'A')
  const path = fc.array(name, { minLength: 1, maxLength: 4 }).map(names => names.join('/'))
  fc.assert(
    fc.property(glob, path, (glob, path) => {
      fc.pre(!/\/\/|^\/|\/$|[^/]\*\*|\*\*[^/]|\*{3}/.test(glob) && /[*?[{]/.test(glob))
      const theirs = picomatch(glob, { dot: true, nonegate: true, flags: 's' })(path)
      const { matches, binds } = compilePath(glob, '/p')
      expect([glob, path, matches(`/p/${path}`)]).toEqual([glob, path, theirs])
      if (theirs) expect([glob, path, binds(`/p/${path}`)]).toEqual([glob, path, true])
    }),
    { numRuns: 3_000 },
  )
})
