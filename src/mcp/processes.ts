import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { startTimeOf } from '../processes.ts'

/** One living (not zombie) process of this machine. */
type Row = { pid: number; parent: number; group: number }

/**
 * Every living process that belongs to the server started as `leader`: its process group, its descendants, and, on Linux,
 * whoever still carries its mark in the start-up environment, which finds a daemon that called `setsid` and lost its parent.
 */
export function familyOf(leader: number, mark: string): number[] {
  if (process.platform === 'win32') return startTimeOf(leader) === null ? [] : [leader]
  const rows = processTable()
  const family = new Set<number>()
  const parents = new Set([leader])
  // Parents have no order among pids, so go round until nobody is new.
  for (let size = -1; size !== family.size; ) {
    size = family.size
    for (const row of rows) {
      if (row.pid === leader || row.group === leader || parents.has(row.parent)) {
        family.add(row.pid)
        parents.add(row.pid)
      }
    }
  }
  for (const row of rows) if (!family.has(row.pid) && isMarked(row.pid, mark)) family.add(row.pid)
  family.delete(process.pid)
  return [...family]
}

/** Sends `signal` to the group and to each member outside it. Who is gone already needs none. */
export function signalFamily(leader: number, members: number[], signal: NodeJS.Signals): void {
  if (process.platform === 'win32') {
    killTree(leader)
    return
  }
  for (const target of [-leader, ...members]) {
    try {
      process.kill(target, signal)
    } catch {
      // gone already, or a group without members
    }
  }
}

/** Windows knows no signals and no groups. */
function killTree(leader: number): void {
  try {
    execFileSync('taskkill', ['/pid', String(leader), '/T', '/F'], { stdio: 'ignore' })
  } catch {
    // gone already
  }
}

function processTable(): Row[] {
  if (process.platform === 'linux') return linuxTable()
  const listing = execFileSync('/bin/ps', ['-axo', 'pid=,ppid=,pgid=,stat='], { encoding: 'utf8' })
  return listing.split('\n').flatMap(line => {
    const [pid, parent, group, state] = line.trim().split(/\s+/)
    return pid && !state?.startsWith('Z') ? [{ pid: Number(pid), parent: Number(parent), group: Number(group) }] : []
  })
}

function linuxTable(): Row[] {
  return readdirSync('/proc').flatMap(name => {
    if (!/^\d+$/.test(name)) return []
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8')
      const [state, parent, group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      // A zombie is dead: in containers PID 1 may never reap it.
      return state === 'Z' || state === 'X' ? [] : [{ pid: Number(name), parent: Number(parent), group: Number(group) }]
    } catch {
      return [] // ended while we looked
    }
  })
}

function isMarked(pid: number, mark: string): boolean {
  if (process.platform !== 'linux') return false
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1').includes(mark)
  } catch {
    return false // another user's, or ended
  }
}
