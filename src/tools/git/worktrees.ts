import { readdirSync, renameSync, writeFileSync } from 'node:fs'
import { rm, rmdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import * as v from 'valibot'
import { makePrivateDir, PRIVATE_FILE, readRegular } from '../../base/files.ts'
import { isSameProcess, startTimeOf } from '../../base/processes.ts'

/** The process that works in a worktree, and git's own directory for it: `.git/worktrees/NAME` of the user's repository. */
const Owner = v.object({ pid: v.number(), start_time: v.nullable(v.string()), admin: v.string() })
const FILE = /^(wt_[a-z0-9]+)\.json$/
/** A record that is being written, by whom: a kill may come before it has its name. */
const UNFINISHED = /^wt_[a-z0-9]+\.(\d+)\.tmp$/
const LARGEST = 64 * 1024

const recordOf = (directory: string, name: string): string => join(directory, `${name}.json`)

/** On the disk before anything else of the worktree is: a killed backend leaves nothing unrecorded. */
export async function recordWorktree(directory: string, name: string, admin: string): Promise<void> {
  await makePrivateDir(directory)
  const owner = { pid: process.pid, start_time: startTimeOf(process.pid), admin }
  const unfinished = join(directory, `${name}.${process.pid}.tmp`)
  writeFileSync(unfinished, JSON.stringify(owner), { mode: PRIVATE_FILE })
  renameSync(unfinished, recordOf(directory, name))
}

/**
 * Removes a worktree as `git worktree remove --force` does, without git: its files, what git knows of it (only where that
 * names this very worktree), its record. What is gone already is no error.
 */
export async function removeWorktree(directory: string, name: string): Promise<void> {
  const { admin } = v.parse(Owner, JSON.parse(String(await readRegular(recordOf(directory, name), LARGEST))))
  await rm(join(directory, name), { recursive: true, force: true, maxRetries: 3 })
  const points = await readRegular(join(admin, 'gitdir'), LARGEST).catch(() => null)
  if (points !== null && String(points).trim() === join(directory, name, '.git')) {
    await rm(admin, { recursive: true, force: true })
    await rmdir(dirname(admin)).catch(() => {}) // other worktrees are in use
  }
  await rm(recordOf(directory, name), { force: true })
}

/** Removes the worktrees of backends that are gone; resolves with how many there were. */
export async function sweepWorktrees(directory: string): Promise<number> {
  let count = 0
  const entries = entriesIn(directory)
  for (const entry of entries) {
    const [, pid] = UNFINISHED.exec(entry) ?? []
    if (pid !== undefined && startTimeOf(Number(pid)) === null) await rm(join(directory, entry), { force: true })
  }
  for (const name of entries.flatMap(entry => FILE.exec(entry)?.[1] ?? []))
    try {
      const owner = v.parse(Owner, JSON.parse(String(await readRegular(recordOf(directory, name), LARGEST))))
      if (isSameProcess(owner.pid, owner.start_time)) continue
      await removeWorktree(directory, name)
      count++
    } catch {
      // Another start removes it at the same time, or it cannot be removed now: the next start tries again.
    }
  return count
}

function entriesIn(directory: string): string[] {
  try {
    return readdirSync(directory)
  } catch {
    return [] // none was ever made
  }
}
