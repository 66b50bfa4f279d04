import { expect, test } from 'bun:test'
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isIgnored, parseIgnore } from '../../../src/tools/search/ignore.ts'
import { tempDir } from '../../support/temp.ts'

const PATHS = [
  'a.log',
  'b/a.log',
  'keep.log',
  'b/keep.log',
  'build/',
  'b/build/',
  'x/y/z.ts',
  'x/z.ts',
  '#x',
  '!x',
  'tail ',
  'tail',
  'doc/a.txt',
  'doc/sub/a.txt',
  'foo/bar/baz',
  'foo/baz',
  '.hidden',
  'star*',
  'starry',
  'Upper',
  '{a,b}',
]

const FILES = [
  '*.log\n!keep.log',
  '# comment\n\\#x\n\\!x\n',
  'build/\n',
  '/build/',
  'b/build',
  'x/**/z.ts',
  '**/z.ts',
  'x/**',
  'tail  ',
  'tail\\ ',
  'doc/*.txt',
  'doc/**/*.txt\r\n!doc/a.txt\r\n',
  'foo/**/baz',
  'star\\*',
  'a\\[b',
  '[a-z]*',
  '.*',
  'upper',
  '{a,b}',
  '/*\n!/doc',
  'foo/',
  '/',
  '\\',
  '!',
  '***',
  'b/*\n!b/keep.log',
]

const git = spawnSync('git', ['--version']).error === undefined

test.skipIf(!git).each(FILES)('decides as git does (needs git): %p', rules => {
  const directory = tempDir()
  spawnSync('git', ['init', '-q'], { cwd: directory })
  writeFileSync(join(directory, '.gitignore'), rules)
  const parsed = parseIgnore(rules)
  const ours = PATHS.filter(path => ignoredWithParents(parsed, path))
  const { stdout } = spawnSync('git', ['-c', 'core.ignorecase=false', 'check-ignore', '--no-index', '-z', '--stdin'], {
    cwd: directory,
    input: PATHS.join('\0'),
  })
  expect(ours).toEqual(stdout.toString().split('\0').filter(Boolean))
})

/** A walk never gets below an ignored directory. */
function ignoredWithParents(rules: ReturnType<typeof parseIgnore>, path: string): boolean {
  const names = path.replace(/\/$/, '').split('/')
  return names.some((_, i) => {
    const isDirectory = i < names.length - 1 || path.endsWith('/')
    return isIgnored(rules, names.slice(0, i + 1).join('/'), isDirectory) === true
  })
}
