import { afterAll, expect, test } from 'bun:test'
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { isLocked, tryLock, withLock } from '../../src/base/lockfile.ts'
import { startTimeOf } from '../../src/base/processes.ts'
import { tempDir } from '../support/temp.ts'

const fresh = () => join(tempDir(), 'session.lock')

test('names its owner, refuses a second taker, and is gone when released', () => {
  const path = fresh()
  const release = tryLock(path)!
  expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual({ pid: process.pid, start_time: startTimeOf(process.pid) })
  expect(isLocked(path)).toBe(true)
  expect(tryLock(path)).toBe(null)
  release()
  expect(existsSync(path)).toBe(false)
})

test.each([
  ['an owner that is gone', JSON.stringify({ pid: 2 ** 22 - 1, start_time: '1' })],
  ['a pid that was used again', JSON.stringify({ pid: process.pid, start_time: 'long ago' })],
  ['a half-written lock', '{"pid":'],
  ['an empty lock', ''],
])('%s is no lock', (_, text) => {
  const path = fresh()
  writeFileSync(path, text)
  expect(isLocked(path)).toBe(false)
  tryLock(path)!()
  expect(readdirSync(join(path, '..'))).toEqual([])
})

test.each([
  ['a directory', (path: string) => mkdirSync(join(path, 'something'), { recursive: true })],
  ['no ordinary file', (path: string) => Bun.spawnSync(['mkfifo', path])],
])('%s in its place is said, waited for by nobody and left alone', (what, make) => {
  const path = fresh()
  make(path)
  expect(isLocked(path)).toBe(false)
  expect(() => tryLock(path)).toThrow(`${path} is ${what}`)
  expect(readdirSync(join(path, '..'))).toEqual(['session.lock'])
})

test('work under a lock comes one after the other, and is not done when a holder keeps it', async () => {
  const path = fresh()
  const done: number[] = []
  await Promise.all(
    [1, 2, 3].map(n =>
      withLock(path, 60_000, async () => {
        const before = done.length
        await Bun.sleep(0)
        expect(done.length).toBe(before)
        done.push(n)
      }),
    ),
  )
  expect(done.sort()).toEqual([1, 2, 3])
  const release = tryLock(path)!
  expect(await withLock(path, 0, async () => void done.push(4))).toBe(false)
  release()
  expect(done.length).toBe(3)
})

const STALE = JSON.stringify({ pid: 2 ** 22 - 1, start_time: '1' })
const racers = Array.from({ length: 4 }, () => {
  const child = spawn(process.execPath, [join(import.meta.dir, '../support/lock-racer.ts')])
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return {
    child,
    async ask(line: string): Promise<string> {
      child.stdin.write(`${line}\n`)
      return (await lines.next()).value ?? 'ended'
    },
  }
})
afterAll(() => {
  for (const { child } of racers) child.stdin.end()
})
const all = (line: string) => Promise.all(racers.map(racer => racer.ask(line)))

test('of several processes that try at once, exactly one wins, over nothing and over a stale lock', async () => {
  const directory = tempDir()
  for (let round = 0; round < 300; round++) {
    const path = join(directory, `${round}.lock`)
    if (round % 3 > 0) writeFileSync(path, round % 3 === 1 ? STALE : '')
    // A taker-over that was killed on its way leaves a stale lock of its own.
    if (round % 6 > 3) writeFileSync(`${path}.stale`, STALE)
    expect((await all(`take ${path}`)).sort()).toEqual(['lost', 'lost', 'lost', 'won'])
    await all('release')
  }
  expect(readdirSync(directory)).toEqual([])
})

test('nobody is ever inside with another, however often it is taken, left behind and taken over', async () => {
  const path = fresh()
  expect(await all(`hammer ${path} 100`)).toEqual(['alone', 'alone', 'alone', 'alone'])
})
