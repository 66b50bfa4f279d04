import { isInside } from '../paths.ts'

type Hold = { names: string[]; done: Promise<void> }

/** All holds of this process, the oldest first: sessions, delegated agents and parallel MCP calls share it. */
const holds: Hold[] = []

/**
 * Runs `act` while nobody else in this process acts on one of these real paths, nor on what lies below or above one. Who
 * came first goes first, and waits only for those before it: there is no way to wait for each other.
 */
export async function holding<T>(names: string[], act: () => Promise<T>): Promise<T> {
  const before = holds.filter(other => overlap(other.names, names)).map(other => other.done)
  const { promise: done, resolve } = Promise.withResolvers<void>()
  const mine: Hold = { names, done }
  holds.push(mine)
  try {
    await Promise.all(before)
    return await act()
  } finally {
    holds.splice(holds.indexOf(mine), 1)
    resolve()
  }
}

const overlap = (some: string[], others: string[]): boolean =>
  some.some(a => others.some(b => isInside(a, b) || isInside(b, a)))
