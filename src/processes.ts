import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'

/**
 * When a process started, in the words of its system; null when there is no such process. A pid alone is no identity: it
 * is used again, so whoever records one records this with it. Linux: clock ticks since boot (proc(5), field 22).
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

export type Living = { pid: number; parent: number; group: number; started: string }

/** Every process of this machine that is not a zombie; on Windows none are told of. */
export function livingProcesses(): Living[] {
  if (process.platform === 'win32') return []
  if (process.platform === 'linux')
    return readdirSync('/proc').flatMap(name => (/^\d+$/.test(name) ? (readStat(Number(name)) ?? []) : []))
  return ps('-axo', 'pid=,ppid=,pgid=,stat=,lstart=')
    .split('\n')
    .flatMap(line => {
      const [pid, parent, group, state, ...started] = line.trim().split(/\s+/)
      if (!pid || state?.startsWith('Z')) return []
      return [{ pid: Number(pid), parent: Number(parent), group: Number(group), started: started.join(' ') }]
    })
}

const ps = (...args: string[]): string => execFileSync('/bin/ps', args, { encoding: 'utf8', env: { LC_ALL: 'C' } })

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
