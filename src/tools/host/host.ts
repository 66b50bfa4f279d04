import type { Dirent, Stats } from 'node:fs'
import type { Node } from '../search/regex.ts'
import type { Visited, WalkOptions } from '../search/walk.ts'
import type { Start } from '../shell/process.ts'
import type { Change, Roots } from '../tool.ts'

/**
 * The machine that a project is on: this one (`local`), or one that is reached through an editor (`remote`). Tools reach files
 * and programs through it alone, and all paths are absolute ones of that machine.
 */
export type Host = {
  /** For people; absent for this one. */
  machine?: string
  files: Files
  /** Starts a program. Throws TOOL_FAILED when it or its directory is not there. */
  start: Start
  /** The absolute path of a program outside of the project; null where there is none. */
  find(name: string, env: Record<string, string>, project: string): Promise<string | null>
  /** PATH for programs that nobody was asked about: nothing of the project's. Empty where it stays as the machine has it. */
  outside(env: Record<string, string>, project: string): Record<string, string>
  /** What `~` stands for; undefined where that is not known. */
  home(env: Record<string, string>): string | undefined
  /** Lists a tree in one go, in place of a walk from directory to directory. */
  walk?(start: string, options: WalkOptions): AsyncGenerator<Visited>
  /** Those of the files that may have a line which the pattern matches; null when it cannot tell. */
  narrow?(pattern: Node, files: readonly string[]): Promise<Set<string> | null>
}

/** What is at a path. */
export type Found = Pick<Stats, 'isFile' | 'isDirectory' | 'isSymbolicLink' | 'size' | 'mode'>
export type Entry = Pick<Dirent, 'name' | 'isFile' | 'isDirectory' | 'isSymbolicLink'>
/** The size of a file; the target of a link. */
export type Sight = { kind: 'file' | 'directory' | 'link' | 'other'; size: number; target: string | null }

/** Failures have the codes of node:fs (`ENOENT` …), or are AppErrors. */
export type Files = {
  /** As `locate` has it: every link is followed, but the last part with `link`. Of what does not exist, its parents' links. */
  real(path: string, options: { link?: boolean }): Promise<string>
  /** A path without links on it, as the disk spells its names. */
  spelled(path: string): Promise<string>
  /** Links are followed. */
  stat(path: string): Promise<Found>
  lstat(path: string): Promise<Found>
  /**
   * Many at once, links not followed; null for what is not there or not to be seen. With `sizes` those of
   * files are known, and the targets of links may not be.
   */
  sights(paths: readonly string[], options?: { sizes?: boolean }): Promise<(Sight | null)[]>
  entries(path: string): Promise<Entry[]>
  readlink(path: string): Promise<string>
  /** All bytes of a regular file. Throws EFBIG when there are more than `most`. */
  read(path: string, most?: number): Promise<Buffer>
  /** A regular file of this size, for reading from its start. */
  open(path: string, size: number): Promise<Opened>
  /** Regular files in their order: `too large` above `largest` bytes, null for one that cannot be read, or is no longer there. */
  readEach(paths: readonly (string | null)[]): AsyncGenerator<Uint8Array | 'too large' | null>
  largest: number
  /** Whether the file, or the target of the link, is still this; null: nothing is there. */
  holds(path: string, bytes: Uint8Array | null): Promise<boolean>
  /** Makes one change; `confirm` is called directly before, and throws unless the files are what they were. */
  commit(change: Change, confirm: () => Promise<void>): Promise<void>
  /** With its parents. False when it is there already. */
  makeDirectory(path: string): Promise<boolean>
  /** Removes a file or a link, an empty directory, or a directory with all in it. */
  remove(path: string, kind: 'file' | 'directory' | 'tree'): Promise<void>
  /** By name alone, for what is too large to hold. Parents of `to` are made. */
  move(from: string, to: string): Promise<void>
  copy(from: string, to: string): Promise<void>
  /** The names of the locks to hold while these files are changed. Two paths of one file share a name. */
  holdNames(paths: readonly string[]): string[]
}

export type Opened = {
  /** The first 8 KiB. */
  start(): Promise<Uint8Array>
  /** After `start`, or without it; once. */
  chunks(): AsyncIterable<Uint8Array>
  all(): Promise<Buffer>
  close(): Promise<void>
}

export type OnHost = Pick<Roots, 'host'>
