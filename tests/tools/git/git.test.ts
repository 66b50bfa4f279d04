import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gitDiff, gitLog, gitStatus, gitTools, parseStatus } from '../../../src/tools/git/git.ts'
import { call, createProject, type Project } from '../project.ts'

let project: Project
beforeEach(() => {
  project = createProject()
  project.git('init', '-q', '-b', 'main')
  project.write('a.txt', 'one\n')
  project.write('dir/b.txt', 'one\n')
  project.git('add', '.')
  project.git('commit', '-qm', 'first')
})
afterEach(() => project.remove())

const rows = (content: string) => JSON.parse(content.slice(content.indexOf('[')))

test('the tools and the levels they have when no rule speaks', () => {
  expect(gitTools.map(({ name, level, category }) => [name, level, category])).toEqual([
    ['git_status', 'read', 'git'],
    ['git_diff', 'read', 'git'],
    ['git_log', 'read', 'git'],
    ['git_branch', 'write', 'git'],
    ['git_commit', 'write', 'git'],
    ['git_push', 'dangerous', 'git'],
  ])
})

describe('parseStatus', () => {
  const oid = '0'.repeat(40)
  const table: [string, string[], ReturnType<typeof parseStatus>][] = [
    ['an unborn branch', ['# branch.oid (initial)', '# branch.head main'], { branch: 'On branch main.', files: [] }],
    [
      'a detached head',
      ['# branch.oid 1234567890abcdef', '# branch.head (detached)'],
      { branch: 'Detached at 1234567890.', files: [] },
    ],
    [
      'an upstream',
      ['# branch.head main', '# branch.upstream origin/main', '# branch.ab +1 -2'],
      { branch: 'On branch main, 1 ahead of and 2 behind origin/main.', files: [] },
    ],
    [
      'an upstream that is gone',
      ['# branch.head main', '# branch.upstream origin/main'],
      { branch: 'On branch main, whose upstream origin/main is gone.', files: [] },
    ],
    [
      'every kind of file',
      [
        '# branch.head main',
        `1 .M N... 100644 100644 100644 ${oid} ${oid} with two spaces`,
        `2 R. N... 100644 100644 100644 ${oid} ${oid} R100 new name`,
        'old name',
        `u UU N... 100644 100644 100644 100644 ${oid} ${oid} ${oid} both ways`,
        '? new\nline',
        '! ignored',
      ],
      {
        branch: 'On branch main.',
        files: [
          { status: '.M', path: 'with two spaces' },
          { status: 'R.', path: 'new name', from: 'old name' },
          { status: 'UU', path: 'both ways' },
          { status: '??', path: 'new\nline' },
        ],
      },
    ],
  ]
  test.each(table)('%s', (_, entries, expected) =>
    expect(parseStatus(entries.map(entry => `${entry}\0`).join(''))).toEqual(expected),
  )
})

