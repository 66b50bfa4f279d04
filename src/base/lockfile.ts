import { constants, copyFileSync, linkSync, lstatSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import * as v from 'valibot'
import { AppError, codeOf } from './errors.ts'
import { PRIVATE_FILE, readRegularSync } from './files.ts'
import { newId } from './ids.ts'
import { isSameProcess, startTimeOf } from './processes.ts'

/** Who holds something on disk. A pid alone is no identity: it is used again. */
const Owner = v.object({ pid: v.number(), start_time: v.nullable(v.string()) })
type Owner = v.InferOutput<typeof Owner>

const thisProcess = (): Owner => ({ pid: process.pid, start_time: startTimeOf(process.pid) })
const isAlive = ({ pid, start_time }: Owner): boolean => isSameProcess(pid, start_time)

/** Whether a living process holds the lock file; one whose owner is gone, or that nobody can read, is free. */
export function isLocked(path: string): boolean {
  try {
    return lookAt(path) === 'held'
  } catch {
    return false // no lock of ours: taking it reports that
  }
}

/**
 * Takes the lock file `path` for this process and returns how to release it; null while a living process holds it, this one
 * included. Throws what the file system says, and INTERNAL for something at `path` that is no file.
 *
 * The lock appears with its content (written aside, then linked), so no reader sees one without an owner. A stale one is
 * replaced in one step, and only by the process that holds the lock beside it: between the look and the rename no other can
 * have taken it over. Of several that try at once, exactly one wins, whichever of them is killed on the way.
 */
export function tryLock(path: string): (() => void) | null {
  const aside = `${path}.${newId('job').slice(4)}`
  writeFileSync(aside, JSON.stringify(thisProcess()), { flag: 'wx', mode: PRIVATE_FILE })
  try {
    return take(path, aside) ? () => rmSync(path, { force: true }) : null
  } finally {
    rmSync(aside, { force: true })
  }
}

function take(path: string, aside: string): boolean {
  for (;;) {
    if (appear(aside, path)) return true
    if (lookAt(path) === 'held') return false
    const release = tryLock(`${path}.stale`)
    if (!release) return false // somebody else is taking it over
    try {
      // Only from here on does a stale one stay as it is; before, another may have taken it over, or let go of it again.
      const now = lookAt(path)
      if (now === 'held') return false
      if (now === 'stale') {
        renameSync(aside, path)
        return true
      }
    } finally {
      release()
    }
  }
}

/** What file systems without links say to one; Android says EACCES. */
const NO_LINKS = ['EPERM', 'EACCES', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS']

/** False when there is a lock already: neither way replaces anything. Without links its content comes a moment later. */
function appear(aside: string, path: string): boolean {
  try {
    linkSync(aside, path)
    return true
  } catch (error) {
    const code = codeOf(error)
    if (code === 'EEXIST') return false
    if (!NO_LINKS.includes(code)) throw error
  }
  try {
    copyFileSync(aside, path, constants.COPYFILE_EXCL)
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    throw error
  }
}

const PAUSE_MS = 15

/** Runs `work` while holding the lock file, waiting at most so long for others. False when one of them did not let go. */
export async function withLock(path: string, patience_ms: number, work: () => Promise<void>): Promise<boolean> {
  const end = performance.now() + patience_ms
  let release = tryLock(path)
  while (!release) {
    if (performance.now() > end) return false
    await delay(PAUSE_MS)
    release = tryLock(path)
  }
  try {
    await work()
    return true
  } finally {
    release()
  }
}

/** Only files are opened: opening a FIFO would block without end. */
function lookAt(path: string): 'absent' | 'stale' | 'held' {
  try {
    const file = lstatSync(path)
    if (!file.isFile()) throw inTheWay(path, file.isDirectory() ? 'a directory' : 'no ordinary file')
    const owner = v.safeParse(v.pipe(v.string(), v.parseJson(), Owner), String(readRegularSync(path)))
    return owner.success && isAlive(owner.output) ? 'held' : 'stale'
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return 'absent'
    throw error
  }
}

const inTheWay = (path: string, what: string) =>
  new AppError('INTERNAL', `${path} is ${what}; a lock file belongs there. Move it away, then try again.`)
