import { expect, test } from 'bun:test'
import { isPrivateHost, isPublic } from '../../../src/tools/web/address.ts'

test.each([
  ...[
    '0.0.0.0',
    '10.1.2.3',
    '100.64.0.1',
    '127.0.0.1',
    '127.255.255.255',
    '169.254.169.254',
    '172.16.0.1',
    '172.31.255.255',
  ],
  ...['192.168.0.1', '198.18.0.1', '224.0.0.1', '255.255.255.255', '::', '::1', '::ffff:10.0.0.1', '::ffff:127.0.0.1'],
  ...['64:ff9b::7f00:1', 'fc00::1', 'fd12::1', 'fe80::1', 'ff02::1', '2002:7f00:1::', 'no address', ''],
])('%p is not public', address => expect(isPublic(address)).toBe(false))

test.each(['1.1.1.1', '172.15.0.1', '172.32.0.1', '192.167.1.1', '2606:4700::1111', '2a00:1450:4001:81b::200e'])(
  '%p is public',
  address => expect(isPublic(address)).toBe(true),
)

test.each([
  ['http://127.1/', true],
  ['http://0x7f000001/', true],
  ['http://2130706433/', true],
  ['http://[::1]:80/', true],
  ['http://[::ffff:7f00:1]/', true],
  ['http://localhost/', true],
  ['http://LOCALHOST./', true],
  ['http://a.localhost/', true],
  ['http://1.1.1.1/', false],
  ['http://example.org/', false],
])('the host of %s is private: %p', (url, isPrivate) => expect(isPrivateHost(new URL(url).hostname)).toBe(isPrivate))
