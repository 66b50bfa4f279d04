import { expect, test } from 'bun:test'
import type { Bounds } from '../../../src/tools/sandbox/sandbox.ts'
import { profileFor } from '../../../src/tools/sandbox/seatbelt.ts'

const bounds: Bounds = {
  writable: ['/Users/ann/project "x"', '/private/var/folders/T/emacs-agent-1'],
  closed: ['/Users/ann/.ssh', '/Users/ann/project "x"/.env'],
  inodes: [],
  fixed: ['/Users/ann/project "x"/.git/hooks'],
  visible: ['/Users/ann', '/usr/bin'],
  project: '/Users/ann/project "x"',
  cwd: '/Users/ann/project "x"',
  temporary: '/private/var/folders/T/emacs-agent-1',
  network: 'off',
}

test('the profile of macOS: everything is read-only but what is named, secrets are closed, no network', () => {
  expect(profileFor(bounds)).toMatchInlineSnapshot(`
    "(version 1)
    (allow default)
    (deny file-write*)
    (allow file-write* (literal "/dev/null") (literal "/dev/zero") (literal "/dev/tty") (literal "/dev/dtracehelper") (literal "/dev/random") (literal "/dev/urandom") (subpath "/Users/ann/project \\"x\\"") (subpath "/private/var/folders/T/emacs-agent-1"))
    (deny file-read-data file-write* (subpath "/private/tmp") (subpath "/private/var/folders") (subpath "/private/var/run"))
    (allow file-read* (subpath "/Users/ann") (subpath "/usr/bin") (subpath "/Users/ann/project \\"x\\"") (subpath "/private/var/folders/T/emacs-agent-1") (subpath "/Users/ann/project \\"x\\"") (subpath "/private/var/folders/T/emacs-agent-1"))
    (allow file-write* (subpath "/Users/ann/project \\"x\\"") (subpath "/private/var/folders/T/emacs-agent-1"))
    (deny file-write* (subpath "/Users/ann/project \\"x\\"/.git/hooks"))
    (deny file-read* file-write* (subpath "/Users/ann/.ssh") (subpath "/Users/ann/project \\"x\\"/.env"))
    (deny mach-priv-host-port) (deny process-info* (target others)) (deny signal (target others))
    (deny appleevent-send) (deny job-creation)
    (deny network*)
    (allow network* (local unix-socket (subpath "/Users/ann/project \\"x\\"")) (remote unix-socket (subpath "/Users/ann/project \\"x\\"")) (local unix-socket (subpath "/private/var/folders/T/emacs-agent-1")) (remote unix-socket (subpath "/private/var/folders/T/emacs-agent-1")))"
  `)
})

test.each([
  ['on', ['(deny network-outbound (remote unix-socket))'], ['(deny network*)']],
  [{ proxy: 8080, direct: '' }, ['(deny network*)', '(allow network-outbound (remote ip "localhost:8080"))'], []],
] as const)('the network of macOS: %p', (network, has, lacks) => {
  const lines = profileFor({ ...bounds, network }).split('\n')
  expect(lines).toEqual(expect.arrayContaining([...has]))
  for (const line of lacks) expect(lines).not.toContain(line)
})
