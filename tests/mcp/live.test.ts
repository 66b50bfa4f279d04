import { describe, expect, test } from 'bun:test'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { McpServerConfig } from '../../src/config/config.ts'
import { defaultServer } from '../../src/config/settings.ts'
import { type Bench, withPool } from '../support/mcp.ts'

/** Servers of the world, from npm; they start offline. Not among our own dependencies: 200 packages for one test. */
const BIN = join(process.env.MCP_SERVERS_DIR ?? join(import.meta.dir, '../..'), 'node_modules/.bin')
const SERVERS: Record<
  string,
  [program: string, tools: number, args: (project: string) => string[], work: (bench: Bench) => Promise<void>]
> = {
  everything: [
    'mcp-server-everything',
    13,
    () => [],
    async ({ call }) => {
      expect((await call('everything/echo', { message: 'hi' })).content).toBe('Echo: hi')
      expect((await call('everything/get-sum', { a: '1', b: 2 })).content).toBe('The sum of 1 and 2 is 3.')
      expect((await call('everything/get-tiny-image')).images).toHaveLength(1)
      const seen: unknown[] = []
      await call(
        'everything/trigger-long-running-operation',
        { duration: 0.2, steps: 2 },
        { progress: message => seen.push(message) },
      )
      expect(seen).toContain('1 of 2')
      const ask = async () => ({ action: 'accept' as const, content: { name: 'Ada' } })
      expect((await call('everything/trigger-elicitation-request', {}, { ask })).content).toContain('Name: Ada')
    },
  ],
  filesystem: [
    'mcp-server-filesystem',
    14,
    project => [project],
    async ({ call, project }) => {
      writeFileSync(join(project, 'a.txt'), 'hello\n')
      expect((await call('filesystem/read_text_file', { path: join(project, 'a.txt') })).content).toBe('hello\n')
      expect(call('filesystem/read_text_file', { path: '/etc/passwd' })).rejects.toMatchObject({ code: 'TOOL_FAILED' })
    },
  ],
  memory: [
    'mcp-server-memory',
    9,
    () => [],
    async ({ call }) => {
      const entities = [1, 2, 3].map(i => ({ name: `Person ${i}`, entityType: 'person', observations: [] }))
      await call('memory/create_entities', { entities })
      expect((await call('memory/read_graph')).content).toContain('Person 3')
    },
  ],
  'sequential-thinking': [
    'mcp-server-sequential-thinking',
    1,
    () => [],
    async ({ call }) => {
      const thought = { thought: 'x', nextThoughtNeeded: false, thoughtNumber: 1, totalThoughts: 1 }
      expect((await call('sequential-thinking/sequentialthinking', thought)).content).toContain('"totalThoughts":1')
    },
  ],
  playwright: ['playwright-mcp', 20, () => ['--headless'], async () => {}],
  eslint: ['mcp', 1, () => [], async () => {}],
}

describe('live servers', () => {
  for (const [name, [program, tools, args, work]] of Object.entries(SERVERS)) {
    const command = join(BIN, program)
    const lack = existsSync(command) ? '' : ` (needs ${program} in MCP_SERVERS_DIR)`
    test.skipIf(lack !== '')(
      `${name}${lack}`,
      async () => {
        const server: McpServerConfig = { ...defaultServer(name), command, origin: 'a test' }
        const servers: McpServerConfig[] = [server]
        await withPool(
          servers,
          async bench => {
            server.args = args(bench.project)
            if (name === 'memory') server.env = { MEMORY_FILE_PATH: join(bench.project, 'memory.jsonl') }
            expect((await bench.tools()).length).toBeGreaterThanOrEqual(tools)
            await work(bench)
          },
          { list_wait_ms: 30_000 },
        )
      },
      60_000,
    )
  }
})