describe('git_status', () => {
  test('branch and files', async () => {
    project.write('a.txt', 'two\n')
    project.write('new/c.txt', 'new\n')
    project.write('staged ü.txt', 'x')
    project.git('add', 'staged ü.txt')
    const { content, metadata, effect } = await call(gitStatus, {}, project.context)
    expect(content).toStartWith('On branch main.\n')
    expect(rows(content)).toEqual([
      { status: '.M', path: 'a.txt' },
      { status: 'A.', path: 'staged ü.txt' },
      { status: '??', path: 'new/' },
    ])
    expect(metadata).toEqual({ files: 3 })
    expect(effect).toEqual({ level: 'read', reason: 'Show the git status', reads: [project.path], writes: [] })
  })

  test('of one path', async () => {
    project.write('a.txt', 'two\n')
    project.write('dir/b.txt', 'two\n')
    const { content, effect } = await call(gitStatus, { path: 'dir' }, project.context)
    expect(rows(content)).toEqual([{ status: '.M', path: 'dir/b.txt' }])
    expect(effect.reads).toEqual([join(project.path, 'dir')])
  })

  test('of nothing', async () =>
    expect((await call(gitStatus, {}, project.context)).content).toBe('On branch main.\nNothing changed.'))

  test('of what was deleted, with its directory', async () => {
    rmSync(join(project.path, 'dir'), { recursive: true })
    const { content } = await call(gitStatus, { path: 'dir/b.txt' }, project.context)
    expect(rows(content)).toEqual([{ status: '.D', path: 'dir/b.txt' }])
  })

  test('names are literal', async () => {
    project.write('[ab].txt', 'x')
    project.write('a.txt', 'two\n')
    expect(rows((await call(gitStatus, { path: '[ab].txt' }, project.context)).content)).toEqual([
      { status: '??', path: '[ab].txt' },
    ])
    expect((await call(gitStatus, { path: '*.txt' }, project.context)).content).toEndWith('Nothing changed.')
    expect((await call(gitStatus, { path: ':(top)a.txt' }, project.context)).content).toEndWith('Nothing changed.')
    project.write('--help', 'x')
    expect((await call(gitStatus, { path: '--help' }, project.context)).content).toContain('"--help"')
  })

  test('a link is itself', async () => {
    symlinkSync('/', join(project.path, 'root'))
    const { content, effect } = await call(gitStatus, { path: 'root' }, project.context)
    expect(rows(content)).toEqual([{ status: '??', path: 'root' }])
    expect(effect.reads).toEqual([join(project.path, 'root')])
  })

  test('a repository inside the project', async () => {
    project.git('init', '-q', '-b', 'inner', 'nested')
    project.write('nested/x.txt', 'x')
    const { content } = await call(gitStatus, { path: 'nested' }, project.context)
    expect(content).toStartWith('On branch inner.')
    expect(rows(content)).toEqual([{ status: '??', path: 'nested/x.txt' }])
  })

  test('what git is in the middle of', async () => {
    project.git('switch', '-qc', 'topic')
    project.write('a.txt', 'topic\n')
    project.git('commit', '-qam', 'topic')
    project.git('switch', '-q', 'main')
    project.write('a.txt', 'main\n')
    project.git('commit', '-qam', 'main')
    expect(() => project.git('rebase', 'main', 'topic')).toThrow()
    const rebase = /^Detached at \w+\.\nA rebase of topic onto \w{10} is in progress, step 1 of 1\.\n/
    expect((await call(gitStatus, {}, project.context)).content).toMatch(rebase)
    project.git('rebase', '--abort')
    expect(() => project.git('merge', 'main')).toThrow()
    expect((await call(gitStatus, {}, project.context)).content).toStartWith(
      'On branch topic.\nA merge is in progress.\n',
    )
  })

  test('a changed submodule, of whose configuration nothing runs', async () => {
    const marker = join(project.root, 'marker')
    project.git('init', '-q', join(project.root, 'lib'))
    writeFileSync(join(project.root, 'lib', 'a'), 'a\n')
    writeFileSync(join(project.root, 'lib', '.gitattributes'), 'a filter=trap\n')
    project.git('-C', join(project.root, 'lib'), 'add', '.')
    project.git('-C', join(project.root, 'lib'), 'commit', '-qm', 'one')
    project.git('-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', join(project.root, 'lib'), 'sub')
    project.git('commit', '-qm', 'sub')
    expect((await call(gitStatus, {}, project.context)).content).toEndWith('Nothing changed.')
    project.git('-C', 'sub', 'config', 'filter.trap.clean', `touch '${marker}'; cat`)
    project.git('-C', 'sub', 'config', 'core.fsmonitor', `touch '${marker}'; true`)
    project.write('sub/a', 'b\n')
    expect(rows((await call(gitStatus, {}, project.context)).content)).toEqual([{ status: '.M', path: 'sub' }])
    expect((await call(gitStatus, { path: 'dir' }, project.context)).content).toEndWith('Nothing changed.')
    expect(existsSync(marker)).toBe(false)
  })

  test('a long list is cut', async () => {
    for (let n = 0; n < 510; n++) project.write(`f${n}`, '')
    const { content, metadata } = await call(gitStatus, {}, project.context)
    expect(content).toEndWith('\n10 more not shown.')
    expect(metadata).toEqual({ files: 510 })
  })
})

