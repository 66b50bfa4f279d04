import { mkdtemp, readdir, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { lazily } from '../../base/once.ts'
import { startTimeOf } from '../../base/processes.ts'

const NAME = /^emacs-agent-(\d+)-/

/** A directory for the temporary files of sandboxed commands, made on first use. */
export function createTemporary(): { path(): Promise<string>; remove(): Promise<void> } {
  let made: Promise<string> | undefined
  const make = async () => {
    await sweepOnce()
    return mkdtemp(join(await realpath(tmpdir()), `emacs-agent-${process.pid}-`))
  }
  return {
    path: () => (made ??= make()),
    async remove() {
      const path = await made?.catch(() => undefined)
      made = undefined
      if (path !== undefined) await rm(path, { recursive: true, force: true }).catch(() => {}) // another backend sweeps it
    },
  }
}

/** Removes what backends that were killed have left. */
const sweepOnce = lazily(async () => {
  for (const name of await readdir(tmpdir())) {
    const [, pid] = NAME.exec(name) ?? []
    if (pid === undefined || startTimeOf(Number(pid)) !== null) continue
    await rm(join(tmpdir(), name), { recursive: true, force: true }).catch(() => {}) // of another user
  }
})
