/** The Agent Client Protocol: how long the updates of a session that is loaded take over stdio. */
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Home } from '../../tests/support/backend.ts'
import { idOf, writeLog } from '../../tests/support/written-logs.ts'
import { atMost, median, ms, type Row, table } from './measure.ts'
import { PRODUCT } from './running.ts'

const TURNS = 5_000
const RUNS = 5

/** Resolves with whether every target was met. */
export async function benchAcp(): Promise<boolean> {
  const root = mkdtempSync(join(tmpdir(), 'bench-acp-'))
  try {
    const project = join(root, 'project')
    mkdirSync(project)
    mkdirSync(join(root, '.config/emacs-agent'), { recursive: true })
    writeFileSync(join(root, '.config/emacs-agent/emacs-agent.toml'), `transcript_path = "${root}/transcripts"\n`)
    const home = { transcripts: join(root, 'transcripts') } as Home
    writeLog(home, 1, 'begin', {
      project_path: project,
      events: Array.from({ length: TURNS }, (_, i) => turn(i)).flat(),
    })
    const runs: { updates: number; each_ms: number }[] = []
    for (let i = 0; i < RUNS; i++) runs.push(await load(root, project))
    const rows: Row[] = [
      { what: 'updates of one load', value: String(runs[0]!.updates) },
      atMost('an update, over stdio', median(runs.map(run => run.each_ms)), 0.2, ms),
    ]
    return table('Agent Client Protocol', rows)
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
}

/** A prompt and its answer: two updates. */
const turn = (i: number): object[] => {
  const turn_id = `turn_x${i}`
  const usage = { input_tokens: 1, output_tokens: 2, cache_read_tokens: 0, cache_write_tokens: 0 }
  const content = `The answer number ${i}, of a few words.`
  const message = { message_id: `msg_x${i}`, role: 'assistant', content, tool_calls: [], model: 'test/m', usage }
  return [
    { type: 'prompt', turn_id, text: `Question ${i}`, agent: 'build', source: 'user' },
    { type: 'message', turn_id, ...message, stop_reason: 'end_turn' },
    { type: 'turn.end', turn_id, outcome: 'completed', usage, duration_ms: 1 },
  ]
}

/** From the request to its answer, which comes behind all updates; the second load, when the log is open already. */
async function load(root: string, cwd: string): Promise<{ updates: number; each_ms: number }> {
  const env = { HOME: root, PATH: process.env.PATH ?? '' }
  const child = spawn(PRODUCT, ['acp'], { env, cwd, stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
  const request = async (id: number, method: string, params: object): Promise<number> => {
    child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`)
    for (let updates = 0; ; updates++) {
      const { value } = await lines.next()
      if (value!.includes(`"id":${id},`)) return updates
    }
  }
  const session = { sessionId: idOf(1), cwd, mcpServers: [] }
  await request(1, 'initialize', { protocolVersion: 1, clientCapabilities: {} })
  await request(2, 'session/load', session)
  const begun = performance.now()
  const updates = await request(3, 'session/load', session)
  const each_ms = (performance.now() - begun) / updates
  child.stdin.end()
  await new Promise(resolve => child.once('exit', resolve))
  return { updates, each_ms }
}
