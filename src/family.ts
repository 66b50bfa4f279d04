import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { livingProcesses } from './processes.ts'

/**
 * A child with all it starts. Whoever starts one makes it the leader of a process group and marks its environment: on Linux
 * that finds even a daemon that left the group and lost its parents.
 */

/** A process in an uninterruptible wait, or of another user, cannot be ended: nobody waits longer for it. */
const PATIENCE_MS = 2700
/** `ps` takes a while where there is no `/proc`. */
const POLL_MS = process.platform === 'linux' ? 15 : 50

const MARK = 'AGENT_CHILD'

/** Unique to one start. */
export const newMark = (): string => randomUUID()
export const marked = (env: Record<string, string>, mark: string): Record<string, string> => ({ ...env, [MARK]: mark })

/**
 * Ends a family: TERM, then KILL `grace_ms` later; resolves when all of it is gone. That is the process group of `leader`
 * (null: it is gone, and its number may be somebody else's), its descendants wherever they went, and whoever carries `mark`.
 * Zombies count as gone: not every PID 1 reaps. On Windows, the process tree, at once.
 */
export async function endFamily(leader: number | null, grace_ms: number, mark?: string): Promise<void> {
  if (process.platform === 'win32') return leader === null ? undefined : killTree(leader)
  const known = new Map<number, string>()
  const started = performance.now()
  for (let isFirst = true; ; isFirst = false) {
    const members = findMembers(leader, mark, known)
    const elapsed = performance.now() - started
    if (members.length === 0 || elapsed > grace_ms + PATIENCE_MS) return
    const isLate = elapsed >= grace_ms
    const signal = isLate ? 'SIGKILL' : 'SIGTERM'
    // TERM is asked once, and of newcomers; KILL again and again, since the group may fork meanwhile.
    if (leader !== null && (isLate || isFirst)) send(-leader, signal)
    for (const member of members) if (member.group !== leader && (isLate || member.isNew)) send(member.pid, signal)
    await delay(POLL_MS)
  }
}

/** Whether any process of the group still runs. */
export function isGroupAlive(leader: number): boolean {
  if (process.platform === 'win32' || !send(-leader, 0)) return false
  return process.platform !== 'linux' || livingProcesses().some(({ group }) => group === leader)
}

/** `known` remembers by start time whom we have seen, because their parents go first. */
function findMembers(leader: number | null, mark: string | undefined, known: Map<number, string>) {
  const all = livingProcesses().filter(({ pid }) => pid !== process.pid)
  const family = new Set(leader === null ? [] : [leader])
  for (const { pid, group, started } of all)
    if (group === leader || known.get(pid) === started || (mark && hasMark(pid, mark))) family.add(pid)
  // Parents have no order among pids: round and round until nobody is new.
  for (let size = 0; size < family.size; ) {
    size = family.size
    for (const { pid, parent } of all) if (family.has(parent)) family.add(pid)
  }
  return all
    .filter(({ pid }) => family.has(pid))
    .map(member => {
      const isNew = !known.has(member.pid)
      known.set(member.pid, member.started)
      return { ...member, isNew }
    })
}

function hasMark(pid: number, mark: string): boolean {
  if (process.platform !== 'linux') return false
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0').includes(`${MARK}=${mark}`)
  } catch {
    return false // it ended meanwhile, or belongs to somebody else
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
