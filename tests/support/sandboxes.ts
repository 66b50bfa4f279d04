import { spawnSync } from 'node:child_process'

/** Whether bubblewrap is here and may do its work. */
export const hasBubblewrap =
  process.platform === 'linux' &&
  spawnSync('bwrap', [
    '--unshare-user',
    '--unshare-net',
    '--unshare-pid',
    '--ro-bind',
    '/',
    '/',
    '--proc',
    '/proc',
    'true',
  ]).status === 0
