import { createHash } from 'node:crypto'
import { cpSync, lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { git } from './committed.ts'
import { tempDir } from './temp.ts'
import { put } from './undoing.ts'

const lines = (name: string, count: number, end = '\n') =>
  Array.from({ length: count }, (_, n) => `${name} ${n}${end}`).join('')

function fill(root: string): void {
  put(root, 'a.txt', lines('a', 30))
  put(root, 'b.txt', lines('b', 12))
  put(root, 'crlf.txt', lines('c', 12, '\r\n'))
  put(root, 'dir/c.txt', lines('c', 5))
  put(root, 'dir/sub/d.txt', 'no end')
  put(root, 'dir/sub/latin.txt', Buffer.from('caf\xe9\nth\xe9\n', 'latin1'))
  put(root, 'empty', '')
  put(root, 'bin.dat', Buffer.from([0, 1, 2, 255, 10, 0]))
  put(root, 'run.sh', '#!/bin/sh\nexit 0\n', 0o755)
  symlinkSync('a.txt', join(root, 'link'))
  symlinkSync('nowhere', join(root, 'dangling'))
}

/** A repository with all that an undo must leave alone: staged, unstaged, untracked and ignored files, a stash. */
function repository(root: string): void {
  git(root, 'init', '-q', '-b', 'main')
  put(root, '.gitignore', '*.log\n')
  git(root, 'add', '.')
  git(root, 'commit', '-qm', 'first')
  put(root, 'b.txt', 'stashed\n')
  git(root, 'stash')
  put(root, 'a.txt', `staged\n${lines('a', 30)}`)
  git(root, 'add', 'a.txt')
  put(root, 'a.txt', `dirty\nstaged\n${lines('a', 30)}`)
  put(root, 'new.txt', lines('new', 6))
  put(root, 'x.log', 'ignored\n')
}

/** Made once, then copied. */
const templates = {
  plain: (root: string) => fill(root),
  dirty: (root: string) => {
    fill(root)
    repository(root)
  },
  submodule: (root: string) => {
    const other = tempDir()
    fill(other)
    git(other, 'init', '-q', '-b', 'main')
    git(other, 'add', '.')
    git(other, 'commit', '-qm', 'other')
    fill(root)
    repository(root)
    git(root, '-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', other, 'module')
  },
  worktree: (root: string) => {
    const main = join(root, 'main')
    mkdirSync(main)
    fill(main)
    repository(main)
    git(main, 'worktree', 'add', '-q', join(main, 'tree'), '-b', 'side')
    put(join(main, 'tree'), 'new.txt', lines('new', 6))
  },
}
export type TreeKind = keyof typeof templates
export const KINDS = Object.keys(templates) as TreeKind[]
const made = new Map<TreeKind, string>()

/** A fresh tree of the kind; `git` is where git's own files are, null where there is none. */
export function makeTree(kind: TreeKind): { root: string; git: string | null } {
  if (kind === 'worktree') {
    // Its two parts know each other by their absolute paths.
    const base = tempDir()
    templates.worktree(base)
    return { root: join(base, 'main/tree'), git: join(base, 'main/.git') }
  }
  if (!made.has(kind)) {
    const template = tempDir()
    templates[kind](template)
    made.set(kind, template)
  }
  const root = tempDir()
  cpSync(made.get(kind)!, root, { recursive: true, verbatimSymlinks: true })
  return { root, git: kind === 'plain' ? null : join(root, '.git') }
}

/** All of git's files: index, refs, stash, objects. */
export function gitState(directory: string | null): string {
  const hash = createHash('sha256')
  const walk = (path: string) => {
    for (const name of readdirSync(path).sort()) {
      const child = join(path, name)
      const found = lstatSync(child)
      hash.update(`${child.slice(directory!.length)}\0${found.mode}\0`)
      if (found.isDirectory()) walk(child)
      else hash.update(found.isSymbolicLink() ? readlinkSync(child) : readFileSync(child))
    }
  }
  if (directory) walk(directory)
  return hash.digest('hex')
}
