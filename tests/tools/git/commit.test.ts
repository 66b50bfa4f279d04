import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { mkdirSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { gitBranch } from '../../../src/tools/git/branch.ts'
import { gitCommit, gitPush } from '../../../src/tools/git/commit.ts'
import { call, createProject, type Project } from '../project.ts'

let project: Project
beforeEach(() => {
  project = createProject()
  project.git('init', '-q', '-b', 'main')
  project.write('a.txt', 'one\n')
  project.write('b.txt', 'one\n')
  project.git('add', '.')
  project.git('commit', '-qm', 'first')
})
afterEach(() => project.remove())

const committed = () => project.git('show', '--name-status', '--format=', 'HEAD').split('\n')

describe('git_commit', () => {
  test('what is staged', async () => {
    project.write('a.txt', 'two\n')
    project.write('b.txt', 'two\n')
    project.git('add', 'a.txt')
    const message = '-- Subject with `ü` and "quotes"\n\n# no comment\nbody'
    const { effect, metadata, content } = await call(gitCommit, { message }, project.context)
    expect(effect).toEqual({
      level: 'write',
      reason: 'Commit what is staged (a.txt): -- Subject with `ü` and "quotes"',
      reads: [join(project.path, 'a.txt')],
      writes: [],
    })
    expect(project.git('log', '-1', '--format=%B')).toBe(message)
    expect(committed()).toEqual(['M\ta.txt'])
    expect(metadata).toEqual({ commit: project.git('rev-parse', 'HEAD') })
    expect(content).toContain('1 file changed')
  })

  test('these files only: new, changed, deleted, linked', async () => {
    project.write('staged.txt', 'x')
    project.git('add', 'staged.txt')
    project.write('a.txt', 'two\n')
    project.write('[n]ew.txt', 'new\n')
    project.write('n.txt', 'not asked for\n')
    symlinkSync('a.txt', join(project.path, 'link'))
    project.git('rm', '-q', '--cached', 'b.txt')
    const files = ['a.txt', '[n]ew.txt', 'link', './dir/../b.txt']
    mkdirSync(join(project.path, 'dir'))
    project.git('reset', '-q', 'b.txt')
    rmSync(join(project.path, 'b.txt'))
    const { effect } = await call(gitCommit, { message: 'some', files }, project.context)
    expect(effect.reason).toBe('Commit 4 files: some')
    expect(committed().sort()).toEqual(['A\t[n]ew.txt', 'A\tlink', 'D\tb.txt', 'M\ta.txt'])
    expect(project.git('status', '--porcelain')).toContain('A  staged.txt')
  })

  const failures: [string, object, string, RegExp][] = [
    ['nothing staged', { message: 'm' }, 'TOOL_FAILED', /Nothing is staged/],
    ['no message', { message: ' \n' }, 'INVALID_PARAMS', /message/],
    ['a file outside', { message: 'm', files: ['../x'] }, 'PERMISSION_DENIED', /not open/],
    ['a file that is not there', { message: 'm', files: ['missing'] }, 'TOOL_FAILED', /missing/],
    ['an option', { message: 'm', files: ['--amend'] }, 'TOOL_FAILED', /--amend/],
    ['files without a change', { message: 'm', files: ['a.txt'] }, 'TOOL_FAILED', /nothing|no changes/],
  ]
  test.each(failures)('%s', (_, params, code, message) =>
    expect(call(gitCommit, params, project.context)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    }),
  )

  test('nobody to commit as', async () => {
    for (const name of Object.keys(project.env)) if (/AUTHOR|COMMITTER/.test(name)) delete project.env[name]
    project.git('config', 'user.useConfigOnly', 'true')
    project.write('a.txt', 'two\n')
    project.git('add', '.')
    await expect(gitCommit.effect({ message: 'm' }, project.context)).rejects.toMatchObject({
      code: 'TOOL_FAILED',
      message: expect.stringContaining('user.name'),
    })
  })

  test('hooks run, and may refuse', async () => {
    project.write('.git/hooks/pre-commit', '#!/bin/sh\necho "no good" >&2\nexit 1\n', 0o755)
    project.write('a.txt', 'two\n')
    await expect(call(gitCommit, { message: 'm', files: ['a.txt'] }, project.context)).rejects.toMatchObject({
      code: 'TOOL_FAILED',
      message: 'git failed: no good',
    })
  })

  test('filters run', async () => {
    project.write('.gitattributes', 'c.txt filter=up\n')
    project.git('config', 'filter.up.clean', 'tr a-z A-Z')
    project.write('c.txt', 'shout\n')
    await call(gitCommit, { message: 'm', files: ['c.txt'] }, project.context)
    expect(project.git('show', 'HEAD:c.txt')).toBe('SHOUT')
  })

  test('what was staged after it was shown is not committed', async () => {
    project.write('a.txt', 'two\n')
    project.git('add', 'a.txt')
    const params = { message: 'm' }
    const effect = await gitCommit.effect(params, project.context)
    project.write('b.txt', 'two\n')
    project.git('add', 'b.txt')
    await expect(gitCommit.run(params, project.context, effect)).rejects.toMatchObject({ code: 'STALE_FILE' })
  })
})

