import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/**
 * When a process started, in the words of its system; null when there is no such process. A pid alone is no identity: it
 * is used again, so whoever records one records this with it. Linux: clock ticks since boot (proc(5), field 22).
 */
export function startTimeOf(pid: number): string | null {
  try {
    if (process.platform === 'linux') {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      return fields[0] === 'Z' || fields[0] === 'X' ? null : (fields[19] ?? null)
    }
    if (process.platform === 'win32') return process.kill(pid, 0) ? 'unknown' : null
    return execFileSync('/bin/ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim() || null
  } catch {
    return null // no such process
  }
}

export const isSameProcess = (pid: number, startTime: string | null): boolean =>
  startTime !== null && startTimeOf(pid) === startTime
