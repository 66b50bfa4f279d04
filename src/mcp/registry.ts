import { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as v from 'valibot'
import { endFamily } from '../family.ts'
import { PRIVATE_DIR, PRIVATE_FILE, readRegularSync } from '../files.ts'
import { isSameProcess, startTimeOf } from '../processes.ts'

/**
 * The children of this backend, on disk: should it die without a word (SIGKILL, power), the next start ends those that
 * ignore the end of their stdin. One file per backend, named by its pid.
 */
export type Registry = { add(child: { pid: number; mark: string }): void; remove(pid: number): void; close(): void }

const Entry = v.object({ pid: v.number(), start_time: v.nullable(v.string()), mark: v.string() })
const Listing = v.object({ pid: v.number(), start_time: v.nullable(v.string()), children: v.array(Entry) })
const FILE = /^children-\d+\.json$/

/** `directory` is made when the first child comes. Written synchronously: no child runs unrecorded. */
export function createRegistry(directory: string): Registry {
  const path = join(directory, `children-${process.pid}.json`)
  const owner = { pid: process.pid, start_time: startTimeOf(process.pid) }
  const children = new Map<number, v.InferOutput<typeof Entry>>()
  const write = () => {
    if (children.size === 0) return rmSync(path, { force: true })
    mkdirSync(directory, { recursive: true, mode: PRIVATE_DIR })
    writeFileSync(`${path}.tmp`, JSON.stringify({ ...owner, children: [...children.values()] }), { mode: PRIVATE_FILE })
    renameSync(`${path}.tmp`, path)
  }
  return {
    add(child) {
      children.set(child.pid, { pid: child.pid, start_time: startTimeOf(child.pid), mark: child.mark })
      write()
    },
    remove(pid) {
      if (children.delete(pid)) write()
    },
    close() {
      children.clear()
      write()
    },
  }
}

const GRACE_MS = 1000

/** Ends what backends that are gone left running in `directory`; returns how many servers that were. */
export async function sweepOrphans(directory: string, grace_ms = GRACE_MS): Promise<number> {
  let swept = 0
  for (const name of listFiles(directory)) {
    const path = join(directory, name)
    const listing = readListing(path)
    if (listing && isSameProcess(listing.pid, listing.start_time)) continue
    const children = listing?.children ?? []
    await Promise.all(
      children.map(child =>
        // A pid that somebody else has now is no leader any more, but the mark still finds what it left.
        endFamily(isSameProcess(child.pid, child.start_time) ? child.pid : null, grace_ms, child.mark),
      ),
    )
    swept += children.length
    rmSync(path, { force: true })
  }
  return swept
}

function listFiles(directory: string): string[] {
  try {
    return readdirSync(directory).filter(name => FILE.test(name))
  } catch {
    return [] // nothing was ever started
  }
}

function readListing(path: string): v.InferOutput<typeof Listing> | null {
  try {
    return v.parse(Listing, JSON.parse(String(readRegularSync(path))))
  } catch {
    return null // half written by a backend that died right then: its children cannot be named
  }
}
