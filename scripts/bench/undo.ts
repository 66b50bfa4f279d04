/** What undo costs: a before-image, watching a tree, and the disk. Runs by itself: `bun scripts/bench/undo.ts`. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createChildren } from '../../src/base/children.ts'
import type { Effect, ToolContext } from '../../src/tools/tool.ts'
import { openStore } from '../../src/undo/store.ts'
import { atMost, median, mib, ms, quantile, type Row, table } from './measure.ts'

const ROUNDS = 30
const FILES = 20_000

const text = (bytes: number, seed: number): string => {
  let result = ''
  for (let n = 0; result.length < bytes; n++)
    result += `const value${n * seed} = compute(${(n * 7919 * seed) % 100_003})\n`
  return result.slice(0, bytes)
}

function open(root: string) {
  const project = join(root, 'project')
  mkdirSync(project, { recursive: true })
  const roots = { project, allowed: [], forbidden: [] }
  const context = {
    roots,
    env: { PATH: process.env.PATH ?? '' },
    children: createChildren(join(root, 'children')),
    signal: new AbortController().signal,
  } as unknown as ToolContext
  const dir = join(root, 'undo', 's')
  const store = openStore({
    dir,
    roots,
    most_bytes: 1e12,
    unsaved: false,
    at: () => 0,
    report: () => {},
  })
  let calls = 0
  const keep = (tool: string, category: string, effect: Partial<Effect>) =>
    store.keeper.keep(
      { tool, category, effect: { level: 'write', reason: '', reads: [], writes: [], ...effect }, context },
      { turn_id: 'turn', tool_call_id: `tc_${calls++}` },
    )
  const disk = () => readdirSync(dir).reduce((sum, name) => sum + statSync(join(dir, name)).blocks * 512, 0) / 2 ** 20
  return { project, store, keep, disk }
}

const time = async (act: () => Promise<unknown>): Promise<number> => {
  const started = performance.now()
  await act()
  return performance.now() - started
}

/** Of a 100 KB file, synced, with the line that says so. */
async function images({ project, keep }: ReturnType<typeof open>): Promise<Row> {
  const file = join(project, 'a.ts')
  const taken: number[] = []
  for (let n = 1; n <= ROUNDS; n++) {
    writeFileSync(file, text(100_000, n))
    let kept!: Awaited<ReturnType<typeof keep>>
    taken.push(await time(async () => (kept = await keep('write_file', 'filesystem', { writes: [file] }))))
    await kept.settle()
  }
  return atMost('a before-image of a 100 KB file, synced (median)', median(taken), 1, ms)
}

async function edits({ project, keep, disk }: ReturnType<typeof open>): Promise<Row> {
  const file = join(project, 'b.ts')
  const lines = text(1_000_000, 3).split('\n')
  writeFileSync(file, lines.join('\n'))
  const empty = disk()
  for (let n = 0; n < 1000; n++) {
    const before = Buffer.from(lines.join('\n'))
    lines[(n * 7919) % lines.length] = `edited ${n}`
    const after = Buffer.from(lines.join('\n'))
    const kept = await keep('edit_file', 'filesystem', {
      writes: [file],
      changes: [{ path: file, operation: 'edit', before, after }],
    })
    writeFileSync(file, after)
    await kept.settle()
  }
  return atMost('disk used by 1,000 edits of a 1 MB file', disk() - empty, 50, mib)
}

async function watching({ project, keep, disk }: ReturnType<typeof open>): Promise<Row[]> {
  for (let n = 0; n < FILES; n++) {
    if (n % 100 === 0) mkdirSync(join(project, `d${n / 100}`))
    writeFileSync(join(project, `d${Math.floor(n / 100)}`, `f${n}.ts`), text(2000, n + 1))
  }
  const call = async () => {
    let kept!: Awaited<ReturnType<typeof keep>>
    const before = await time(async () => (kept = await keep('shell_exec', 'shell', {})))
    return { before, after: await time(() => kept.settle()) }
  }
  const first = await call()
  const used = disk()
  const later = []
  for (let n = 0; n < ROUNDS; n++) later.push(await call())
  const both = later.map(({ before, after }) => before + after)
  return [
    { what: `the first look at ${FILES} files of 2 KB, contents held`, value: ms(first.before) },
    { what: 'held on the disk', value: mib(used) },
    atMost('watching them, before and after a call (median)', median(both), 150, ms),
    { what: 'the slowest in twenty', value: ms(quantile(both, 0.95)) },
  ]
}

export async function benchUndo(): Promise<boolean> {
  const root = mkdtempSync(join(tmpdir(), 'emacs-agent-bench-'))
  const places = ['images', 'edits', 'watching'].map(name => open(join(root, name)))
  try {
    return table('undo', [await images(places[0]!), await edits(places[1]!), ...(await watching(places[2]!))])
  } finally {
    for (const { store } of places) store.close()
    rmSync(root, { recursive: true, force: true })
  }
}

if (import.meta.main) process.exit((await benchUndo()) ? 0 : 1)
