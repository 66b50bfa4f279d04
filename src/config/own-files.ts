import { realpathSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import type { Dirs } from './config.ts'

/**
 * What no tool may read or write, whatever the rules say: our directories, and the configuration file in force wherever it
 * lies, by the name it was given and the one it has on the disk, with the copies that editors leave beside either.
 */
export function ownFiles(dirs: Pick<Dirs, 'config' | 'state'>, transcript_path: string, file?: string): string[] {
  const names = file === undefined ? [] : [join(realOf(dirname(file)), basename(file)), realOf(file)]
  return [dirs.config, dirs.state, resolve(transcript_path), ...new Set(names.flatMap(withBackups))]
}

const BACKUPS = [
  ...['~', '.bak', '.orig', '.old', '.save', '.tmp', '.un~', '.bak~', '.rej', '.rpmsave', '.dpkg-old'].map(end => [
    '',
    end,
  ]),
  ...['.swp', '.swo', '.swn', '.un~'].map(end => ['.', end]),
  ...Array.from({ length: 20 }, (_, i) => ['', `.~${i + 1}~`]),
  ['#', '#'],
  ['.#', ''],
] as const

function withBackups(path: string): string[] {
  const [directory, name] = [dirname(path), basename(path)]
  return [path, ...BACKUPS.map(([before, after]) => join(directory, `${before}${name}${after}`))]
}

function realOf(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    return resolve(path) // not there: the name it will have
  }
}
