/**
 * `npm run bench`: the figures of a release, one table. `npm run bench -- --soak[=MINUTES]` adds a soak, of ten minutes by
 * default; `npm run bench -- NAME …` takes the figures of one part instead. All of them go to `dist/bench.json` as well,
 * with the machine they were taken on.
 */
import { writeFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os'
import { join } from 'node:path'
import { version } from '../package.json'
import type { Summary } from './bench/figure.ts'
import { printed } from './bench/measure.ts'

const PARTS: Record<string, () => Promise<() => Promise<boolean>>> = {
  agents: async () => (await import('./bench/agents.ts')).benchAgents,
  reads: async () => (await import('./bench/reads.ts')).benchReads,
  closing: async () => (await import('./bench/closing.ts')).benchClosing,
  org: async () => (await import('./bench/org.ts')).benchOrg,
  acp: async () => (await import('./bench/acp.ts')).benchAcp,
  languages: async () => (await import('./bench/languages.ts')).benchLanguages,
  toon: async () => (await import('./bench/toon.ts')).benchToon,
  llm: async () => (await import('./bench/llm.ts')).benchLlm,
  mcp: async () => (await import('./bench/mcp.ts')).benchMcp,
  undo: async () => (await import('./bench/undo.ts')).benchUndo,
  sandbox: async () => (await import('./bench/sandbox.ts')).benchSandbox,
  editor: async () => (await import('./bench/editor.ts')).benchEditor,
  remote: async () => (await import('./bench/remote.ts')).benchRemote,
  emacs: async () => (await import('./bench/emacs.ts')).benchEmacs,
}

const machine = {
  system: `${process.platform} ${release()} ${process.arch}`,
  processor: cpus()[0]?.model,
  cores: availableParallelism(),
  memory_gib: Math.round(totalmem() / 2 ** 30),
  load: loadavg()[0],
  bun: Bun.version,
}
const wanted = process.argv.slice(2).filter(word => !word.startsWith('--'))
const soak = process.argv.map(word => /^--soak(?:=([\d.]+))?$/.exec(word)).find(found => found !== null)
const unknown = wanted.filter(name => !Object.hasOwn(PARTS, name))
if (unknown.length > 0) {
  console.error(`There is no part ${unknown.join(', ')}. The parts are: ${Object.keys(PARTS).join(', ')}.`)
  process.exit(2)
}
let met = true
let figures: Summary[] = []
for (const name of wanted) met = (await (await PARTS[name]!())()) && met
if (wanted.length === 0) {
  const { takeFigures } = await import('./bench/figures.ts')
  figures = await takeFigures(soak ? Number(soak[1] ?? 10) : null)
  met = figures.every(figure => figure.met)
}
const report = { version, at: new Date().toISOString(), machine, met, figures, tables: printed }
writeFileSync(join(import.meta.dir, '../dist/bench.json'), `${JSON.stringify(report, null, 2)}\n`)
process.exit(met ? 0 : 1)
