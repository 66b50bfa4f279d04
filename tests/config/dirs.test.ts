import { expect, test } from 'bun:test'
import { dirsFrom } from '../../src/config/dirs.ts'

test.each([
  ['Linux', {}, 'linux', '/home/u', '/home/u/.config/emacs-agent', '/home/u/.local/state/emacs-agent'],
  ['macOS', {}, 'darwin', '/Users/u', '/Users/u/.config/emacs-agent', '/Users/u/.local/state/emacs-agent'],
  ['XDG', { XDG_CONFIG_HOME: '/c', XDG_STATE_HOME: '/s' }, 'linux', '/home/u', '/c/emacs-agent', '/s/emacs-agent'],
  [
    'relative or empty XDG',
    { XDG_CONFIG_HOME: 'c', XDG_STATE_HOME: '' },
    'linux',
    '/h',
    '/h/.config/emacs-agent',
    '/h/.local/state/emacs-agent',
  ],
  [
    'Windows',
    { APPDATA: 'C:\\U\\R', LOCALAPPDATA: 'C:\\U\\L' },
    'win32',
    'C:\\U',
    'C:\\U\\R\\emacs-agent',
    'C:\\U\\L\\emacs-agent',
  ],
  ['bare Windows', {}, 'win32', 'C:\\U', 'C:\\U\\AppData\\Roaming\\emacs-agent', 'C:\\U\\AppData\\Local\\emacs-agent'],
] as const)('%s', (_, env, platform, home, config, state) => {
  expect(dirsFrom(env, platform, home)).toEqual({ config, state, home })
})
