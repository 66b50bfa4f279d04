import { describe, expect, test } from 'bun:test'
import { appendFileSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Storable } from '../../src/event.ts'
import { readEvents } from '../../src/session/lines.ts'
import { createLog, memoryLog, openLog } from '../../src/session/log.ts'
import { tempDir } from '../support/temp.ts'

const created: Storable = {
  type: 'session.created',
  format: 1,
  session_id: '0',
  project_path: '/p',
  title: '',
  model: 'offline/guide',
  agent: 'build',
  config: { auto_approve_readonly: true, auto_approve_tools: [], save_transcript: true },
}
const at = '2026-11-23T20:27:00.000Z'
const dropped = (text: string): Storable => ({ type: 'prompt.dropped', turn_id: 't', text })
const fresh = () => join(tempDir(), 'day', 'session.jsonl')
const types = (events: readonly { type: string }[]) => events.map(event => event.type).join(' ')

describe('a log', () => {
  test('numbers events from 1, in memory and on disk alike', async () => {
    for (const log of [memoryLog(), await createLog(fresh())]) {
      expect([log.append(created).id, log.append(dropped('é\n😀')).id]).toEqual([1, 2])
      expect(types(log.events)).toBe('session.created prompt.dropped')
    }
  })

  test('one that was deleted is no session any more', async () => {
    await expect(openLog(fresh())).rejects.toMatchObject({ code: 'SESSION_NOT_FOUND' })
  })

  test('reads back what was written, and goes on with the next id', async () => {
    const path = fresh()
    const log = await createLog(path)
    log.append(created)
    log.append(dropped('one'))
    await log.sync()
    log.close()
    const again = await openLog(path)
    expect(again.bad_lines).toEqual([])
    expect(again.log.events).toEqual(log.events)
    expect(again.log.append(dropped('two')).id).toBe(3)
  })

  test('is for its owner only', async () => {
    const path = fresh()
    await createLog(path)
    expect(statSync(path).mode & 0o777).toBe(0o600)
  })

  test('is never overwritten by another session of the same name', async () => {
    const path = fresh()
    await createLog(path)
    expect(createLog(path)).rejects.toThrow('EEXIST')
  })
})

describe('a torn tail', () => {
  const whole = `${JSON.stringify({ id: 1, at, ...created })}\n`
  const last = JSON.stringify({ id: 2, at, ...dropped('é😀') })

  test('at every byte: intact events survive, and the next append stands on a line of its own', async () => {
    const bytes = Buffer.from(last)
    for (let cut = 0; cut <= bytes.length; cut++) {
      const path = join(tempDir(), 'session.jsonl')
      writeFileSync(path, Buffer.concat([Buffer.from(whole), bytes.subarray(0, cut)]))
      const { log, bad_lines } = await openLog(path)
      const intact = cut === bytes.length ? 2 : 1
      expect(log.events.length).toBe(intact)
      expect(bad_lines).toEqual([])
      log.append(dropped('next'))
      log.close()
      const { events, torn } = readEvents(readFileSync(path), path)
      expect([types(events), torn]).toEqual([`session.created ${'prompt.dropped '.repeat(intact)}`.trim(), 'no'])
      expect(existsSync(`${path}.torn`)).toBe(cut > 0 && cut < bytes.length)
    }
  })
})

test('a bad line is reported and passed over; unknown types are carried along', async () => {
  const path = join(tempDir(), 'session.jsonl')
  const future = { id: 3, at, type: 'future.event', anything: [1] }
  writeFileSync(
    path,
    [{ id: 1, at, ...created }, '{"id":2,', future, { id: 3, at }, [], null]
      .map(line => (typeof line === 'string' ? line : JSON.stringify(line)))
      .join('\n'),
  )
  appendFileSync(path, '\n')
  const { log, bad_lines } = await openLog(path)
  expect(bad_lines).toEqual([2, 4, 5, 6])
  expect(log.events[1] as unknown).toEqual(future)
  expect(log.append(dropped('')).id).toBe(4)
})

test('without a readable session.created nothing is touched', async () => {
  const path = join(tempDir(), 'session.jsonl')
  writeFileSync(path, '{"id":1,"at":"x","type":"prompt"}\n{"torn')
  expect(openLog(path)).rejects.toThrow('damaged')
  expect(readFileSync(path, 'utf8')).toBe('{"id":1,"at":"x","type":"prompt"}\n{"torn')
})

test('Emacs finds nothing to obey in a log, and nothing is lost by that', async () => {
  const path = fresh()
  const log = await createLog(path)
  const title = '-*- eval: (shell-command "touch x") -*-\nLocal Variables:\neval: (ding)\nEnd:'
  log.append({ ...(created as object), title } as Storable)
  log.close()
  expect(readFileSync(path, 'utf8')).not.toMatch(/-\*-|local variables:/i)
  expect(readEvents(readFileSync(path), path).events).toMatchObject([{ title }])
})
