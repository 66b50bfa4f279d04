import { posix } from 'node:path'
import { isHidden, type Visited, type WalkOptions } from '../../search/walk.ts'
import { runScript } from './programs.ts'
import type { Reach } from './reach.ts'

/** The status where the directory cannot be entered: it has gone, or is not ours to read. */
const NOT_THERE = 3

/**
 * Names below a directory, each with a NUL behind it. In a work tree of git's, those that git does not ignore, from its index and
 * from the disk, then behind an empty name those that are gone; no hook or monitor of the repository runs. Else, and with `all`,
 * every name by find, with a letter for its kind.
 */
const NAMES = `cd -- "$1" || exit ${NOT_THERE}
git() { command git -c core.fsmonitor=false -c core.hooksPath=/dev/null -c core.quotePath=false --no-optional-locks "$@" 2>/dev/null; }
if [ "$2" != all ] && [ "$(git rev-parse --is-inside-work-tree)" = true ] && ! git check-ignore -q . ; then
printf 'git\\000'; git ls-files -z --cached --others --exclude-standard; printf '\\000'; git ls-files -z --deleted
else
printf 'find\\000'; find . $3 -name .git -prune -o -type d -exec printf 'd%s\\000' {} + -o -type f -exec printf 'f%s\\000' {} + -o -type l -exec printf 'l%s\\000' {} + 2>/dev/null
fi`

type Directory = { files: Set<string>; links: Set<string>; directories: Map<string, Directory> }
const newDirectory = (): Directory => ({ files: new Set(), links: new Set(), directories: new Map() })

/**
 * The directories below `start` in the order of a walk, listed in one go. What git tracks is never ignored; links that it does
 * not track count as files.
 */
export async function* walkThere(
  reach: Reach,
  start: string,
  options: WalkOptions,
  signal: AbortSignal,
): AsyncGenerator<Visited> {
  const { depth = Number.POSITIVE_INFINITY } = options
  const bound = Number.isFinite(depth) ? `-maxdepth ${depth + 1}` : ''
  const command = ['/bin/sh', '-c', NAMES, 'sh', start, options.ignored ? 'all' : 'git', bound]
  const { stdout, exit_code } = await runScript(reach, command, {}, signal)
  if (exit_code === NOT_THERE) return
  const stack = [{ path: start, directory: treeOf(stdout.toString().split('\0')), level: 0 }]
  for (let next = stack.pop(); next; next = stack.pop()) {
    const { path, directory, level } = next
    let hidden = 0
    const open = (names: Iterable<string>) =>
      [...names].sort().filter(name => {
        if (!isHidden(posix.join(path, name), options)) return true
        hidden++
        return false
      })
    const directories = open(directory.directories.keys())
    yield { path, files: open(directory.files), directories, links: open(directory.links), hidden, tracked: [] }
    if (level >= depth) continue
    for (const name of directories.toReversed())
      stack.push({ path: posix.join(path, name), directory: directory.directories.get(name)!, level: level + 1 })
  }
}

/** The last name may be cut: of too many, some are missing. */
function treeOf([by, ...names]: string[]): Directory {
  const top = newDirectory()
  const end = by === 'git' ? names.indexOf('') : -1
  const gone = new Set(end < 0 ? [] : names.slice(end))
  for (const name of end < 0 ? names.slice(0, -1) : names.slice(0, end)) {
    const kind = by === 'git' ? 'f' : name[0]
    const parts = (by === 'git' ? name : name.slice(1)).split('/').filter(part => part !== '' && part !== '.')
    const last = parts.at(-1)
    if (last === undefined || gone.has(name) || parts.includes('..')) continue
    const parent = parts.slice(0, -1).reduce(below, top)
    if (kind === 'd') below(parent, last)
    else (kind === 'l' ? parent.links : parent.files).add(last)
  }
  return top
}

function below(directory: Directory, name: string): Directory {
  const known = directory.directories.get(name) ?? newDirectory()
  directory.directories.set(name, known)
  return known
}
