import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import * as v from 'valibot'
import { PRIVATE_DIR, PRIVATE_FILE, readRegularSync } from './files.ts'
import { applyMark, createMarker, Mark, type Marker, marked } from './marks.ts'
import { endProcessTree, isSameProcess, isTreeAlive, type ProcessTree, pidsNow, startTimeOf } from './processes.ts'

/**
 * The children of this backend (commands, jobs, git, MCP servers), marked, and on disk while they live: should it die
 * without a word (SIGKILL, power), a watcher ends them at once, or the next start does. One file per backend, named by its pid.
 */
export type Children = {
  /** Starts a program as the leader of a process group. Rejects with the system's error when it cannot be started. */
  start(program: string, args: string[], options: StartOptions): Promise<Started>
  /** Ends what backends that are gone left running, once; resolves with how many of their children were recorded. */
  sweep(): Promise<number>
  /** Ends whatever still runs; nothing starts any more. */
  close(): Promise<void>
}

export type StartOptions = Omit<SpawnOptions, 'env' | 'detached'> & {
  env: Record<string, string>
  /** `spawn`, or another that starts in its place. */
  launch?: typeof spawn
}

export type Started = {
  process: ChildProcess
  pid: number
  /** Of the leader itself. */
  exited: Promise<{ exit_code: number | null; signal: NodeJS.Signals | null }>
  /** Its outputs have ended, too. */
  closed: Promise<true>
  /** Whether it or anything it started still runs, wherever that went. Once nothing does, it is no longer recorded. */
  isAlive(): boolean
  /** TERM, then KILL `grace_ms` later, for all of them; resolves when none lives. */
  end(grace_ms: number): Promise<void>
}

const Leader = v.object({ pid: v.number(), start_time: v.nullable(v.string()) })
const Listing = v.object({ ...Leader.entries, mark: Mark, children: v.array(Leader) })
type Listing = v.InferOutput<typeof Listing>
const FILE = /^(\d+)\.json$/
const GRACE_MS = 1000
/** So long after a start its processes cannot have a pid that was in use before: pids go round. */
const ROUND_MS = 60_000

/**
 * `directory` is made when the first child comes. `sweeper` is the command that runs `sweepOrphans` on the directory and
 * the pid that follow as arguments; without one, what a killed backend leaves is ended at the next start.
 */
export function createChildren(directory: string, sweeper?: readonly string[]): Children {
  const path = join(directory, `${process.pid}.json`)
  const owner = { pid: process.pid, start_time: startTimeOf(process.pid) }
  const living = new Map<Started, v.InferOutput<typeof Leader>>()
  let preparing: Promise<Marker> | undefined
  let sweeping: Promise<number> | undefined
  let dismiss: () => Promise<void> = async () => {}
  let closed = false

  async function prepare(): Promise<Marker> {
    // Before any limit is set: the watcher is none of those it looks for.
    if (sweeper) dismiss = startWatcher([...sweeper, directory, String(process.pid)])
    const marker = await createMarker()
    record(marker)
    return marker
  }

  /** Written synchronously, before the first start and with each: no child runs unrecorded. */
  function record({ all }: Marker) {
    try {
      mkdirSync(directory, { recursive: true, mode: PRIVATE_DIR })
      const listing: Listing = { ...owner, mark: all, children: [...living.values()] }
      writeFileSync(`${path}.tmp`, JSON.stringify(listing), { mode: PRIVATE_FILE })
      renameSync(`${path}.tmp`, path)
    } catch {
      // A full disk must not stop commands: they may be needed to make room.
    }
  }

  const sweep = () => (sweeping ??= sweepOrphans(directory))

  async function start(program: string, args: string[], { launch = spawn, ...options }: StartOptions) {
    const marker = await (preparing ??= prepare())
    void sweep()
    if (closed) throw new Error('the backend is shutting down')
    const mark = marker.next()
    const before = new Set(pidsNow())
    const began = performance.now()
    applyMark(mark)
    const child = launch(program, args, {
      ...options,
      env: marked(options.env, mark),
      // A group of its own, so that a signal reaches wrappers and what they started.
      detached: process.platform !== 'win32',
      windowsHide: true,
    })
    const exited = new Promise<Awaited<Started['exited']>>(resolve =>
      child.once('exit', (exit_code, signal) => resolve({ exit_code, signal })),
    )
    const closing = new Promise<true>(resolve => child.once('close', () => resolve(true)))
    const spawned = new Promise((resolve, reject) => child.once('spawn', resolve).once('error', reject))
    child.on('error', () => {}) // a failed signal: ending checks for itself what is left
    const pid = child.pid!
    const leader = { pid, start_time: pid === undefined ? null : startTimeOf(pid) }
    const tree: ProcessTree = { leaders: [leader], mark }
    let gone = false
    const forget = () => {
      gone = true
      if (living.delete(started) && !closed) record(marker)
    }
    const started: Started = {
      process: child,
      pid,
      exited,
      closed: closing,
      isAlive() {
        const isFresh = performance.now() - began < ROUND_MS
        // A process that starts another program at that moment can be missed: two looks decide, for what is forgotten stays so.
        const isGone = () => !isTreeAlive(tree, isFresh ? before : undefined)
        if (!gone && isGone() && isGone()) forget()
        return !gone
      },
      async end(grace_ms) {
        if (!gone) await endProcessTree(tree, grace_ms) // what is gone may have left its number to others
        forget()
      },
    }
    if (pid !== undefined) {
      living.set(started, leader)
      record(marker)
    }
    await spawned
    return started
  }

  return {
    start,
    sweep,
    async close() {
      closed = true
      await sweeping
      await Promise.all([...living.keys()].map(child => child.end(GRACE_MS)))
      if (!(await preparing)) return
      rmSync(path, { force: true })
      await dismiss()
    },
  }
}

