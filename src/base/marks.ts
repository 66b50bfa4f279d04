import { randomInt, randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import * as v from 'valibot'

/**
 * How a descendant is known after it left its process group, its session and its parents. Two marks are inherited: a
 * variable of the environment, which `env -i` clears, and, on Linux, a resource limit, which nothing clears. The limit is
 * that of POSIX message queues (RLIMIT_MSGQUEUE, getrlimit(2)): any process may lower it, and hardly any program is affected by it.
 */
export const Mark = v.object({
  /** Of one start: that of its backend, a dot and a number. */
  name: v.string(),
  /** The limit, where there is one: hard, and soft from lowest to highest. */
  limit: v.nullable(v.object({ hard: v.number(), lowest: v.number(), highest: v.number() })),
})
export type Mark = v.InferOutput<typeof Mark>

const VARIABLE = 'AGENT_CHILD'
const RLIMIT_MSGQUEUE = 12
/** Starts that can be told apart by the soft limit. */
const STARTS = 4096
const SOFT_BLOCKS = 64
/** The most that our hard limit is below the one we were started with: small, since it cannot be raised for those inside us. */
const HARD_STEPS = 2 ** 12

/** Marks for the children of one backend. */
export type Marker = {
  /** Carried by all of them. */
  all: Mark
  next(): Mark
}

/** The environment with the mark; a backend that runs inside another adds its own. */
export const marked = (env: Record<string, string>, { name }: Mark): Record<string, string> => ({
  ...env,
  [VARIABLE]: env[VARIABLE] ? `${env[VARIABLE]}:${name}` : name,
})

/** Children that are started before the next mark is applied inherit the limit: the caller starts its own at once. */
export function applyMark({ limit }: Mark): void {
  if (limit && limiter) limiter.set(limit.lowest, limit.hard)
}

export async function createMarker(): Promise<Marker> {
  limiter ??= await openLimiter()
  const name = randomUUID()
  const hard = limiter?.hard
  const lowest = STARTS * randomInt(SOFT_BLOCKS)
  let count = 0
  return {
    all: { name, limit: hard === undefined ? null : { hard, lowest, highest: lowest + STARTS - 1 } },
    next() {
      const soft = lowest + (count++ % STARTS)
      return { name: `${name}.${count}`, limit: hard === undefined ? null : { hard, lowest: soft, highest: soft } }
    },
  }
}

/** `environment` where the process table has it. A process that carries another mark is not found by its limit. */
export function isMarked(pid: number, mark: Mark, environment?: string): boolean {
  const names = namesIn(environment ?? readOrEmpty(`/proc/${pid}/environ`))
  if (names.length > 0) return names.some(name => name === mark.name || name.startsWith(`${mark.name}.`))
  if (!mark.limit || process.platform !== 'linux') return false
  const [, soft, hard] = /^Max msgqueue size +(\d+) +(\d+)/m.exec(readOrEmpty(`/proc/${pid}/limits`)) ?? []
  return Number(hard) === mark.limit.hard && Number(soft) >= mark.limit.lowest && Number(soft) <= mark.limit.highest
}

const namesIn = (environment: string): string[] =>
  new RegExp(`(?:^|[\\0 ])${VARIABLE}=([^\\0 ]*)`).exec(environment)?.[1]?.split(':') ?? []

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return '' // it ended meanwhile, belongs to somebody else, or there is no /proc
  }
}

type Limiter = { hard: number; set(soft: number, hard: number): void }
/** Limits belong to the process: all markers of a process share one hard limit. */
let limiter: Limiter | null = null

/** Null where limits cannot be set: not Linux, not Bun, or a hard limit that is too low to be distinguished from others. */
async function openLimiter(): Promise<Limiter | null> {
  if (process.platform !== 'linux' || !process.versions.bun) return null
  try {
    const { dlopen, ptr } = await import('bun:ffi')
    const symbols = {
      getrlimit: { args: ['i32', 'ptr'], returns: 'i32' },
      setrlimit: { args: ['i32', 'ptr'], returns: 'i32' },
    } as const
    const libraries = ['libc.so.6', `libc.musl-${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}.so.1`]
    const libc = libraries.map(name => attempt(() => dlopen(name, symbols).symbols)).find(found => found !== null)
    const values = new BigUint64Array(2)
    if (libc?.getrlimit(RLIMIT_MSGQUEUE, ptr(values)) !== 0) return null
    const hard = Number(values[1]) - randomInt(1, HARD_STEPS)
    if (!(hard > STARTS * SOFT_BLOCKS && hard < Number.MAX_SAFE_INTEGER)) return null
    const set = (soft: number, hard: number) => {
      values.set([BigInt(soft), BigInt(hard)])
      libc.setrlimit(RLIMIT_MSGQUEUE, ptr(values))
    }
    return { hard, set }
  } catch {
    return null // no FFI in this build: the variable alone has to do
  }
}

function attempt<T>(open: () => T): T | null {
  try {
    return open()
  } catch {
    return null // the other C library
  }
}
