import { spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'

/** Between asking a group to end and ending it. */
const GRACE_MS = 300
/** A process in an uninterruptible wait, or of another user, cannot be ended: nobody waits longer for it. */
const PATIENCE_MS = 3000
const POLL_MS = 15

/** In the environment of every child, with a value of its own: how descendants that left the group are found. */
export const MARK = 'AGENT_CHILD'

/**
 * Ends a process group: TERM, then KILL 300 ms later; resolves when all of it is gone. On Linux also its descendants that
 * made a group of their own and, given `mark` (`AGENT_CHILD=…`), those whose parents are gone. Zombies count as gone: not
 * every PID 1 reaps. On Windows, the process tree.
 */
export async function killGroup(pid: number, mark?: string): Promise<void> {
  if (process.platform === 'win32') return killTree(pid)
  const known = new Map<number, string>()
  const started = performance.now()
  let last: NodeJS.Signals | null = null
  for (;;) {
    const strays = findStrays(pid, known, mark)
    if (strays.length === 0 && !isGroupAlive(pid)) return
    const elapsed = performance.now() - started
    if (elapsed > PATIENCE_MS) return
    const signal = elapsed < GRACE_MS ? 'SIGTERM' : 'SIGKILL'
    // TERM is asked once, and of newcomers; KILL again and again, since the group may fork meanwhile.
    if (signal === 'SIGKILL' || last === null) send(-pid, signal)
    for (const stray of strays) if (signal === 'SIGKILL' || stray.isNew) send(stray.pid, signal)
    last = signal
    await delay(POLL_MS)
  }
}

/** Whether any process of the group still runs. */
export function isGroupAlive(pid: number): boolean {
  if (process.platform === 'win32' || !send(-pid, 0)) return false
  return process.platform !== 'linux' || processes().some(({ group }) => group === pid)
}

/** Outside the group, but of it; `known` remembers them, because their parents go first. */
function findStrays(pid: number, known: Map<number, string>, mark?: string): { pid: number; isNew: boolean }[] {
  if (process.platform !== 'linux') return []
  const all = processes()
  const family = new Set([pid])
  for (const one of all) {
    if (one.group === pid || known.get(one.pid) === one.started || (mark && hasMark(one.pid, mark))) family.add(one.pid)
  }
  for (let size = 0; size < family.size; ) {
    size = family.size
    for (const one of all) if (family.has(one.parent)) family.add(one.pid)
  }
  return all
    .filter(one => one.group !== pid && family.has(one.pid))
    .map(one => {
      const isNew = !known.has(one.pid)
      known.set(one.pid, one.started)
      return { pid: one.pid, isNew }
    })
}

type Process = { pid: number; parent: number; group: number; started: string }

/** Every process that is not a zombie, by `/proc/<pid>/stat` (proc(5): fields 3, 4, 5 and 22). */
function processes(): Process[] {
  const found: Process[] = []
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const stat = readOrEmpty(`/proc/${name}/stat`)
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    if (stat === '' || fields[0] === 'Z' || fields[0] === 'X') continue
    found.push({ pid: Number(name), parent: Number(fields[1]), group: Number(fields[2]), started: fields[19] ?? '' })
  }
  return found
}

const hasMark = (pid: number, mark: string): boolean => readOrEmpty(`/proc/${pid}/environ`).split('\0').includes(mark)

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return '' // it ended meanwhile, or belongs to somebody else
  }
}

/** False when there is nobody to send to. */
function send(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal)
  } catch (error) {
    // EPERM: there is somebody, of another user; on macOS it means zombies alone.
    return (error as NodeJS.ErrnoException).code === 'EPERM' && process.platform === 'linux'
  }
}

const killTree = (pid: number): Promise<void> =>
  new Promise(resolve => {
    const killer = spawn('C:\\Windows\\System32\\taskkill.exe', ['/PID', String(pid), '/T', '/F'], { stdio: 'ignore' })
    killer.once('close', () => resolve())
    killer.once('error', () => resolve())
  })
