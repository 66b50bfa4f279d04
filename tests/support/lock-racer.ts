import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { tryLock } from '../../src/base/lockfile.ts'

/**
 * One of several processes that want the same lock. A line on stdin names it: tries once and answers `won` or `lost`. What
 * it won it lets go of at `release`; `hammer PATH ROUNDS` takes and releases it that often, and tells of anybody beside it.
 */
const STALE = JSON.stringify({ pid: 2 ** 22 - 1, start_time: '1' })

let release: (() => void) | null = null
for await (const line of createInterface({ input: process.stdin })) {
  const [word, path = '', rounds] = line.split(' ')
  if (word === 'take') {
    release = tryLock(path)
    console.log(release ? 'won' : 'lost')
  }
  if (word === 'release') {
    release?.()
    console.log('released')
  }
  if (word === 'hammer') console.log(hammer(path, Number(rounds)))
}

function hammer(path: string, rounds: number): string {
  const inside = join(path, '..', 'inside')
  for (let round = 0; round < rounds; ) {
    const let_go = tryLock(path)
    if (!let_go) continue
    if (existsSync(inside)) return 'met another'
    writeFileSync(inside, String(process.pid), { flag: 'wx' })
    // Every third one dies with it, as far as the others can see: the next has to take over a stale lock.
    rmSync(inside)
    if (round++ % 3 === 0) writeFileSync(path, STALE)
    else let_go()
  }
  return 'alone'
}
