/** What undo costs: a before-image, watching a tree, and the disk. Runs by itself: `bun scripts/bench/undo.ts`. */
import {
  closeSync,
  fdatasyncSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createChildren } from '../../src/base/children.ts'
import type { Effect, ToolContext } from '../../src/tools/tool.ts'
import { openStore } from '../../src/undo/store.ts'
import { atMost, median, mib, ms, type Row, table, times } from './measure.ts'

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

/** Of a 100 KB file, with the line that says so; against as many bytes that are appended and synced alone. */
async function images({ project, keep, store }: ReturnType<typeof open>): Promise<Row[]> {
  const file = join(project, 'a.ts')
  const taken: number[] = []
  const bare: number[] = []
  const other = openSync(join(project, '../bare'), 'a')
  for (let n = 1; n <= ROUNDS; n++) {
    writeFileSync(file, text(100_000, n))
    const size = store.place.images.size()
    let kept!: Awaited<ReturnType<typeof keep>>
    taken.push(await time(async () => (kept = await keep('write_file', 'filesystem', { writes: [file] }))))
    const bytes = Buffer.alloc(store.place.images.size() - size, n)
    bare.push(await time(async () => [writeSync(other, bytes), fdatasyncSync(other)]))
    await kept.settle()
  }
  closeSync(other)
  return [
    { what: 'a before-image of a 100 KB file, synced (1 ms on an idle machine)', value: ms(median(taken)) },
    atMost('the same against an append and its sync', median(taken) / median(bare), 6, times, {
      bare: ms(median(bare)),
    }),
  ]
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

/** The least that a look can be: the names, and what the system says of each. */
function bareLook(directory: string): void {
  for (const entry of readdirSync(directory, { withFileTypes: true }))
    if (entry.isDirectory()) bareLook(`${directory}/${entry.name}`)
    else lstatSync(`${directory}/${entry.name}`)
}

async function watching({ project, keep, disk }: ReturnType<typeof open>): Promise<Row[]> {
  for (let n = 0; n < FILES; n++) {
    if (n % 100 === 0) mkdirSync(join(project, `d${n / 100}`))
    writeFileSync(join(project, `d${Math.floor(n / 100)}`, `f${n}.ts`), text(2000, n + 1))
  }
  const call = async () => {
    let kept!: Awaited<ReturnType<typeof keep>>
    const before = await time(async () => (kept = await keep('shell_exec', 'shell', {})))
    return { before, both: before + (await time(() => kept.settle())) }
  }
  const first = await call()
  const used = disk()
  const later: number[] = []
  const bare: number[] = []
  for (let n = 0; n < ROUNDS; n++) {
    bare.push(await time(async () => [bareLook(project), bareLook(project)]))
    later.push((await call()).both)
  }
  const ratio = median(later) / median(bare)
  return [
    { what: `the first look at ${FILES} files of 2 KB, contents held`, value: ms(first.before) },
    { what: 'held on the disk', value: mib(used) },
    { what: 'watching them, before and after a call (150 ms on an idle machine)', value: ms(median(later)) },
    atMost('the same against two bare looks at names and times', ratio, 2, times, { bare: ms(median(bare)) }),
  ]
}

export async function benchUndo(): Promise<boolean> {
  const root = mkdtempSync(join(tmpdir(), 'emacs-agent-bench-'))
  const places = ['images', 'edits', 'watching'].map(name => open(join(root, name)))
  try {
    return table('undo', [...(await images(places[0]!)), await edits(places[1]!), ...(await watching(places[2]!))])
  } finally {
    for (const { store } of places) store.close()
    rmSync(root, { recursive: true, force: true })
  }
}

if (import.meta.main) process.exit((await benchUndo()) ? 0 : 1)
