import { describe, expect, test } from 'bun:test'
import { join } from 'node:path'
import { defaultServer } from '../../../src/config/settings.ts'
import { until, withPool } from '../../support/mcp.ts'

const server = (file: string) => ({
  ...defaultServer(file),
  command: process.execPath,
  args: [join(import.meta.dir, `../../support/mcp-${file}.ts`)],
  origin: 'a test',
})

describe("servers of others' making", () => {
  test("the SDK's 1.x", async () => {
    await withPool([server('sdk1')], async ({ call, pool, tools }) => {
      expect((await call('sdk1/add', { a: 2, b: 3 })).content).toBe('{"sum":5}')
      const ask = async () => ({ action: 'accept' as const, content: {} })
      // The default of the schema fills what the person left out.
      expect(JSON.parse((await call('sdk1/color', {}, { ask })).content)).toEqual({
        action: 'accept',
        content: { color: 'green' },
      })
      await call('sdk1/enable')
      await until(() => pool.announcement('session')?.includes('late') ?? false, 'the new tool was announced')
      expect((await pool.status())[0]).toMatchObject({ protocol: '2025-11-25', tool_count: 4 })
      expect((await tools()).map(tool => tool.name)).not.toContain('sdk1/late')
    })
  })

  test("the SDK's 2.x, in the revision of 2026", async () => {
    await withPool([server('sdk2')], async ({ call, pool, project }) => {
      expect((await call('sdk2/add', { a: 2, b: 3 })).content).toBe('5')
      const asked: unknown[] = []
      const ask = async (question: unknown) => {
        asked.push(question)
        return { action: 'accept' as const, content: { confirm: true } }
      }
      expect((await call('sdk2/deploy', {}, { ask })).content).toBe(`deployed file://${project}`)
      expect(asked).toEqual([{ server: 'sdk2', message: 'Deploy?', schema: expect.anything() }])
      expect((await pool.status())[0]).toMatchObject({ protocol: '2026-07-28' })
    })
  })
})
