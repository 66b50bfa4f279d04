import { join, posix, win32 } from 'node:path'
import type { Dirs } from './config.ts'

export type Env = Readonly<Record<string, string | undefined>>

/**
 * Where our files live (the contract, "Start-up handshake" and "Configuration"): an absolute `$XDG_CONFIG_HOME` or
 * `$XDG_STATE_HOME` first (relative ones are to be ignored: XDG Base Directory Specification), then what the system does.
 */
export function dirsFrom(env: Env, platform: NodeJS.Platform, homedir: string): Dirs {
  const windows = platform === 'win32'
  const { isAbsolute, join } = windows ? win32 : posix
  const first = (...candidates: (string | undefined)[]) => candidates.find(path => path && isAbsolute(path))!
  const config = windows
    ? first(env.XDG_CONFIG_HOME, env.APPDATA, join(homedir, 'AppData', 'Roaming'))
    : first(env.XDG_CONFIG_HOME, join(homedir, '.config'))
  const state = windows
    ? first(env.XDG_STATE_HOME, env.LOCALAPPDATA, join(homedir, 'AppData', 'Local'))
    : first(env.XDG_STATE_HOME, join(homedir, '.local', 'state'))
  return { config: join(config, 'emacs-agent'), state: join(state, 'emacs-agent'), home: homedir }
}

/** What sessions keep to undo their changes, a directory each. */
export const undoDir = (state: string): string => join(state, 'undo')

/** Copies of projects in which delegated agents work; see `tools/git/worktrees.ts`. */
export const worktreesDir = (state: string): string => join(state, 'worktrees')

/** Where a backend records its children; see `children.ts`. */
export const childrenDir = (state: string): string => join(state, 'children')

/** Files of the sandbox: those that are mounted over closed files, and temporary directories. */
export const sandboxDir = (state: string): string => join(state, 'sandbox')
