import { posix } from 'node:path'

/** A directory on another machine, as Emacs names it (TRAMP manual, "File name syntax"). */
export type RemoteName = {
  /** All before the path: `/ssh:user@host:`. */
  prefix: string
  /** The absolute path there, without `..`, and without a slash at its end. */
  path: string
  /** The machine for people, of several hops the last: `user@host`. */
  machine: string
}

const METHOD = '[A-Za-z0-9-]+'
const USER = '[^/|: \\t@]+'
const HOST = '(?:[A-Za-z0-9_.%-]+|\\[[0-9A-Fa-f:.]+(?:%[\\w.-]+)?\\])(?:#\\d{1,5})?'
const HOP = `${METHOD}:(?:${USER}@)?${HOST}`
const NAME = new RegExp(`^(/(?:${HOP}\\|)*${METHOD}:((?:${USER}@)?${HOST}):)(/.*)$`, 's')

/** Null for what is no whole remote name: a local path, or one that lacks its host or its path. */
export function readRemoteName(name: string): RemoteName | null {
  const [, prefix, machine, path] = NAME.exec(name) ?? []
  if (prefix === undefined || machine === undefined || path === undefined || path.includes('\0')) return null
  return { prefix, machine, path: posix.resolve(path) }
}

/** Begins as a remote name does, whole or not. */
export const looksRemote = (name: string): boolean => /^\/[A-Za-z0-9-]{2,}:/.test(name)

/** Why a client other than Emacs cannot open a project there. */
export const ONLY_EMACS =
  'a project on another machine is reached through Emacs. Open the conversation there, or run emacs-agent-backend on that machine.'
