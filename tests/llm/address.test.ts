import { expect, test } from 'bun:test'
import { isLoopback, stayHome, withoutProxyAtHome } from '../../src/base/loopback.ts'
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

test('any address and name of this machine is one, and no other', () => {
  for (const host of [
    '127.0.0.1',
    '127.8.9.10',
    'localhost',
    'a.b.localhost',
    'LOCALHOST.',
    '[::1]',
    '[::ffff:127.0.0.1]',
  ])
    expect([host, isLoopback(`http://${host}:1/v1`)]).toEqual([host, true])
  for (const host of [
    'host.docker.internal',
    '128.0.0.1',
    '127.0.0.1.example',
    'localhost.example',
    '[::ffff:10.0.0.1]',
  ])
    expect([host, isLoopback(`http://${host}:1/v1`)]).toEqual([host, false])
})

test('such a host is exempt from proxies by its own name', () => {
  const env: Record<string, string> = { NO_PROXY: 'corp.example' }
  for (const url of ['http://127.8.9.10:1/v1', 'http://127.8.9.10:1/v1', 'http://host.docker.internal/'])
    stayHome(url, env)
  expect(env['NO_PROXY']).toStartWith('corp.example,127.8.9.10,')
  expect(env['no_proxy']).toBe(env['NO_PROXY']!)
  expect(env['NO_PROXY']).not.toContain('docker')
  expect(env['NO_PROXY']!.split('127.8.9.10').length).toBe(2)
})
