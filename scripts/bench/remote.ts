/**
 * What calls of tools cost in a project on another machine (an sshd on loopback, through Emacs and TRAMP) against the same calls
 * in a project here, and what TRAMP's three ways to run a program take. `remote.el` is the part inside Emacs.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ms, type Row, table, times } from './measure.ts'
import { PRODUCT } from './running.ts'

const root = join(import.meta.dir, '../..')
const EMACSEN = ['emacs', join(root, 'dist/emacs-30/emacs')]
const CALLS = { read: 'read_file', edit: 'edit_file', shell: 'shell_exec, echo' }
const WAYS = { process_file: 'process-file', make_process: 'make-process', direct: 'make-process, directly over ssh' }

type Times = Record<keyof typeof CALLS, number>
type Figures = { here: Times; there: Times; ways: Record<keyof typeof WAYS, number> }

const keys = <T extends object>(of: T) => Object.keys(of) as (keyof T)[]

function measure(emacs: string): { version: string; figures: Figures } {
  const home = mkdtempSync(join(tmpdir(), 'emacs-agent-bench-'))
  const lisp = join(home, 'lisp')
  mkdirSync(lisp)
  const run = (...[program, ...args]: [string, ...string[]]) => {
    const { status, stdout, stderr } = spawnSync(program, args, { env: { ...process.env, HOME: home } })
    if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${stdout}${stderr}`)
    return String(stdout)
  }
  try {
    run(PRODUCT, 'elisp', '--install', lisp)
    const files = [...new Bun.Glob('*.el').scanSync({ cwd: lisp, absolute: true })]
    run(emacs, '-Q', '--batch', '-L', lisp, '-f', 'batch-byte-compile', ...files)
    const support = join(root, 'tests/emacs/support')
    const said = run(emacs, '-Q', '--batch', '-L', lisp, '-L', support, '-l', join(import.meta.dir, 'remote.el'))
    return {
      version: run(emacs, '--version').split('\n')[0]!,
      figures: JSON.parse(said.trim().split('\n').at(-1)!) as Figures,
    }
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
}

/** Prints a table for each Emacs there is. Nothing has a target: what a machine far away takes, nobody can promise. */
export async function benchRemote(): Promise<boolean> {
  for (const emacs of EMACSEN) {
    if (!Bun.which(emacs) && !existsSync(emacs)) continue
    const { version, figures } = measure(emacs)
    const calls = keys(CALLS).map(
      (name): Row => ({
        what: CALLS[name],
        value: ms(figures.there[name]),
        bare: ms(figures.here[name]),
        ratio: times(figures.there[name] / Math.max(1, figures.here[name])),
      }),
    )
    const ways = keys(WAYS).map((name): Row => ({ what: `  ${WAYS[name]}`, value: ms(figures.ways[name]) }))
    table(`A project on another machine (ssh on loopback), ${version}; bare: the same here`, [...calls, ...ways])
  }
  return true
}
