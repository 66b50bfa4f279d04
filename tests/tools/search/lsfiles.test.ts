import { expect, test } from 'bun:test'
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { searchTools } from '../../../src/tools/search/search.ts'
import { FUZZ_SEED } from '../../support/fuzz.ts'
import { call, createProject } from '../project.ts'

const searchFiles = searchTools[0]!
const git = spawnSync('git', ['--version']).error === undefined

const name = fc.constantFrom(
  'a',
  'b',
  'ab',
  'A',
  '1',
  '-',
  '.a',
  'a b',
  'ü',
  'a.log',
  '[a]',
  '#a',
  '!a',
  'a]',
  '{a,b}',
  'a~',
)
const path = fc.array(name, { minLength: 1, maxLength: 3 }).map(names => names.join('/'))
const piece = fc.constantFrom(
  ...['a', 'b', '.', '*', '?', '**', '/', '/**', '**/', '[a-c]', '[!a]', '[^a]', '[[:alpha:]]', '[^[:digit:]]'],
  ...['[]a]', '[a', '\\a', '\\[', '{a,b}', ' ', '.log', '~', '#', '[[:nosuch:]a]', '[b-a]', '[a-]', '[\\]]', '[[]'],
)
const rule = fc.tuple(
  fc.constantFrom('', '', '!', '/'),
  fc.array(piece, { maxLength: 4 }),
  fc.constantFrom('', '', '/', ' '),
)
const rules = fc
  .array(rule, { maxLength: 5 })
  .map(lines => lines.map(([open, body, close]) => `${open}${body.join('')}${close}\n`).join(''))

const tree = fc.record({
  files: fc.uniqueArray(path, { minLength: 1, maxLength: 14 }),
  tracked: fc.array(fc.boolean(), { minLength: 14, maxLength: 14 }),
  top: rules,
  nested: fc.option(rules),
  exclude: rules,
  global: rules,
  version: fc.constantFrom('2', '3', '4'),
})

test.skipIf(!git)(
  'lists what git ls-files lists (needs git)',
  async () => {
    await fc.assert(
      fc.asyncProperty(tree, async ({ files, tracked, top, nested, exclude, global, version }) => {
        const project = createProject()
        try {
          project.git('init', '-q')
          const written = files.filter(file => tryWrite(project, file))
          const chosen = written.filter((_, i) => tracked[i])
          if (chosen.length > 0) {
            project.git('-c', `index.version=${version}`, '--literal-pathspecs', 'add', '-f', '--', ...chosen)
            if (version === '3') project.git('update-index', '--skip-worktree', '--', chosen[0]!)
          }
          project.write('.gitignore', top)
          if (nested !== null) tryWrite(project, 'a/.gitignore', nested)
          project.write('.git/info/exclude', exclude)
          writeFileSync(join(project.home, 'ignore'), global)
          writeFileSync(join(project.home, '.gitconfig'), '[core]\n\texcludesFile = ~/ignore\n')
          const listed = project.git('ls-files', '-z', '-co', '--exclude-standard').split('\0').filter(Boolean)
          const { content } = await call(searchFiles, { pattern: '**' }, project.context)
          const found = content.split('\n').filter(line => line !== '' && !/^\[.*\.\]$/.test(line))
          expect(found.sort()).toEqual([...new Set(listed)].sort())
        } finally {
          await project.remove()
        }
      }),
      { numRuns: Number(process.env.FUZZ_RUNS ?? 40), seed: FUZZ_SEED },
    )
  },
  300_000,
)

/** Not where a file of that name stands in the way. */
function tryWrite(project: ReturnType<typeof createProject>, file: string, text = ''): boolean {
  try {
    project.write(file, text)
    return true
  } catch {
    return false
  }
}
