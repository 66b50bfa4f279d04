import { expect, test } from 'bun:test'
import { explainNotFound } from '../../../src/tools/files/not-found.ts'

test.each([
  ['an ellipsis', 'wait…', 'wait...', /ellipsis … \(U\+2026\)/],
  ['three dots', 'wait...', 'wait…', /ellipsis … \(U\+2026\)/],
  ['a space of no width', 'a\u200bb', 'ab', /not to be seen, such as .*U\+200B/],
  ['signs of full width', 'f\uff08x\uff09', 'f(x)', /look alike, such as .*U\+FF08.* where old has \( \(U\+0028\)/],
  ['quotes', 'it\u2019s', "it's", /look alike/],
  ['letters that are composed', 'cafe\u0301', 'café', /Unicode normalization/],
  ['escapes', 'a\nb', 'a\\nb', /line 2.* backslashes in old are read as escapes/],
  ['quotes with a backslash', 'say("x")', 'say(\\"x\\")', /backslashes/],
  ['entities', 'a && b', 'a &amp;&amp; b', /HTML entities/],
  ['nothing like it', 'something else', 'zzzzzzz', /nothing like it/],
])('the error names the difference: %s', (_, text, old, expected) => {
  const explained = explainNotFound(`first line\n${text}\nlast line\n`, old, 'new')
  expect(explained).toMatch(expected)
})
