/**
 * What calls of tools cost in a project on another machine (an sshd on loopback, through Emacs and TRAMP) against the same calls
 * in a project here, and what TRAMP's three ways to run a program take. `remote.el` is the part inside Emacs.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { EMACSEN, withClient } from './client.ts'
import { ms, type Row, table, times } from './measure.ts'

const CALLS = { read: 'read_file', edit: 'edit_file', shell: 'shell_exec, echo' }
const WAYS = { process_file: 'process-file', make_process: 'make-process', direct: 'make-process, directly over ssh' }

type Times = Record<keyof typeof CALLS, number>
type Figures = { here: Times; there: Times; ways: Record<keyof typeof WAYS, number> }

const keys = <T extends object>(of: T) => Object.keys(of) as (keyof T)[]

const measure = (emacs: string): Promise<{ version: string; figures: Figures }> =>
  withClient(emacs, ({ lisp, version, run }) => {
    const support = join(import.meta.dir, '../../tests/emacs/support')
    const output = run(emacs, '-Q', '--batch', '-L', lisp, '-L', support, '-l', join(import.meta.dir, 'remote.el'))
    return { version, figures: JSON.parse(output.trim().split('\n').at(-1)!) }
  })

/** Prints a table for each Emacs there is. There is no target: the times depend on the other machine and the network. */
export async function benchRemote(): Promise<boolean> {
  for (const emacs of EMACSEN) {
    if (!Bun.which(emacs) && !existsSync(emacs)) continue
    const { version, figures } = await measure(emacs)
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
