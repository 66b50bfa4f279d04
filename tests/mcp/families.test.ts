import { describe, expect, test } from 'bun:test'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { McpServerConfig } from '../../src/config/config.ts'
import { createPool } from '../../src/mcp/pool.ts'
import { isAlive, journalOf, PEER, peer, until, withPool } from '../support/mcp.ts'
import type { PeerOptions } from '../support/mcp-peer.ts'

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

const pidsIn = (journal: string) => journalOf(journal).map(line => Number(line.split(' ')[1]))

const lack = process.platform === 'linux' ? '' : ' (needs /proc and setsid, of Linux)'

describe.skipIf(lack !== '')(`nothing survives${lack}`, () => {
  for (const [i, [name, , count]] of starts('').entries()) {
    test(`the end of the pool: ${name}`, async () => {
      const dir = mkdtempSync(join(tmpdir(), 'mcp-family-'))
      const journal = join(dir, 'journal')
      try {
        await withPool([starts(journal)[i]![1]], async ({ tools }) => {
          await tools()
          expect(pidsIn(journal).map(isAlive)).toEqual(Array(count).fill(true))
        })
        expect(pidsIn(journal).map(isAlive)).toEqual(Array(count).fill(false))
      } finally {
        rmSync(dir, { recursive: true })
      }
    })

    test(`the death of the backend: ${name}`, async () => {
      const dir = mkdtempSync(join(tmpdir(), 'mcp-family-'))
      const journal = join(dir, 'journal')
      try {
        await killBackend([starts(journal)[i]![1]], dir)
        expect(pidsIn(journal).length).toBe(count)
        const next = createPool({
          servers: () => [],
          dirs: { state: dir, home: dir },
          env: () => ({}),
          version: '0.0.0',
          log: () => {},
          grace_ms: 200,
        })
        await next.close()
        expect(pidsIn(journal).map(isAlive)).toEqual(Array(count).fill(false))
        expect(readdirSync(join(dir, 'mcp')).filter(file => file.startsWith('children'))).toEqual([])
      } finally {
        rmSync(dir, { recursive: true })
      }
    })
  }

  test('of a server that crashed: what it had started goes too', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'mcp-family-'))
    const journal = join(dir, 'journal')
    try {
      await withPool([peer({ journal, daemon: true })], async ({ call, state }) => {
        await call('peer/crash').catch(() => {})
        await until(() => pidsIn(journal).every(pid => !isAlive(pid)), 'all are gone')
        await until(() => readdirSync(join(state, 'mcp')).every(file => !file.startsWith('children')), 'none recorded')
      })
    } finally {
      rmSync(dir, { recursive: true })
    }
  })

  test('a wrong pid: a process that only has the number of a dead server is left alone', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'mcp-family-'))
    const innocent = spawn('sleep', ['300'], { detached: true })
    try {
      const { mkdirSync, writeFileSync } = await import('node:fs')
      mkdirSync(join(dir, 'mcp'))
      const child = { pid: innocent.pid, start_time: '1', mark: 'no-such-mark' }
      writeFileSync(
        join(dir, 'mcp', 'children-1.json'),
        JSON.stringify({ pid: 999_999_999, start_time: '1', children: [child] }),
      )
      await withPool([], async () => {}, { dirs: { state: dir, home: dir } })
      expect(existsSync(join(dir, 'mcp', 'children-1.json'))).toBe(false)
      expect(isAlive(innocent.pid!)).toBe(true)
    } finally {
      innocent.kill('SIGKILL')
      rmSync(dir, { recursive: true })
    }
  })
})

/** Starts a backend with these servers, waits until they run, and kills it. */
async function killBackend(servers: McpServerConfig[], state: string): Promise<void> {
  const holder = spawn(process.execPath, [
    join(import.meta.dir, '../support/mcp-holder.ts'),
    JSON.stringify(servers),
    state,
  ])
  const [line] = await once(holder.stdout, 'data')
  expect(String(line)).toBe('ready\n')
  holder.kill('SIGKILL')
  await once(holder, 'exit')
}
