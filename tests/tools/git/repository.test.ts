import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gitBranch } from '../../../src/tools/git/branch.ts'
import { gitCommit, gitPush } from '../../../src/tools/git/commit.ts'
import { gitDiff, gitLog, gitStatus } from '../../../src/tools/git/git.ts'
import { openRepository } from '../../../src/tools/git/repository.ts'
import type { Tool } from '../../../src/tools/tool.ts'
import { createTree } from '../../../src/undo/tree.ts'
import { call, createProject, type Project } from '../project.ts'

let project: Project
let marker: string
let trap: string
beforeEach(() => {
  project = createProject()
  marker = join(project.root, 'marker')
  trap = join(project.root, 'trap')
  writeFileSync(trap, `#!/bin/sh\ntouch '${marker}'\nexit 1\n`, { mode: 0o755 })
  project.git('init', '-q', '-b', 'main')
  project.write('a.txt', 'one\n')
  project.git('add', '.')
  project.git('commit', '-qm', 'first')
  project.write('a.txt', 'two\n')
})
afterEach(() => project.remove())

const head = () => project.git('rev-parse', 'HEAD')

/** All that runs without anybody being asked. Failing is fine (and returned), running something is not. */
async function automatic(path?: string): Promise<string[]> {
  const { context } = project
  const calls: [Tool, object][] = [
    [gitStatus, { path }],
    [gitDiff, { path }],
    [gitDiff, { path, staged: true }],
    [gitLog, { path }],
    [gitBranch, {}],
  ]
  const failures: string[] = []
  for (const [tool, params] of calls) await call(tool, params, context).catch(error => failures.push(error.message))
  await gitCommit.effect({ message: 'm' }, context).catch(() => null)
  await gitCommit.effect({ message: 'm', files: ['a.txt'] }, context).catch(() => null)
  await gitPush.effect({}, context).catch(() => null)
  await gitBranch.effect({ name: 'b', create: true }, context).catch(() => null)
  const tree = createTree(join(project.root, 'tree'), context.roots)
  await tree.look(context)
  tree.remove()
  return failures
}

/** Each sets a trap, and names a plain git command that springs it: a trap that never springs would prove nothing. */
const traps: [name: string, set: () => void, spring: string[]][] = [
  ['core.fsmonitor', () => project.git('config', 'core.fsmonitor', trap), ['status']],
  ['a clean filter', () => attribute('filter', 'x', { clean: trap }), ['status']],
  ['a filter process', () => attribute('filter', 'x', { process: trap }), ['status']],
  ['a required filter', () => attribute('filter', 'x', { clean: trap, required: 'true' }), ['status']],
  ['a filter with = in its name', () => attribute('filter', 'a=b', { clean: trap }), ['status']],
  ['a filter with dots and capitals', () => attribute('filter', 'A.clean.b', { clean: trap }), ['status']],
  [
    'a filter of an included file',
    () => {
      project.write('.gitattributes', '* filter=x\n')
      writeFileSync(join(project.path, '.git/more'), `[filter "x"]\n\tclean = ${trap}\n`)
      project.git('config', 'include.path', 'more')
    },
    ['status'],
  ],
  [
    'a filter of a work tree configuration',
    () => {
      project.write('.gitattributes', '* filter=x\n')
      project.git('config', 'extensions.worktreeConfig', 'true')
      project.git('config', '--worktree', 'filter.x.clean', trap)
    },
    ['status'],
  ],
  ['diff.external', () => project.git('config', 'diff.external', trap), ['diff']],
  ['a diff command', () => attribute('diff', 'x', { command: trap }), ['diff']],
  ['a text conversion', () => attribute('diff', 'x', { textconv: trap }), ['diff']],
  ['a text conversion in the log', () => attribute('diff', 'x', { textconv: trap }), ['log', '-p']],
  [
    'a hook',
    () => {
      const hook = join(project.path, '.git/hooks/post-index-change')
      mkdirSync(join(project.path, '.git/hooks'), { recursive: true })
      cpSync(trap, hook)
      project.write('a.txt', 'one\n')
    },
    ['status'],
  ],
  [
    'core.hooksPath',
    () => {
      mkdirSync(join(project.root, 'hooks'))
      cpSync(trap, join(project.root, 'hooks/post-index-change'))
      project.git('config', 'core.hooksPath', join(project.root, 'hooks'))
      project.write('a.txt', 'one\n')
    },
    ['status'],
  ],
  [
    'a signature check',
    () => {
      const commit = project.git('cat-file', 'commit', 'HEAD')
      const signature = 'gpgsig -----BEGIN PGP SIGNATURE-----\n \n iQ==\n -----END PGP SIGNATURE-----\n'
      const signed = join(project.root, 'commit')
      writeFileSync(signed, `${commit.replace(/\n\n/, `\n${signature}\n`)}\n`)
      project.git('reset', '-q', '--hard', project.git('hash-object', '-t', 'commit', '-w', signed))
      project.git('config', 'log.showSignature', 'true')
      project.git('config', 'gpg.program', trap)
    },
    ['log'],
  ],
  ['fetching a missing object over ext::', () => promisor(`ext::${trap}`), ['diff']],
  [
    'fetching a missing object with core.sshCommand',
    () => {
      promisor('ssh://127.0.0.1/nothing')
      project.git('config', 'core.sshCommand', trap)
    },
    ['diff'],
  ],
  [
    'fetching a missing object with an upload program',
    () => {
      promisor(project.path)
      project.git('config', 'remote.origin.uploadpack', trap)
    },
    ['diff'],
  ],
  ['a submodule', () => submodule(), ['status']],
  [
    'a submodule whose diff is shown',
    () => {
      submodule()
      project.git('config', 'diff.submodule', 'diff')
      project.git('config', 'status.submoduleSummary', 'true')
    },
    ['diff'],
  ],
]

