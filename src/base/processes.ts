import { execFileSync, spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { isMarked, type Mark } from './marks.ts'

/**
 * When a process started, in the words of its system; null when there is no such process. A pid alone is no identity: it
 * is used again, so a record of a pid has this beside it. Linux: clock ticks since boot (proc(5), field 22).
 */
export function startTimeOf(pid: number): string | null {
  try {
    if (process.platform === 'linux') return readStat(pid)?.started ?? null
    if (process.platform === 'win32') return process.kill(pid, 0) ? 'unknown' : null
    return ps('-o', 'lstart=', '-p', String(pid)).trim() || null
  } catch {
    return null // no such process
  }
}

export const isSameProcess = (pid: number, startTime: string | null): boolean =>
  startTime !== null && startTimeOf(pid) === startTime

export type Living = {
  pid: number
  parent: number
  group: number
  started: string
  /** Its arguments and environment, where the list of processes has them. */
  environment?: string
}

/** Every process of this machine that is not a zombie, without the pids in `except`; empty on Windows. */
export function livingProcesses(except?: ReadonlySet<number>): Living[] {
  if (process.platform === 'win32') return []
  if (process.platform === 'linux') return pidsNow().flatMap(pid => (except?.has(pid) ? [] : (readStat(pid) ?? [])))
  // -E: with the environment, which macOS lists for processes that are not part of the system.
  const flags = process.platform === 'darwin' ? '-axEww' : '-axeww'
  return ps(flags, '-o', 'pid=,ppid=,pgid=,stat=,lstart=,command=')
    .split('\n')
    .flatMap(line => {
      const [pid, parent, group, state, ...rest] = line.trim().split(/\s+/)
      if (!pid || state?.startsWith('Z') || except?.has(Number(pid))) return []
      const [started, environment] = [rest.slice(0, 5).join(' '), rest.slice(5).join(' ')]
      return [{ pid: Number(pid), parent: Number(parent), group: Number(group), started, environment }]
    })
}

/** The pids in use, zombies among them: what looks at newcomers alone is quick. Known on Linux only. */
export const pidsNow = (): number[] =>
  process.platform === 'linux' ? readdirSync('/proc').flatMap(name => (/^\d+$/.test(name) ? Number(name) : [])) : []

const ps = (...args: string[]): string =>
  execFileSync('/bin/ps', args, { encoding: 'utf8', env: { LC_ALL: 'C' }, maxBuffer: 2 ** 28 })

/** `/proc/<pid>/stat`, proc(5): fields 3, 4, 5 and 22. A zombie is dead: in containers PID 1 may never reap it. */
function readStat(pid: number): Living | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    if (fields[0] === 'Z' || fields[0] === 'X') return null
    return { pid, parent: Number(fields[1]), group: Number(fields[2]), started: fields[19] ?? '' }
  } catch {
    return null // it ended while we looked
  }
}

/**
 * Processes that were started as leaders of process groups, and all that came of them: their groups, their descendants, and
 * all that carry the mark. A leader whose start time is not known any more counts as gone.
 */
export type ProcessTree = { leaders: readonly { pid: number; start_time: string | null }[]; mark: Mark | null }

/** A process in an uninterruptible wait cannot be ended: waiting longer is of no use. */
const PATIENCE_MS = 2700
/** `ps` takes a while where there is no `/proc`. */
const POLL_MS = process.platform === 'linux' ? 15 : 50

/**
 * Ends a process tree: TERM, then KILL `grace_ms` later; resolves when all of it is gone but what belongs to other users. Zombies
 * count as gone: not every PID 1 reaps. On Windows, the process trees, at once.
 */
export async function endProcessTree(tree: ProcessTree, grace_ms: number): Promise<void> {
  if (process.platform === 'win32') return void (await Promise.all(tree.leaders.map(({ pid }) => killTree(pid))))
  const known = new Map<number, string>()
  const foreign = new Set<number>()
  const began = performance.now()
  for (;;) {
    const members = membersOf(tree, livingProcesses(), known).filter(({ pid }) => !foreign.has(pid))
    const elapsed = performance.now() - began
    if (members.length === 0 || elapsed > grace_ms + PATIENCE_MS) return
    const isLate = elapsed >= grace_ms
    const signal = isLate ? 'SIGKILL' : 'SIGTERM'
    // TERM is asked once; KILL again and again, and of whole groups, since they may fork meanwhile.
    if (isLate)
      for (const { pid } of tree.leaders) if (members.some(({ group }) => group === pid)) send(-pid, 'SIGKILL')
    for (const { pid, started } of members) {
      if ((isLate || known.get(pid) !== started) && send(pid, signal) === 'foreign') foreign.add(pid)
      known.set(pid, started)
    }
    await delay(POLL_MS)
  }
}

/** Whether anything of it still runs; `except` are pids that cannot belong to it. */
export const isTreeAlive = (tree: ProcessTree, except?: ReadonlySet<number>): boolean =>
  membersOf(tree, livingProcesses(except)).length > 0

/** `known` are those seen before, by start time: their parents may have gone first. */
function membersOf({ leaders, mark }: ProcessTree, table: Living[], known?: ReadonlyMap<number, string>): Living[] {
  const all = table.filter(({ pid }) => pid !== process.pid)
  const startOf = new Map(all.map(({ pid, started }) => [pid, started]))
  // The number of a group that died out is used again: without its leader a group proves nothing where there are limits.
  const isOurs = (leader: ProcessTree['leaders'][number]) =>
    startOf.has(leader.pid) ? startOf.get(leader.pid) === leader.start_time : !mark?.limit
  const groups = new Set(leaders.filter(isOurs).map(({ pid }) => pid))
  const tree = new Set<number>()
  for (const { pid, group, started, environment } of all)
    if (groups.has(group) || known?.get(pid) === started || (mark && isMarked(pid, mark, environment))) tree.add(pid)
  // Parents have no order among pids: repeated until none is added.
  for (let size = -1; size < tree.size; ) {
    size = tree.size
    for (const { pid, parent } of all) if (tree.has(parent)) tree.add(pid)
  }
  return all.filter(({ pid }) => tree.has(pid))
}

/** Whether the process exists and may be signalled by us. */
function send(pid: number, signal: NodeJS.Signals): 'sent' | 'gone' | 'foreign' {
  try {
    process.kill(pid, signal)
    return 'sent'
  } catch (error) {
    // EPERM: of another user, such as what `sudo` started; on macOS also zombies.
    return (error as NodeJS.ErrnoException).code === 'EPERM' ? 'foreign' : 'gone'
  }
}

const killTree = (pid: number): Promise<void> =>
  new Promise(resolve => {
    const killer = spawn('C:\\Windows\\System32\\taskkill.exe', ['/PID', String(pid), '/T', '/F'], { stdio: 'ignore' })
    killer.once('close', () => resolve())
    killer.once('error', () => resolve())
  })