describe('git_branch', () => {
  test('lists', async () => {
    project.git('branch', 'other')
    const { content, effect } = await call(gitBranch, {}, project.context)
    expect(effect.level).toBe('read')
    expect(JSON.parse(content)).toMatchObject([
      { current: true, branch: 'main' },
      { current: false, branch: 'other' },
    ])
  })

  test('creates, switches, and reports what that changed', async () => {
    const created = await call(gitBranch, { name: 'topic/x', create: true }, project.context)
    expect(created.effect).toMatchObject({ level: 'write', reason: 'Create and switch to the git branch topic/x' })
    expect(created.changes).toEqual([])
    expect(project.git('branch', '--show-current')).toBe('topic/x')
    project.write('a.txt', 'two\n')
    project.write('new ü.txt', 'x')
    project.git('rm', '-q', 'b.txt')
    project.git('add', '.')
    project.git('commit', '-qm', 'second')
    const { changes } = await call(gitBranch, { name: 'main' }, project.context)
    expect(changes?.map(({ path, change, operation }) => [path, change, operation])).toEqual([
      [join(project.path, 'a.txt'), 'modified', 'shell'],
      [join(project.path, 'b.txt'), 'created', 'shell'],
      [join(project.path, 'new ü.txt'), 'deleted', 'shell'],
    ])
  })

  test.each(['-D', '--orphan', 'a..b', 'a b', 'x~1', 'x:y', ''])('%j is no branch', name =>
    expect(call(gitBranch, { name, create: true }, project.context)).rejects.toMatchObject({ code: 'INVALID_PARAMS' }),
  )

  test('one that is missing, or there already', async () => {
    await expect(call(gitBranch, { name: 'missing' }, project.context)).rejects.toMatchObject({ code: 'TOOL_FAILED' })
    await expect(call(gitBranch, { name: 'main', create: true }, project.context)).rejects.toMatchObject({
      code: 'TOOL_FAILED',
    })
  })
})

describe('git_push', () => {
  let bare: string
  const remote = (...args: string[]) => project.git('--git-dir', bare, ...args)
  beforeEach(() => {
    bare = join(project.root, 'remote.git')
    project.git('init', '-q', '--bare', bare)
    project.git('remote', 'add', 'origin', bare)
  })

  test('the current branch to the only remote', async () => {
    const { effect, metadata } = await call(gitPush, {}, project.context)
    expect(effect).toMatchObject({ level: 'dangerous', reason: `Push the git branch main to origin (${bare})` })
    expect(metadata).toEqual({ remote: 'origin', branch: 'main' })
    expect(remote('rev-parse', 'main')).toBe(project.git('rev-parse', 'HEAD'))
  })

  test('never forced, whatever the configuration says', async () => {
    await call(gitPush, {}, project.context)
    const before = remote('rev-parse', 'main')
    project.git('commit', '-q', '--amend', '-m', 'rewritten')
    project.git('config', 'remote.origin.push', '+refs/heads/*:refs/heads/*')
    await expect(call(gitPush, {}, project.context)).rejects.toMatchObject({
      code: 'TOOL_FAILED',
      message: expect.stringContaining('rejected'),
    })
    project.git('config', 'remote.origin.mirror', 'true')
    await expect(call(gitPush, {}, project.context)).rejects.toMatchObject({ code: 'TOOL_FAILED' })
    expect(remote('rev-parse', 'main')).toBe(before)
  })

  const refused: [string, object][] = [
    ['a URL', { remote: 'https://example.org/x.git' }],
    ['a path', { remote: '../remote.git' }],
    ['an option as remote', { remote: '--force' }],
    ['an unknown remote', { remote: 'upstream' }],
    ['a refspec', { branch: 'main:other' }],
    ['a forced refspec', { branch: '+main' }],
    ['a deletion', { branch: ':main' }],
    ['an option as branch', { branch: '--mirror' }],
    ['a branch that is not here', { branch: 'missing' }],
  ]
  test.each(refused)('%s is refused before anybody is asked', (_, params) =>
    expect(gitPush.effect(gitPush.parse(params), project.context)).rejects.toMatchObject({ code: 'INVALID_PARAMS' }),
  )

  test('ext:: runs nothing', async () => {
    project.git('config', 'remote.origin.url', `ext::touch ${join(project.root, 'marker')}`)
    project.git('config', 'protocol.ext.allow', 'always')
    await expect(call(gitPush, {}, project.context)).rejects.toMatchObject({
      message: expect.stringContaining("transport 'ext' not allowed"),
    })
  })

  test('passwords in URLs are not shown, to people or models', async () => {
    project.git('config', 'remote.origin.url', 'http://ann:hunter2@127.0.0.1:1/x.git')
    const effect = await gitPush.effect({}, project.context)
    expect(effect.reason).toBe('Push the git branch main to origin (http://127.0.0.1:1/x.git)')
    await gitPush.run({}, project.context, effect).then(
      () => expect.unreachable(),
      error => expect(error.message).not.toContain('hunter2'),
    )
  })

  test('another remote than the one that was shown is not used', async () => {
    const effect = await gitPush.effect({}, project.context)
    project.git('config', 'remote.origin.url', '/elsewhere')
    await expect(gitPush.run({}, project.context, effect)).rejects.toMatchObject({ code: 'STALE_FILE' })
  })

  test('a detached head', async () => {
    project.git('checkout', '-q', '--detach')
    await expect(gitPush.effect({}, project.context)).rejects.toMatchObject({ code: 'TOOL_FAILED' })
  })
})
