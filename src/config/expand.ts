import { resolve } from 'node:path'
import type { Env } from './dirs.ts'

/** What values of a file are expanded with. `base` is where its relative paths begin. */
export type ExpandContext = { env: Env; home: string; base: string }

/**
 * Replaces each `${NAME}`, `${env:NAME}` and `${NAME:-default}`. Names that are not set (or empty) become nothing and are listed in `unset`, so that only using
 * the entry fails, not starting. Our own variables are never expanded: the token must not reach an entry.
 */
export function expandVariables(text: string, env: Env, unset: Set<string>, taken?: Map<string, string>): string {
  return text.replace(
    /\$\{(?:env:)?([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}/g,
    (_, name: string, otherwise?: string) => {
      const found = /^EMACS_AGENT_/i.test(name) ? undefined : env[name]
      if (found) taken?.set(name, found)
      const value = found || otherwise
      if (value === undefined || (value === '' && otherwise === undefined)) unset.add(name)
      return value ?? ''
    },
  )
}

/** `~` and `~/…`. Other people's (`~bob`) stay as they are. */
export const expandHome = (path: string, home: string): string =>
  path === '~' ? home : /^~[/\\]/.test(path) ? home + path.slice(1) : path

/** An absolute path from one that may begin with `~`, hold variables or be relative to the file. */
export const expandPath = (path: string, { env, home, base }: ExpandContext, unset: Set<string>): string =>
  resolve(base, expandHome(expandVariables(path, env, unset), home))
