import { expect, test } from 'bun:test'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { startTimeOf } from '../../src/processes.ts'
import { acquireLock, isLocked } from '../../src/session/lock.ts'
import { tempDir } from '../support/temp.ts'

const fresh = () => join(tempDir(), 'session.lock')

test('names its owner, refuses a second taker, and is gone when released', () => {
  const path = fresh()
  const release = acquireLock(path)
  expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual({ pid: process.pid, start_time: startTimeOf(process.pid) })
  expect(isLocked(path)).toBe(true)
  expect(() => acquireLock(path)).toThrow('Another running backend')
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
  acquireLock(path)()
  expect(readdirSync(join(path, '..'))).toEqual([])
})
