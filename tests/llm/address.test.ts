import { expect, test } from 'bun:test'
import { withoutProxyAtHome } from '../../src/config/no-proxy.ts'
import { below, plainAddress } from '../../src/llm/address.ts'

test('a path goes in front of the query of its base URL', () => {
  expect(below('http://h/v1/', '/models')).toBe('http://h/v1/models')
  expect(below('http://h/d?api-version=1', '/chat/completions')).toBe('http://h/d/chat/completions?api-version=1')
  expect(below('http://h/d/?a=1?&b=2', '/x?alt=sse')).toBe('http://h/d/x?alt=sse&a=1?&b=2')
})

test('an address for a person holds no credentials and no query', () => {
  expect(plainAddress('http://u:p@h:1/v1/x?key=k')).toBe('http://h:1/v1/x')
})

test('this machine is exempt from proxies, beside what was exempt before', () => {
  const { NO_PROXY, no_proxy } = withoutProxyAtHome({ NO_PROXY: 'corp.example, 127.0.0.1', no_proxy: '.lan' })
  expect(NO_PROXY).toBe(no_proxy)
  expect(NO_PROXY.split(',')).toEqual([
    'corp.example',
    '127.0.0.1',
    '.lan',
    'localhost',
    '.localhost',
    '::1',
    '[::1]',
    '0.0.0.0',
  ])
})
