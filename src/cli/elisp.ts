import { mkdir, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { writeAtomic } from '../base/files.ts'
import { CLIENT } from '../emacs/client.ts'
import { byteCompile } from './byte-compile.ts'
import type { Options } from './commands.ts'
import type { Process } from './process.ts'

/** A file of the client is no secret, and other users may share it. */
const READABLE = 0o644

/**
 * `elisp [--install DIR]`: writes the client's files to DIR, byte-compiles them where there is an Emacs, and says what to put
 * into the init file; or prints all of it as one file that Emacs can load. Returns the exit code. Throws what the file system
 * throws.
 */
export async function elisp(
  { install }: Partial<Options<'elisp'>>,
  { version, stdout, env }: Pick<Process, 'version' | 'stdout' | 'env'>,
): Promise<number> {
  if (install === undefined) {
    for (const name of inOrder()) stdout(stamped(name, version))
    return 0
  }
  const dir = resolve(install)
  await mkdir(dir, { recursive: true })
  for (const name of Object.keys(CLIENT)) {
    await writeAtomic(join(dir, name), stamped(name, version), READABLE)
    // Emacs would load an older compiled file in place of the new one.
    await rm(join(dir, `${name}c`), { force: true })
  }
  const compiled = await byteCompile(dir, env)
  const note =
    'version' in compiled
      ? `Byte-compiled by Emacs ${compiled.version}.`
      : `Not byte-compiled: ${compiled.reason}. C-u 0 M-x byte-recompile-directory in Emacs does it.`
  stdout(`Installed ${Object.keys(CLIENT).length} files in ${dir}. ${note} In your init file:

  (add-to-list 'load-path ${JSON.stringify(dir)})
  (require 'emacs-agent-commands)
  (global-set-key (kbd "C-c a") #'emacs-agent) ; or M-x emacs-agent

Set emacs-agent-program unless emacs-agent-backend is in PATH.
`)
  return 0
}

/** The version of a client is that of the executable it came with. */
const stamped = (name: string, version: string): string =>
  CLIENT[name]!.replace(/^(;; Version: ).*$/m, `$1${version}`).replace(
    /^(\(defconst emacs-agent-version ")[^"]*/m,
    `$1${version}`,
  )

/** Each file after those it requires. */
function inOrder(): string[] {
  const order: string[] = []
  const visit = (name: string): void => {
    if (order.includes(name) || !(name in CLIENT)) return
    for (const [, required] of CLIENT[name]!.matchAll(/^\(require '(emacs-agent[\w-]*)\)/gm)) visit(`${required}.el`)
    order.push(name)
  }
  Object.keys(CLIENT).forEach(visit)
  return order
}
