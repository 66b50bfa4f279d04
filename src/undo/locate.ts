import { realpathSync, statSync } from 'node:fs'
import { dirname, isAbsolute, join } from 'node:path'
import { isConfined } from '../tools/paths.ts'
import type { Roots } from '../tools/tool.ts'

/** A link on the way to a path leads to another place than before. */
export class Diverted extends Error {
  override name = 'Diverted'
}

/** Where a path of an event is on the disk. Throws `Diverted`, or when the project is gone or the path not open to tools. */
export function locate(path: string, roots: Roots): string {
  if (!statSync(roots.project, { throwIfNoEntry: false })?.isDirectory())
    throw new Error(`the project is not at ${roots.project} any more: it was moved or deleted`)
  const absolute = isAbsolute(path) ? path : join(roots.project, path)
  if (!isConfined(absolute, roots)) throw new Error('it is outside of what is open to tools')
  const parent = existingParent(absolute)
  if (realpathSync(parent) !== parent) throw new Diverted('a link on the way leads to another place than before')
  return absolute
}

function existingParent(path: string): string {
  const parent = dirname(path)
  if (parent === path || statSync(parent, { throwIfNoEntry: false })) return parent
  return existingParent(parent)
}