function attribute(kind: 'filter' | 'diff', name: string, settings: Record<string, string>) {
  project.write('.gitattributes', `* ${kind}=${name}\n`)
  for (const [key, value] of Object.entries(settings)) project.git('config', `${kind}.${name}.${key}`, value)
}

/** A partial clone whose remote would be asked for the object that is missing. */
function promisor(url: string) {
  const blob = project.git('rev-parse', 'HEAD:a.txt')
  rmSync(join(project.path, '.git/objects', blob.slice(0, 2), blob.slice(2)))
  for (const [key, value] of [
    ['core.repositoryFormatVersion', '1'],
    ['extensions.partialClone', 'origin'],
    ['remote.origin.promisor', 'true'],
    ['remote.origin.url', url],
    ['protocol.ext.allow', 'always'],
  ])
    project.git('config', key!, value!)
}

function submodule() {
  const inner = (...args: string[]) =>
    execFileSync('git', ['-C', join(project.path, 'sub'), ...args], { env: project.env })
  mkdirSync(join(project.path, 'sub'))
  inner('init', '-q')
  project.write('sub/b.txt', 'b\n')
  inner('add', '.')
  inner('commit', '-qm', 'sub')
  project.write('.gitmodules', '[submodule "sub"]\n\tpath = sub\n\turl = ./sub\n')
  project.git('-c', 'advice.addEmbeddedRepo=false', 'add', '.')
  project.git('commit', '-qm', 'with a submodule')
  project.write('sub/b.txt', 'changed\n')
  inner('config', 'core.fsmonitor', trap)
  inner('config', 'diff.external', trap)
}

describe('automatic calls run nothing of the repository', () => {
  test.each(traps)('%s', async (_, set, spring) => {
    set()
    await automatic()
    expect(existsSync(marker)).toBe(false)
    // Last, because some traps spring only once.
    try {
      project.git(...spring)
    } catch {
      // The trap is no proper filter, monitor or server: that it ran is enough.
    }
    expect(existsSync(marker)).toBe(true)
  })

  test('a bare repository among the files', async () => {
    const bare = join(project.path, 'bare')
    execFileSync('git', ['init', '-q', '--bare', bare], { env: project.env })
    execFileSync('git', ['-C', bare, 'config', 'core.fsmonitor', trap])
    execFileSync('git', ['-C', bare, 'config', 'core.bare', 'false'])
    execFileSync('git', ['-C', bare, 'config', 'core.worktree', project.path])
    await automatic('bare')
    expect(existsSync(marker)).toBe(false)
  })

  test.each([
    ['GIT_EXTERNAL_DIFF', () => trap],
    ['GIT_TRACE', () => marker],
    ['GIT_TRACE2', () => marker],
    ['GIT_SSH_COMMAND', () => trap],
    ['GIT_PAGER', () => trap],
    ['GIT_CONFIG_COUNT', () => '1'],
  ])('%s in the environment', async (name, value) => {
    project.env[name] = value()
    project.env.GIT_CONFIG_KEY_0 = 'core.fsmonitor'
    project.env.GIT_CONFIG_VALUE_0 = trap
    await automatic()
    expect(existsSync(marker)).toBe(false)
  })

  test('a git of the project', async () => {
    cpSync(trap, project.write('bin/git', ''))
    project.env.PATH = `${project.path}/bin:.:${project.env.PATH}`
    project.context.roots.project = project.path
    await automatic()
    expect(existsSync(marker)).toBe(false)
    const { git } = await openRepository(project.path, project.context)
    expect(git).not.toStartWith(project.path)
  })
})