describe('git_diff', () => {
  test('unstaged and staged', async () => {
    project.write('a.txt', 'two\n')
    project.write('dir/b.txt', 'three\n')
    project.git('add', 'dir')
    const unstaged = await call(gitDiff, {}, project.context)
    expect(unstaged.content).toContain('--- a/a.txt\n+++ b/a.txt\n@@ -1 +1 @@\n-one\n+two')
    expect(unstaged.content).not.toContain('b.txt')
    expect((await call(gitDiff, { staged: true }, project.context)).content).toContain('+three')
    expect((await call(gitDiff, { path: 'dir' }, project.context)).content).toBe('No unstaged changes.')
  })

  test('never what no tool may read', async () => {
    const secrets = ['.env', 'conf/.env.local', 'key.pem', 'with space/.npmrc', '[x]/.env']
    for (const name of secrets) project.write(name, 'before\n')
    project.git('add', '.')
    project.git('commit', '-qm', 'secrets')
    for (const name of secrets) project.write(name, 'SECRET\n')
    project.write('a.txt', 'two\n')
    for (const staged of [false, true]) {
      if (staged) project.git('add', '.')
      const { content, metadata } = await call(gitDiff, { staged }, project.context)
      expect(content).toContain('+two')
      expect(content).not.toContain('SECRET')
      expect(content).not.toContain('before')
      for (const name of secrets) expect(content.slice(content.indexOf('[Not shown:'))).toContain(name)
      expect(metadata).toEqual({ files: 1, hidden: 5 })
    }
  })

  test('nor names that are not UTF-8, nor thousands of names', async () => {
    const odd = Buffer.concat([Buffer.from(join(project.path, 'caf')), Buffer.from([0xe9]), Buffer.from('.env')])
    const folder = join(project.path, 'many')
    mkdirSync(folder)
    const names = Array.from({ length: 3_000 }, (_, i) => join(folder, `.env.${'y'.repeat(120)}${i}`))
    const fill = (text: string) => {
      writeFileSync(odd, text)
      for (const name of names) writeFileSync(name, text)
    }
    fill('before\n')
    project.git('add', '-f', '.')
    project.git('commit', '-qm', 'secrets')
    fill('SECRET\n')
    project.write('a.txt', 'two\n')
    project.context.hidden = path => path.includes('.env')
    const { content, metadata } = await call(gitDiff, {}, project.context)
    expect(content).toContain('+two')
    expect(content).not.toMatch(/SECRET|before/)
    expect(content).toContain('and 2981 more]')
    expect(metadata).toEqual({ files: 1, hidden: 3_001 })
    for (const name of names) rmSync(name)
    project.git('commit', '-qam', 'gone')
    writeFileSync(odd, 'SECRET 2\n')
    const few = await call(gitDiff, {}, project.context)
    expect(few.content).not.toContain('SECRET')
    expect(few.metadata).toEqual({ files: 0, hidden: 1 })
  })

  test('nor what a rule hides, nor our own files, even renamed', async () => {
    project.write('hidden/x.txt', 'a long enough line to be recognised again\n')
    project.write('own/log', 'own\n')
    project.git('add', '.')
    project.git('commit', '-qm', 'more')
    project.git('mv', 'hidden/x.txt', 'hidden/y.txt')
    project.write('own/log', 'OWN\n')
    project.git('add', '.')
    project.context.hidden = path => path.startsWith(join(project.path, 'hidden'))
    project.context.roots.forbidden.push(join(project.path, 'own'))
    const { content } = await call(gitDiff, { staged: true }, project.context)
    expect(content).toBe('[Not shown: hidden/x.txt, hidden/y.txt, own/log]')
  })

  test('before the first commit', async () => {
    rmSync(join(project.path, '.git'), { recursive: true })
    project.git('init', '-q')
    project.git('add', 'a.txt')
    expect((await call(gitDiff, { staged: true }, project.context)).content).toContain('+one')
  })

  test('an endless one is spilled', async () => {
    project.write('a.txt', 'changed line\n'.repeat(200_000))
    const { content } = await call(gitDiff, {}, project.context)
    expect(content.length).toBeLessThan(30_000)
    expect(content).toContain('spill:tc_test')
    expect(readFileSync(join(project.root, 'tc_test.spill'), 'utf8').split('\n')).toHaveLength(200_007)
  })
})

describe('git_log', () => {
  test('newest first', async () => {
    project.env.GIT_AUTHOR_DATE = '2026-01-02T03:04:05Z'
    project.env.TZ = 'UTC'
    project.git('commit', '-q', '--allow-empty', '-m', 'second, with ü\n\nbody')
    const { content, metadata } = await call(gitLog, {}, project.context)
    expect(rows(content)).toMatchObject([
      { date: '2026-01-02 03:04', author: 'Ann', subject: 'second, with ü' },
      { subject: 'first' },
    ])
    expect(metadata).toEqual({ commits: 2 })
    expect(rows((await call(gitLog, { limit: 1 }, project.context)).content)).toHaveLength(1)
    expect(rows((await call(gitLog, { path: 'dir' }, project.context)).content)).toHaveLength(1)
    expect((await call(gitLog, { path: 'none' }, project.context)).content).toBe('No commit touches that path.')
  })

  test('none yet', async () => {
    rmSync(join(project.path, '.git'), { recursive: true })
    project.git('init', '-q')
    expect((await call(gitLog, {}, project.context)).content).toBe('There are no commits yet.')
  })

  test('a limit has to be one', () => {
    expect(() => gitLog.parse({ limit: 0 })).toThrow()
    expect(() => gitLog.parse({ limit: 'five' })).toThrow()
  })

  test('as TOON', async () => {
    writeFileSync(join(project.path, 'a.txt'), 'x')
    for (let n = 0; n < 5; n++) project.git('commit', '-q', '--allow-empty', '-m', `commit ${n}`)
    const { content } = await call(gitLog, {}, { ...project.context, toon: true })
    expect(content).toStartWith('[6]{commit,date,author,subject}:')
  })
})
