import { expect, test } from 'bun:test'
import { looksRemote, readRemoteName } from '../../src/base/remote-name.ts'

test.each([
  ['/ssh:host:/p', '/ssh:host:', 'host', '/p'],
  ['/ssh:u@host:/home/u/p/', '/ssh:u@host:', 'u@host', '/home/u/p'],
  ['/ssh:u@host#2222:/p/../q//r/.', '/ssh:u@host#2222:', 'u@host#2222', '/q/r'],
  ['/ssh:[::1]:/p', '/ssh:[::1]:', '[::1]', '/p'],
  ['/ssh:u@[fe80::1%eth0]#22:/p', '/ssh:u@[fe80::1%eth0]#22:', 'u@[fe80::1%eth0]#22', '/p'],
  ['/ssh:bird@bastion|ssh:you@far:/p', '/ssh:bird@bastion|ssh:you@far:', 'you@far', '/p'],
  ['/ssh:h|sudo:root@h:/etc', '/ssh:h|sudo:root@h:', 'root@h', '/etc'],
  ['/docker:box-1:/', '/docker:box-1:', 'box-1', '/'],
  ['/smb:user%domain@host:/share', '/smb:user%domain@host:', 'user%domain@host', '/share'],
  ['/ssh:h:/a:b/c d', '/ssh:h:', 'h', '/a:b/c d'],
])('%s', (name, prefix, machine, path) => {
  expect(readRemoteName(name)).toEqual({ prefix, machine, path })
})

test.each([
  '/ssh:host',
  '/ssh:host:',
  '/ssh:host:p',
  '/ssh:host:~/p',
  '/ssh::/p',
  '/:host:/p',
  '/ssh:/p',
  '/ssh:u@:/p',
  '/ssh:h|:/p',
  '/ssh:|ssh:h:/p',
  '/ssh:h#x:/p',
  '/ssh:a b:/p',
  'ssh:h:/p',
  '/ssh:h:/p\0',
  '/ssh:[::1:/p',
  '/tmp/ssh:h:/p',
  '/ssh:a@b@c:/p',
  '/s/h:x:/p',
])('%j is none', name => expect(readRemoteName(name)).toBeNull())

test.each([
  ['/ssh:host', true],
  ['/sudo::/x', true],
  ['/tmp', false],
  ['/tmp/a:b', false],
  ['/c:/x', false],
] as const)('%s looks remote: %p', (name, looks) => expect(looksRemote(name)).toBe(looks))
