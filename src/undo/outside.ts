import { realpathSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { isInside } from '../tools/paths.ts'
import { hasMark } from '../tools/permission/command/cursor.ts'
import { nameOf } from '../tools/permission/command/unwrap.ts'
import { parseLine, type SimpleCommand } from '../tools/permission/command.ts'
import { pathsNamed } from '../tools/permission/operands.ts'
import type { Effect, Roots } from '../tools/tool.ts'

/** Commands that change what their words name. */
const WRITERS = new Set(
  'chmod chown cp dd install ln mkdir mv rm rmdir rsync sed shred tar tee touch truncate unlink unzip'.split(' '),
)

/** Paths outside of what is watched that a line says it would write to: a hint, as a program may write anywhere. */
export function namedOutside({ command, cwd }: Effect, roots: Roots, home: string | undefined): string[] {
  if (command === undefined) return []
  const written = ({ words, redirects }: SimpleCommand): SimpleCommand => ({
    words: WRITERS.has(nameOf(words[0])) ? words : [],
    redirects: redirects.filter(({ operator }) => operator.includes('>')),
  })
  const { commands } = parseLine(command)
  const paths = commands
    .flatMap(each => pathsNamed(written(each), cwd ?? roots.project, home))
    .filter(path => !hasMark(path))
  const watched = [roots.project, ...roots.allowed]
  const isOutside = (path: string) => !path.startsWith('/dev/') && !watched.some(root => isInside(real(path), root))
  return [...new Set(paths.filter(isOutside))]
}

function real(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    return dirname(path) === path ? path : join(real(dirname(path)), basename(path)) // not there yet
  }
}
