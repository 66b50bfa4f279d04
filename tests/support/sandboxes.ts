import { dlopen } from 'bun:ffi'
import { spawnSync } from 'node:child_process'
import { readdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { tempDir } from './temp.ts'

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

/** landlock_create_ruleset(2) with LANDLOCK_CREATE_RULESET_VERSION. */
export const hasLandlock = process.platform === 'linux' && landlockVersion() > 0

function landlockVersion(): number {
  try {
    const { symbols } = dlopen('libc.so.6', { syscall: { args: ['i64', 'i64', 'i64', 'i64'], returns: 'i32' } })
    return symbols.syscall(444, 0, 0, 1)
  } catch {
    return 0 // another C library
  }
}

/** A PATH of one directory that has what this one has, but for one program. */
export function pathWithout(name: string): string {
  const directory = tempDir()
  for (const folder of (process.env.PATH ?? '').split(':').filter(folder => folder.startsWith('/')))
    for (const program of namesIn(folder)) {
      if (program === name) continue
      try {
        symlinkSync(join(folder, program), join(directory, program))
      } catch {
        // An earlier folder has it.
      }
    }
  return directory
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return [] // not there
  }
}

/** Each sandbox of Linux: whether it is here, and the environment in which a backend uses it. */
export const SANDBOXES = [
  ['bubblewrap', hasBubblewrap, () => ({})],
  ['landlock', hasLandlock, () => ({ PATH: pathWithout('bwrap') })],
] as const
