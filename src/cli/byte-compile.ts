import { spawn } from 'node:child_process'
import { isAbsolute, parse } from 'node:path'
import { findExecutable } from '../tools/shell/executable.ts'

type Env = Readonly<Record<string, string | undefined>>

const PATIENCE_MS = 180_000
/** The variables that Emacs needs. It receives no others. */
const NEEDED = ['PATH', 'HOME', 'LANG', 'LC_ALL', 'TMPDIR', 'TEMP', 'SystemRoot', 'LD_LIBRARY_PATH'] as const

/** Deletes what it compiled when a file fails, because Emacs would load compiled files beside others that are not. */
const COMPILE = `(let ((files (directory-files default-directory t "\\\\\`emacs-agent.*\\\\.el\\\\'")))
  (push default-directory load-path)
  (setq byte-compile-verbose nil inhibit-message t)
  (unless (cl-every (lambda (file) (eq t (byte-compile-file file))) files)
    (dolist (file files) (ignore-errors (delete-file (concat file "c"))))
    (kill-emacs 1))
  (princ emacs-version))`

/** `version` is of the Emacs that compiled the files. */
export type Compiled = { version: string } | { reason: string }

/**
 * Byte-compiles the client's files in `dir` with the Emacs that EMACS names by its absolute path, or the first one on PATH.
 * Resolves with the reason when nothing was compiled: the client works, but more slowly. Emacs compiles natively itself
 * what it has loaded byte-compiled.
 */
export async function byteCompile(dir: string, env: Env): Promise<Compiled> {
  const emacs = await findEmacs(env)
  if (!emacs) return { reason: 'there is no emacs in PATH' }
  const given = Object.fromEntries(NEEDED.flatMap(name => (env[name] === undefined ? [] : [[name, env[name]]])))
  const child = spawn(emacs, ['-Q', '--batch', '-l', 'cl-lib', '--eval', COMPILE], {
    cwd: dir,
    env: given,
    stdio: ['ignore', 'pipe', 'ignore'],
    timeout: PATIENCE_MS,
  })
  let version = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    version += text
  })
  const code = await new Promise<number | string>(resolve => {
    child.on('error', error => resolve(error.message))
    child.on('close', (status, signal) => resolve(status ?? signal ?? 1))
  })
  return code === 0 ? { version: version.trim() } : { reason: `${emacs} ended with ${code}` }
}

async function findEmacs(env: Env): Promise<string | null> {
  if (env.EMACS && isAbsolute(env.EMACS)) return env.EMACS
  const project = parse(process.cwd()).root // there is none: with the root of the file system no program is left out
  return findExecutable('emacs', { PATH: env.PATH ?? '' }, project)
}
