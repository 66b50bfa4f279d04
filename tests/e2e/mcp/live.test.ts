import { beforeAll, describe, expect, test } from 'bun:test'
import { join } from 'node:path'
import { installServers } from '../../support/mcp-live.ts'
import { type Result, rowOf, startServed, type Talk, talk } from '../../support/mcp-servers.ts'
import type { Scripted } from '../../support/scripted.ts'
import { tempDir } from '../../support/temp.ts'

const bin = installServers()
const project = tempDir({
  'a.txt': 'hello\n',
  'a.js': 'debugger\n',
  'eslint.config.mjs': "export default [{ rules: { 'no-debugger': 'error' } }]\n",
})

/** How each is started, how many tools it has at least, and what we do with it. */
const SERVERS: Record<
  string,
  { program: string; args?: string[]; tools: number; work?(session: Session): Promise<void> }
> = {
  everything: {
    program: 'mcp-server-everything',
    tools: 13,
    async work({ call, talk: { stream, start, post } }) {
      expect((await call('everything/echo', { message: 'hi' })).result.content).toBe('Echo: hi')
      expect((await call('everything/get-sum', { a: '1', b: 2 })).result.content).toBe('The sum of 1 and 2 is 3.')
      expect((await call('everything/get-tiny-image')).told).toContain('data:image/png;base64,')
      const from = stream.frames.length
      await call('everything/trigger-long-running-operation', { duration: 0.2, steps: 2 })
      const steps = stream.frames.slice(from).filter(frame => frame.event === 'tool.progress')
      expect(steps.map(frame => frame.data.message)).toContain('1 of 2')
      const asked = await start('call_tool', { tool: 'everything/trigger-elicitation-request' })
      const { data } = await stream.next('question', asked)
      await post('answer', { question_id: data.question_id, action: 'accept', content: { name: 'Ada' } })
      expect((await stream.next('tool.result', asked)).data.result.content).toContain('Name: Ada')
      await stream.idle(asked)
    },
  },
  files: {
    program: 'mcp-server-filesystem',
    args: [project],
    tools: 14,
    async work({ call }) {
      const read = await call('files/read_text_file', { path: join(project, 'a.txt') })
      expect(read.result.content).toBe('hello\n')
      expect((await call('files/read_text_file', { path: '/etc/passwd' })).error.code).toBe('TOOL_FAILED')
    },
  },
  memory: {
    program: 'mcp-server-memory',
    tools: 9,
    async work({ call }) {
      const entities = [1, 2, 3].map(i => ({ name: `Person ${i}`, entityType: 'person', observations: [] }))
      await call('memory/create_entities', { entities })
      expect((await call('memory/read_graph')).result.content).toContain('Person 3')
    },
  },
  thinking: {
    program: 'mcp-server-sequential-thinking',
    tools: 1,
    async work({ call }) {
      const thought = { thought: 'x', nextThoughtNeeded: false, thoughtNumber: 1, totalThoughts: 1 }
      expect((await call('thinking/sequentialthinking', thought)).result.content).toContain('"totalThoughts":1')
    },
  },
  // Its tools want a browser: that it refuses to do without is its word, not ours.
  playwright: { program: 'playwright-mcp', args: ['--headless'], tools: 20 },
  eslint: {
    program: 'mcp',
    tools: 1,
    async work({ call }) {
      const linted = await call('eslint/lint-files', { filePaths: [join(project, 'a.js')] })
      expect(linted.result.content).toContain('no-debugger')
    },
  },
}

type Session = { talk: Talk; call(tool: string, args?: object): Promise<Result> }

const lack = bin === null ? ' (needs MCP servers from npm, which cannot be installed here)' : ''

describe.skipIf(lack !== '')(`servers of the world${lack}`, () => {
  let served: Scripted
  let session: Session
  beforeAll(async () => {
    const entries = Object.entries(SERVERS).map(([name, { program, args = [] }]) => ({
      name,
      command: join(bin!, program),
      args,
      ...(name === 'memory' && { env: { MEMORY_FILE_PATH: join(project, 'memory.jsonl') } }),
    }))
    served = await startServed(entries, {
      config: `[permissions]\nallow = [${entries.map(({ name }) => `"${name}/*"`)}]`,
    })
    // Side by side, and waited for: one after the other would take half a minute.
    await Promise.all(
      entries.map(({ name }) =>
        served.backend.call(`POST /api/mcp/${name}/restart?project=${encodeURIComponent(project)}`),
      ),
    )
    const talking = await talk(served, {}, project)
    session = { talk: talking, call: (tool, args = {}) => talking.run('call_tool', { tool, args }) }
  }, 180_000)

  for (const [name, { tools, work }] of Object.entries(SERVERS))
    test(name, async () => {
      const row = await rowOf(served.backend, name, project)
      expect({ ...row, stderr: [] }).toMatchObject({ status: 'ready', last_error: null })
      expect(row.tool_count).toBeGreaterThanOrEqual(tools)
      await work?.(session)
    })

  test('all of them in a few hundred tokens', async () => {
    served.says({ text: 'hi' })
    await session.talk.post('prompt', { text: 'hi', wait: true })
    const { messages, tools } = served.model.requests.at(-1)!.body
    for (const name of Object.keys(SERVERS)) expect(messages[0].content).toContain(`\n${name}: `)
    expect(tools.length).toBeLessThan(30)
  })
})
