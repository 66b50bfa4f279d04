import { describe, expect, test } from 'bun:test'
import { compileUrl } from '../../../src/tools/permission/urlrule.ts'

describe('a pattern on addresses', () => {
  test.each([
    ['https://docs.python.org/**', 'https://docs.python.org/', true],
    ['https://docs.python.org/**', 'https://docs.python.org/3/library/os.html?x=a/b', true],
    ['https://docs.python.org', 'https://docs.python.org/3/', true],
    ['https://Docs.Python.org/**', 'https://docs.python.org/3/', true],
    ['https://docs.python.org/3/*', 'https://docs.python.org/3/a', true],
    ['https://docs.python.org/3/*', 'https://docs.python.org/3/a/b', false],
    ['https://docs.python.org/**', 'http://docs.python.org/', false],
    ['https://docs.python.org/**', 'https://docs.python.org:8443/', false],
    ['https://docs.python.org/**', 'https://docs.python.org.evil.example/', false],
    ['https://*.python.org/**', 'https://docs.python.org/3/', true],
    ['https://*.python.org/**', 'https://evil.example/x.python.org/', false],
    ['https://*.python.org/**', 'https://python.org/', false],
    ['*://example.org/**', 'http://example.org/a', true],
    ['https://example.org/a?b', 'https://example.org/a?b', true],
    ['https://example.org/a?b', 'https://example.org/axb', false],
  ])('%s on %s: %p', (pattern, url, matches) => expect(compileUrl(pattern).matches(new URL(url).href)).toBe(matches))

  test.each(['docs.python.org', 'https://', 'ftp://a/b', 'https://user@host/**', '**'])('%s is refused', pattern =>
    expect(() => compileUrl(pattern)).toThrow('Write an address as'),
  )

  test('a host with a wildcard is not named', () => {
    expect(compileUrl('http://127.0.0.1:8080/**').names('http://127.0.0.1:8080/a')).toBe(true)
    expect(compileUrl('http://127.0.0.1:8080/**').names('http://127.0.0.1:9090/a')).toBe(false)
    expect(compileUrl('http://*/**').names('http://127.0.0.1/a')).toBe(false)
  })
})
