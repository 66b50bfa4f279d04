import { describe, expect, test } from 'bun:test'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createChildren } from '../../../src/base/children.ts'
import type { McpServerConfig } from '../../../src/config/config.ts'
import { isAlive, journalOf, PEER, peer, until, withPool } from '../../support/mcp.ts'
import type { PeerOptions } from '../../support/mcp-peer.ts'
import { tempDir } from '../../support/temp.ts'

/** The ways to start a server, and what else they bring to life. */
const starts = (journal: string): [string, McpServerConfig, number][] => {
  const shell = (script: string, options: PeerOptions) =>
    peer(
      {},
      { command: '/bin/sh', args: ['-c', script, process.execPath, PEER, JSON.stringify({ journal, ...options })] },
    )
  return [
    ['a server', peer({ journal }), 1],
    ['one that ignores the end of stdin and TERM', peer({ journal, stubborn: true }), 1],
    ['one behind a shell', shell('"$0" "$@"; :', {}), 1],
    ['a stubborn one behind a shell that also is', shell('trap "" TERM; "$0" "$@"; :', { stubborn: true }), 1],
    ['one with a daemon that left its group', peer({ journal, daemon: true }), 2],
    ['a stubborn one behind a shell, with a daemon', shell('"$0" "$@"; :', { daemon: true, stubborn: true }), 2],
  ]
}

const recordedIn = (directory: string): unknown[] =>
  readdirSync(directory).flatMap(name => JSON.parse(readFileSync(join(directory, name), 'utf8')).children)

const pidsIn = (journal: string) => journalOf(journal).map(line => Number(line.split(' ')[1]))

const lack = process.platform === 'linux' ? '' : ' (needs /proc and setsid, of Linux)'

describe.skipIf(lack !== '')(`nothing survives${lack}`, () => {
  for (const [i, [name, , count]] of starts('').entries()) {
    test(`the end of the pool: ${name}`, async () => {
      const dir = tempDir()
      const journal = join(dir, 'journal')
      await withPool([starts(journal)[i]![1]], async ({ tools }) => {
        await tools()
        expect(pidsIn(journal).map(isAlive)).toEqual(Array(count).fill(true))
      })
      expect(pidsIn(journal).map(isAlive)).toEqual(Array(count).fill(false))
    })

    test(`the death of the backend: ${name}`, async () => {
      const dir = tempDir()
      const journal = join(dir, 'journal')
      await killBackend([starts(journal)[i]![1]], dir)
      expect(pidsIn(journal).length).toBe(count)
      await createChildren(join(dir, 'children')).sweep()
      expect(pidsIn(journal).map(isAlive)).toEqual(Array(count).fill(false))
      expect(readdirSync(join(dir, 'children'))).toEqual([])
    })
  }

  test('of a server that crashed: what it had started goes too', async () => {
    const dir = tempDir()
    const journal = join(dir, 'journal')
    await withPool([peer({ journal, daemon: true })], async ({ call, state }) => {
      await call('peer/crash').catch(() => {})
      await until(() => pidsIn(journal).every(pid => !isAlive(pid)), 'all are gone')
      await until(() => recordedIn(join(state, 'children')).length === 0, 'none recorded')
    })
  })

  test('a wrong pid: a process that only has the number of a dead server is left alone', async () => {
    const dir = tempDir()
    const innocent = spawn('sleep', ['300'], { detached: true })
    try {
      const file = join(dir, '1.json')
      const child = { pid: innocent.pid, start_time: '1' }
      const gone = { pid: 999_999_999, start_time: '1', mark: { name: 'no-such-mark', limit: null } }
      writeFileSync(file, JSON.stringify({ ...gone, children: [child] }))
      expect(await createChildren(dir).sweep()).toBe(1)
      expect(existsSync(file)).toBe(false)
      expect(isAlive(innocent.pid!)).toBe(true)
    } finally {
      innocent.kill('SIGKILL')
    }
  })
})

/** Starts a backend with these servers, waits until they run, and kills it. */
async function killBackend(servers: McpServerConfig[], state: string): Promise<void> {
  const holder = spawn(process.execPath, [
    join(import.meta.dir, '../../support/mcp-holder.ts'),
    JSON.stringify(servers),
    state,
  ])
  const [line] = await once(holder.stdout, 'data')
  expect(String(line)).toBe('ready\n')
  holder.kill('SIGKILL')
  await once(holder, 'exit')
}
