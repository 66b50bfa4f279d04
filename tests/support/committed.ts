import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Home } from './backend.ts'
import { tempDir } from './temp.ts'

/** The variables by which git commits without a configuration. */
export const AUTHOR = {
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_AUTHOR_NAME: 'Ann',
  GIT_AUTHOR_EMAIL: 'ann@example.org',
  GIT_COMMITTER_NAME: 'Ann',
  GIT_COMMITTER_EMAIL: 'ann@example.org',
}
const ENV = { PATH: process.env.PATH ?? '', HOME: '/nonexistent', ...AUTHOR }

/** Plain git without any configuration but that of the repository. */
export const git = (cwd: string, ...args: string[]): string =>
  execFileSync('git', args, { cwd, env: ENV, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })

/** A repository whose only commit has these files. */
export function committed(files: Record<string, string>): string {
  const root = tempDir(files)
  git(root, 'init', '-q', '-b', 'main')
  git(root, 'add', '-A')
  git(root, 'commit', '-q', '-m', 'first')
  return root
}

/** All that git knows of a repository but the files of its work tree. */
export const gitState = (root: string): string =>
  [
    git(root, 'worktree', 'list', '--porcelain'),
    git(root, 'for-each-ref'),
    git(root, 'ls-files', '--stage'),
    git(root, 'rev-parse', 'HEAD'),
    git(root, 'stash', 'list'),
  ].join('\n')

/** What a backend has in the place for worktrees. */
export function worktreesOf({ state }: Home): string[] {
  const directory = join(state, 'worktrees')
  return existsSync(directory) ? readdirSync(directory) : []
}
