import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PRODUCT } from './running.ts'

/** The programs that are measured where the machine has them. */
export const EMACSEN = ['emacs', join(import.meta.dir, '../../dist/emacs-30/emacs')]

/** The client as one Emacs has compiled it, in `lisp`. `run` runs a program in `home`; it throws Error with its output. */
export type Client = {
  home: string
  lisp: string
  version: string
  run(program: string, ...args: string[]): string
}

/** Installs the client in a home that is removed after `work`. */
export async function withClient<T>(emacs: string, work: (client: Client) => T | Promise<T>): Promise<T> {
  const home = mkdtempSync(join(tmpdir(), 'emacs-agent-bench-'))
  const lisp = join(home, 'lisp')
  const run = (program: string, ...args: string[]) => {
    const { status, stdout, stderr } = spawnSync(program, args, { env: { ...process.env, HOME: home } })
    if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${stdout}${stderr}`)
    return String(stdout)
  }
  try {
    mkdirSync(lisp)
    run(PRODUCT, 'elisp', '--install', lisp)
    const files = new Bun.Glob('*.el').scanSync({ cwd: lisp, absolute: true })
    run(emacs, '-Q', '--batch', '-L', lisp, '-f', 'batch-byte-compile', ...files)
    const version = run(emacs, '--version').split('\n')[0]!
    return await work({ home, lisp, version, run })
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
}
