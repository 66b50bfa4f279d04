/**
 * `npm run bench [NAME …]`: figures with their targets, as ratios within one run where the machine would decide. All of them go
 * to `dist/bench.json` as well, with the machine they were taken on.
 */
import { writeFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os'
import { join } from 'node:path'
import { version } from '../package.json'
import { printed } from './bench/measure.ts'

const SUITES: Record<string, () => Promise<() => Promise<boolean>>> = {
  server: async () => (await import('./bench/server.ts')).benchServer,
  agents: async () => (await import('./bench/agents.ts')).benchAgents,
  growth: async () => (await import('./bench/growth.ts')).benchGrowth,
  closing: async () => (await import('./bench/closing.ts')).benchClosing,
  org: async () => (await import('./bench/org.ts')).benchOrg,
  streaming: async () => (await import('./bench/streaming.ts')).benchStreaming,
  acp: async () => (await import('./bench/acp.ts')).benchAcp,
  languages: async () => (await import('./bench/languages.ts')).benchLanguages,
  toon: async () => (await import('./bench/toon.ts')).benchToon,
  llm: async () => (await import('./bench/llm.ts')).benchLlm,
  mcp: async () => (await import('./bench/mcp.ts')).benchMcp,
  undo: async () => (await import('./bench/undo.ts')).benchUndo,
  sandbox: async () => (await import('./bench/sandbox.ts')).benchSandbox,
  editor: async () => (await import('./bench/editor.ts')).benchEditor,
  emacs: async () => (await import('./bench/emacs.ts')).benchEmacs,
}

const wanted = process.argv.slice(2)
let met = true
for (const [name, load] of Object.entries(SUITES)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue
  met = (await (await load())()) && met
}
const machine = {
  system: `${process.platform} ${release()} ${process.arch}`,
  processor: cpus()[0]?.model,
  cores: availableParallelism(),
  memory_gib: Math.round(totalmem() / 2 ** 30),
  load: loadavg()[0],
  bun: Bun.version,
}
const report = { version, at: new Date().toISOString(), machine, met, tables: printed }
writeFileSync(join(import.meta.dir, '../dist/bench.json'), `${JSON.stringify(report, null, 2)}\n`)
process.exit(met ? 0 : 1)