describe('where a repository may be', () => {
  const status = () => call(gitStatus, {}, project.context)
  /** A repository of the user's that the project must not get at. */
  function secretRepository(): string {
    const secret = join(project.root, 'secret')
    mkdirSync(secret)
    const git = (...args: string[]) => execFileSync('git', ['-C', secret, ...args], { env: project.env })
    git('init', '-q')
    writeFileSync(join(secret, 'a.txt'), 'secret\n')
    git('add', '.')
    git('commit', '-qm', 'secret subject')
    return secret
  }

  const foreign: [string, (secret: string) => void][] = [
    [
      'a .git file',
      secret => {
        rmSync(join(project.path, '.git'), { recursive: true })
        project.write('.git', `gitdir: ${secret}/.git\n`)
      },
    ],
    [
      'a link',
      secret => {
        rmSync(join(project.path, '.git'), { recursive: true })
        symlinkSync(join(secret, '.git'), join(project.path, '.git'))
      },
    ],
    ['a commondir', secret => void project.write('.git/commondir', `${secret}/.git\n`)],
    ['core.worktree', secret => void project.git('config', 'core.worktree', secret)],
  ]
  test.each(foreign)('not that of others by %s', async (_, set) => {
    set(secretRepository())
    for (const tool of [gitStatus, gitDiff, gitLog, gitBranch]) {
      await expect(call(tool, {}, project.context)).rejects.toMatchObject({ code: 'TOOL_FAILED' })
    }
  })

  test('GIT_DIR counts for nothing', async () => {
    project.env.GIT_DIR = join(secretRepository(), '.git')
    expect((await call(gitLog, {}, project.context)).content).not.toContain('secret')
  })

  test('core.worktree cannot widen what is shown', async () => {
    writeFileSync(join(project.root, 'outside.txt'), 'outside\n')
    project.git('config', 'core.worktree', project.root)
    project.git('add', join(project.root, 'outside.txt'))
    writeFileSync(join(project.root, 'outside.txt'), 'changed outside\n')
    expect((await status()).content).not.toContain('outside')
    for (const staged of [true, false])
      expect((await call(gitDiff, { staged }, project.context)).content).not.toContain('outside')
  })

  test('above the project, and then only the project is shown', async () => {
    project.write('sub/b.txt', 'b\n')
    project.git('add', 'sub')
    project.context.roots = { ...project.context.roots, project: join(project.path, 'sub') }
    const { content } = await status()
    expect(content).toContain('b.txt')
    expect(content).not.toContain('a.txt')
    expect((await call(gitDiff, {}, project.context)).content).toBe('No unstaged changes.')
  })

  test('that of a linked work tree', async () => {
    const linked = join(project.root, 'linked')
    project.git('worktree', 'add', '-q', linked)
    project.context.roots = { ...project.context.roots, project: linked }
    expect((await status()).content).toStartWith('On branch linked.')
  })

  test('that of a submodule', async () => {
    const secret = secretRepository()
    project.git('-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', secret, 'module')
    project.context.roots = { ...project.context.roots, project: join(project.path, 'module') }
    expect((await call(gitLog, {}, project.context)).content).toContain('secret subject')
  })

  test('none', async () => {
    rmSync(join(project.path, '.git'), { recursive: true })
    await expect(status()).rejects.toMatchObject({
      code: 'TOOL_FAILED',
      message: 'This directory is not in a git repository.',
    })
  })

  test('no git', async () => {
    project.env.PATH = project.path
    await expect(status()).rejects.toMatchObject({ code: 'TOOL_FAILED' })
  })

  test('a path outside', () =>
    expect(call(gitStatus, { path: '../secret' }, project.context)).rejects.toMatchObject({
      code: 'PERMISSION_DENIED',
    }))
})

test('reading leaves the repository as it is', async () => {
  const before = head()
  expect(await automatic()).toEqual([])
  expect(head()).toBe(before)
  expect(project.git('status', '--porcelain')).toBe('M a.txt')
})
