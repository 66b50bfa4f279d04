import { describe, expect, test } from 'bun:test'
import { mkdir, readFile, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError } from '../../src/base/errors.ts'
import { hashOf } from '../../src/base/files.ts'
import { readProjectFile, revoke, trust, trustStatus } from '../../src/config/trust.ts'
import { type Home, withHome } from './home.ts'

const inHome = (use: (home: Home) => Promise<void>) => () => withHome(use)

const readIt = async (home: Home) => {
  const file = await readProjectFile(home.project)
  if (file.kind !== 'read') throw new Error(file.kind)
  return file
}

test(
  'trust is bound to the bytes, kept per project, and can be taken back',
  inHome(async home => {
    const { state } = home.dirs
    await home.write(home.projectFile, 'model = "a"')
    const file = await readIt(home)
    expect(file).toMatchObject({ project: home.project, path: home.projectFile, hash: hashOf('model = "a"') })
    expect(await trustStatus(state, file)).toBe('untrusted')
    await trust(state, file)
    expect(await trustStatus(state, file)).toBe('trusted')
    expect(await trustStatus(state, { ...file, project: `${file.project}2` })).toBe('untrusted')

    await home.write(home.projectFile, 'model = "b"')
    expect(await trustStatus(state, await readIt(home))).toBe('changed')
    await home.write(home.projectFile, 'model = "a"')
    expect(await trustStatus(state, await readIt(home))).toBe('trusted')

    expect(await revoke(state, home.project)).toBe(true)
    expect(await revoke(state, home.project)).toBe(false)
    expect(await trustStatus(state, file)).toBe('untrusted')
  }),
)

test(
  'what was shown is trusted, not what the file became meanwhile',
  inHome(async home => {
    await home.write(home.projectFile, 'model = "shown"')
    const shown = await readIt(home)
    await home.write(home.projectFile, 'model = "swapped"')
    await trust(home.dirs.state, shown)
    expect(await trustStatus(home.dirs.state, await readIt(home))).toBe('changed')
  }),
)

test(
  'a project that is gone can be revoked, also through its link',
  inHome(async home => {
    await home.write(home.projectFile, '')
    const link = join(home.dirs.home, 'link')
    await symlink(home.project, link)
    await home.trustProject()
    expect(await revoke(home.dirs.state, link)).toBe(true)
    await home.trustProject()
    await rm(home.project, { recursive: true })
    expect(await revoke(home.dirs.state, home.project)).toBe(true)
  }),
)

test.skipIf(process.platform === 'win32')(
  'the store is for its owner only',
  inHome(async home => {
    await home.write(home.projectFile, '')
    await home.trustProject()
    expect((await stat(join(home.dirs.state, 'trust.json'))).mode & 0o777).toBe(0o600)
    expect((await stat(home.dirs.state)).mode & 0o777).toBe(0o700)
  }),
)

test.each(['', '{', '[]', '{"projects":1}', '{"projects":{"/p":1}}', 'null'])('a damaged store %j is no trust', text =>
  withHome(async home => {
    await home.write(join(home.dirs.state, 'trust.json'), text)
    const failed = await trustStatus(home.dirs.state, { project: '/p', hash: 'x' }).catch(error => error)
    expect(failed).toBeInstanceOf(AppError)
    expect(failed.message).toContain('is damaged: delete it')
  }),
)

test(
  'projects named like parts of objects',
  inHome(async home => {
    const file = { project: '__proto__', hash: 'h' }
    await trust(home.dirs.state, file)
    expect(await trustStatus(home.dirs.state, { project: 'constructor', hash: 'h' })).toBe('untrusted')
    expect(JSON.parse(await readFile(join(home.dirs.state, 'trust.json'), 'utf8'))).toHaveProperty('projects')
  }),
)

describe('refused', () => {
  const cases: [string, (home: Home) => Promise<unknown>, string][] = [
    [
      'a link out of the project',
      async home => {
        await writeFile(join(home.dirs.home, 'outside.toml'), 'model = "x"')
        await symlink('../outside.toml', home.projectFile)
      },
      'it is a link that leads out of the project',
    ],
    [
      'a link to a sibling whose name begins like the project',
      async home => {
        await mkdir(`${home.project}-2`)
        await writeFile(`${home.project}-2/x`, '')
        await symlink(`${home.project}-2/x`, home.projectFile)
      },
      'it is a link that leads out of the project',
    ],
    ['a directory', home => mkdir(home.projectFile), 'it is not a plain file'],
    [
      'a file over 1 MiB',
      async home => {
        await writeFile(home.projectFile, '')
        await truncate(home.projectFile, 1024 * 1024 + 1)
      },
      'it is larger than 1 MiB',
    ],
  ]
  if (process.platform !== 'win32')
    cases.push([
      'a named pipe, without waiting for its writer',
      async home => expect(await Bun.spawn(['mkfifo', home.projectFile]).exited).toBe(0),
      'it is not a plain file',
    ])

  test.each(cases)('%s', (_, make, reason) =>
    withHome(async home => {
      await make(home)
      expect(await readProjectFile(home.project)).toEqual({ kind: 'refused', path: home.projectFile, reason })
      const { project_file, notices } = await home.load({ project: home.project })
      expect(project_file).toMatchObject({ status: 'untrusted', hash: null })
      expect(notices).toEqual([`${home.projectFile} is ignored: ${reason}.`])
    }),
  )
})

test(
  'a link within the project, and one that leads nowhere',
  inHome(async home => {
    await writeFile(join(home.project, 'real.toml'), 'model = "x"')
    await symlink('real.toml', home.projectFile)
    expect((await readIt(home)).hash).toBe(hashOf('model = "x"'))
    await rm(join(home.project, 'real.toml'))
    expect((await readProjectFile(home.project)).kind).toBe('absent')
  }),
)
