import { expect, test } from 'bun:test'
import fc from 'fast-check'
import picomatch from 'picomatch'
import { compilePath } from '../../../src/tools/permission/pathrule.ts'

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
  ['**/(a|b)', ['a', 'x/B'], ['c']],
  ['*', ['new\nline'], ['a/b']],
])('%s binds', (glob, inside, outside) => {
  const { binds } = compilePath(glob, '/p')
  expect(inside.filter(path => !binds(`/p/${path}`))).toEqual([])
  expect(outside.filter(path => binds(`/p/${path}`))).toEqual([])
})

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
