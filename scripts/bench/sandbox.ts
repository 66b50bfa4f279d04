/** What the sandbox costs: one `true` in it against a plain one, with few and with many files to look at. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createChildren } from '../../src/base/children.ts'
import { defaultSandbox, type SandboxConfig } from '../../src/config/sandbox.ts'
import { createConfinement } from '../../src/tools/sandbox/confinement.ts'
import { landlock } from '../../src/tools/sandbox/landlock.ts'
import { type Launcher, type Machine, sandboxOf } from '../../src/tools/sandbox/sandbox.ts'
import { run } from '../../src/tools/shell/process.ts'
import { atMost, median, ms, type Row, table, times } from './measure.ts'

const ROUNDS = 20
const MOST = { 'few files': 12, '20,000 files': 40 }
const BINARY = join(import.meta.dir, '../../dist/emacs-agent-backend')

export async function benchSandbox(): Promise<boolean> {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'emacs-agent-bench-')))
  const [small, large] = [join(root, 'small'), join(root, 'large')]
  mkdirSync(small)
  for (let d = 0; d < 200; d++) {
    mkdirSync(join(large, String(d)), { recursive: true })
    for (let f = 0; f < 100; f++) writeFileSync(join(large, String(d), `${f}.ts`), '')
  }
  const children = createChildren(join(root, 'children'))
  const env = { PATH: process.env.PATH ?? '', HOME: root }
  const config: SandboxConfig = { ...defaultSandbox, mode: 'required' }
  const rows: Row[] = []
  const machine = (project: string): Machine => ({
    platform: process.platform,
    children,
    env,
    self: [BINARY, 'in-sandbox'],
    directory: join(root, 'sandbox'),
    project,
  })
  const timed = async (project: string, launcher: Launcher | null) => {
    const roots = { project, allowed: [], forbidden: [] }
    const confinement = createConfinement({ home: root, available: async () => ({ launcher: launcher! }) })
    const taken: number[] = []
    for (let n = 0; n < ROUNDS; n++) {
      const began = performance.now()
      const plain = { command: ['/bin/sh', '-c', 'true'], env }
      const given = { config, roots, cwd: project, env, hidden: () => false }
      const { command, env: own } = launcher ? await confinement.confine(plain.command, given) : plain
      const signal = new AbortController().signal
      const { exit_code } = await run(command, { cwd: project, env: own, signal, children })
      if (exit_code !== 0) throw new Error(`${launcher?.by} does not run here`)
      taken.push(performance.now() - began)
    }
    await confinement.close()
    return median(taken)
  }
  try {
    const plain = await timed(small, null)
    rows.push({ what: 'a command that does nothing, plain', value: ms(plain) })
    const { launcher } = await sandboxOf(config, machine(small))
    const other = await landlock(machine(small))
    const launchers = [launcher, typeof other === 'string' ? null : other].filter(each => each !== null)
    for (const each of new Map(launchers.map(each => [each.by, each])).values()) {
      for (const [name, project] of [
        ['few files', small],
        ['20,000 files', large],
      ] as const) {
        const taken = await timed(project, each)
        const more = { bare: `${ms(taken)} / ${ms(plain)}` }
        rows.push(atMost(`the same in ${each.by}, ${name}, against plain`, taken / plain, MOST[name], times, more))
      }
    }
  } finally {
    await children.close()
    rmSync(root, { recursive: true, force: true })
  }
  return table('sandbox', rows)
}

if (import.meta.main) process.exit((await benchSandbox()) ? 0 : 1)