/**
 * A shell that waits on a pipe for a line; the end of the pipe without one is the end of this backend, whatever ended it, and
 * then it becomes the sweeper. Returns what sends the line.
 */
function startWatcher(sweeper: string[]): () => Promise<void> {
  if (process.platform === 'win32') return async () => {}
  const script = 'trap "" HUP INT TERM; read -r _ || exec "$0" "$@"'
  const watcher = spawn('/bin/sh', ['-c', script, ...sweeper], {
    cwd: '/',
    env: {},
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  })
  watcher.on('error', () => {}) // the next start has to do
  watcher.stdin.on('error', () => {})
  watcher.unref()
  ;(watcher.stdin as { unref?(): void }).unref?.()
  // Awaited: an exit that is quicker than the pipe would look like a death.
  return () => new Promise(resolve => watcher.stdin.once('error', () => resolve()).end('done\n', () => resolve()))
}

/** A pipe ends a little before its process does. */
const LEAVING_MS = 4000

/**
 * Ends what backends that are gone left running; resolves with how many children they had recorded. `leaving` is the pid of
 * a backend that is about to be gone.
 */
export async function sweepOrphans(directory: string, leaving?: number, grace_ms = GRACE_MS): Promise<number> {
  const counts = await Promise.all(
    filesIn(directory).map(async name => {
      const path = join(directory, name)
      const listing = readListing(path)
      const isThere = () => listing !== null && isSameProcess(listing.pid, listing.start_time)
      for (let waited = 0; listing?.pid === leaving && isThere() && waited < LEAVING_MS; waited += 20) await delay(20)
      if (isThere()) return 0
      // A pid that somebody else has now is no leader any more, but the mark still finds what it left.
      if (listing) await endProcessTree({ leaders: listing.children, mark: listing.mark }, grace_ms)
      rmSync(path, { force: true })
      return listing?.children.length ?? 0
    }),
  )
  return counts.reduce((sum, count) => sum + count, 0)
}

function filesIn(directory: string): string[] {
  try {
    const entries = readdirSync(directory, { withFileTypes: true })
    return entries.flatMap(entry => (entry.isFile() && FILE.test(entry.name) ? entry.name : []))
  } catch {
    return [] // nothing was ever started
  }
}

function readListing(path: string): Listing | null {
  try {
    return v.parse(Listing, JSON.parse(String(readRegularSync(path))))
  } catch {
    return null // not ours, or damaged: its children cannot be named
  }
}
