import { describe, expect, test } from 'bun:test'
import * as fc from 'fast-check'
import { seal } from '../../src/base/controls.ts'
import { orgBlock, orgCell, orgLine, orgLink, orgText } from '../../src/org/text.ts'
import { hostileText } from './fragments.ts'

/** `¦` stands for the zero-width space, `^` for the word joiner. */
const show = (text: string) => text.replaceAll('\u200b', '¦').replaceAll('\u2060', '^')

describe('text stays as it is where it means nothing', () => {
  test.each([
    'snake_case, a/b/c, src/a.ts:12:5, 12:30, localhost:8080 and 50%',
    'see https://example.org/ and https://example.org/a_b/c/ now, file:/etc/hosts too',
    'a[0] = b[x] + c[i + 1]; x < y && y > z; {{ template }} user@example.org',
    'costs $5 and $6, C:\\9, a * b * c, 2 + 2 = 4, ~ 5',
    '*Note:* the end',
    'a #hashtag, a - dash, e.g. this: that',
    '3.5 is not a list, -x is not one, :x neither\n  indented',
  ])('%s', text => {
    expect(orgText(text)).toBe(text.startsWith('*') ? text.replace('*', '*\u200b') : text)
  })
})

describe('text that would be Org', () => {
  test.each([
    ['* a\n** b', '¦* a\n*¦* b'],
    ['#+TITLE: x\n# y', '¦#+TITLE: x\n¦# y'],
    ['| a\n: b\n- c\n+ d\n1. e\n2) f', '¦| a\n¦: b\n¦- c\n¦+ d\n¦1. e\n¦2) f'],
    ['%%(x) <%%(x)>', '¦%%(x) <¦%%(x)>'],
    ['[[elisp:x]] elisp:x', '[¦[elisp¦:x]] elisp¦:x'],
    ['<2026-01-01> DEADLINE: x', '<¦2026-01-01> DEADLINE¦: x'],
    ['{{{m}}} @@a:b@@ <<t>> <<<r>>>', '{{¦{m}}} @¦@a¦:b@¦@ <¦<t>> <¦<¦<r>>>'],
    ['$x$ $$y$$', '$x$^ $^$y$^^$^'],
    ['\\alpha \\(x', '\\¦alpha \\¦(x'],
    ['/usr/bin/ =a= ~b~', '/¦usr/bin/ =¦a= ~¦b~'],
    ['src_sh{x} call_f(x)', 'src¦_¦sh{x} call¦_f(x)'],
    ['a\rb\r\nc\u001b[0m\f', 'a\nb\nc␛[0m␌'],
  ])('%j', (text, expected) => {
    expect(show(orgText(text))).toBe(expected)
  })

  test('lines of ours', () => {
    expect(show(orgLine(' a\n* b :tag:'))).toBe('a * b :tag:¦')
    expect(show(orgLine('-*- mode: x -*-'))).toContain('-¦*-')
    expect(show(orgCell('=1+1'))).toBe('¦=1+1')
    expect(show(orgCell('a|b'))).toBe('a\\vert{}b')
    expect(orgLink('file:/a[1]\\', 'x]')).toBe('[[file:/a\\[1\\]\\\\][x]\u200b]]')
    expect(show(seal('# Local Variables:\nlocal variables:'))).toBe('# Local¦ Variables:\nlocal¦ variables:')
  })

  test('blocks take lines as they are, but for a comma', () => {
    expect(show(orgBlock('SRC sh :eval never', '* a\n  ,* b\n#+END_SRC\n:END:\n%%(x)\nc'))).toBe(
      '#+BEGIN_SRC sh :eval never\n,* a\n  ,,* b\n,#+END_SRC\n¦:END:\n¦%%(x)\nc\n#+END_SRC',
    )
  })
})

const unmarked = (text: string) => text.replace(/[\u200b\u2060]/g, '')

test('text reads the same: only invisible characters are added', () => {
  const printable = hostileText.map(text => text.replace(/[\0-\x08\x0b-\x1f\x7f]/g, ''))
  fc.assert(
    fc.property(printable, text => {
      const lines = (s: string) =>
        unmarked(s)
          .split('\n')
          .map(line => line.trimEnd())
      expect(lines(orgText(text))).toEqual(lines(text))
    }),
  )
})

test('blocks give back their text', () => {
  const printable = hostileText.map(text => text.replace(/[\0-\x08\x0b-\x1f\x7f]/g, ''))
  fc.assert(
    fc.property(printable, text => {
      const body = orgBlock('EXAMPLE', text).split('\n').slice(1, -1).join('\n')
      const unescaped = body.replace(/^([ \t]*),(,*(?:\*|#\+))/gm, '$1$2') // org-unescape-code-in-string
      expect(unmarked(unescaped)).toBe(unmarked(text))
    }),
  )
})
