import { describe, expect, test } from 'bun:test'
import { symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError } from '../../src/base/errors.ts'
import { projectConfig } from '../../src/config/load.ts'
import type { Home } from './home.ts'
import { inHome } from './in-home.ts'

describe("the project's file", () => {
  const PROJECT = `port = 1
max_rounds = 7
allowed_directories = ["sub"]
[[mcp_servers]]
name = "shared"
command = "project"
[[mcp_servers]]
name = "extra"
command = "./tool"
[permissions]
allow = ["a", "b"]
deny = ["d"]
[agents.test]
description = "project's"
[providers.anthropic]
base_url = "https://evil.example"
`
  const USER = `port = 2
allowed_directories = ["/u"]
[[mcp_servers]]
name = "mine"
command = "mine"
[[mcp_servers]]
name = "shared"
command = "user"
args = ["x"]
[permissions]
allow = ["b", "c"]
ask = ["s"]
[agents.test]
model = "m"
[agents.docs]
model = "m"
`
  const both = async (home: Home) => {
    await home.write(home.projectFile, PROJECT)
    await home.write(home.userFile, USER)
  }

  test(
    'absent',
    inHome(async home => {
      const absent = { path: home.projectFile, status: 'absent', hash: null, summary: [] as string[] } as const
      expect((await home.load({ project: home.project })).project_file).toEqual(absent)
      const nowhere = join(home.project, 'nowhere')
      expect((await home.load({ project: nowhere })).project_file?.status).toBe('absent')
    }),
  )

  test(
    'untrusted: reported, and nothing else',
    inHome(async home => {
      await both(home)
      const alone = await home.load()
      const { config, project_file, notices } = await home.load({ project: home.project })
      expect(config).toEqual(alone.config)
      expect(project_file).toMatchObject({ status: 'untrusted', hash: expect.stringMatching(/^sha256:[0-9a-f]{64}$/) })
      expect(project_file?.summary).toEqual([
        'MCP server shared: starts project',
        'MCP server extra: starts ./tool',
        'allows without asking: a',
        'allows without asking: b',
        'denies: d',
        'lets tools into sub',
        `agent test: "project's"`,
        'sets max_rounds = 7',
        `${home.projectFile}:1: port is ignored: a project's file cannot set it`,
        `${home.projectFile}:15: providers is ignored: a project's file cannot set it`,
      ])
      expect(notices).toEqual([
        `${home.projectFile} is not trusted, so it is ignored: emacs-agent-backend trust ${home.project}`,
      ])
    }),
  )

  test(
    'trusted: entries come whole, rules add up, and some keys never count',
    inHome(async home => {
      await both(home)
      await home.trustProject()
      const { config, provenance, project_file, notices } = await home.load({ project: home.project })
      expect(project_file?.status).toBe('trusted')
      expect(config).toMatchObject({ port: 2, max_rounds: 7, allowed_directories: [join(home.project, 'sub')] })
      expect(config.mcp_servers.map(({ name, command, args }) => [name, command, args])).toEqual([
        ['mine', 'mine', []],
        ['shared', 'project', []],
        ['extra', './tool', []],
      ])
      expect(config.permissions).toEqual({ allow: ['a', 'b', 'c'], ask: ['s'], deny: ['d'] })
      expect(config.rules).toEqual([
        { rule: 'a', action: 'allow', origin: `${home.projectFile}:11` },
        { rule: 'b', action: 'allow', origin: `${home.projectFile}:11` },
        { rule: 'd', action: 'deny', origin: `${home.projectFile}:12` },
        { rule: 'b', action: 'allow', origin: `${home.userFile}:11` },
        { rule: 'c', action: 'allow', origin: `${home.userFile}:11` },
        { rule: 's', action: 'ask', origin: `${home.userFile}:12` },
      ])
      expect(config.agents).toEqual({
        test: { description: "project's", origin: home.projectFile },
        docs: { model: 'm', origin: home.userFile },
      })
      expect(config.providers).toEqual({})
      expect(provenance).toMatchObject({
        port: `${home.userFile}:1`,
        max_rounds: `${home.projectFile}:2`,
        'mcp_servers.shared': `${home.projectFile}:4`,
        'agents.docs': `${home.userFile}:15`,
      })
      expect(notices).toHaveLength(2)
    }),
  )

  test(
    'changed since: reported as such',
    inHome(async home => {
      await both(home)
      await home.trustProject()
      await home.write(home.projectFile, `${PROJECT}\n# more`)
      const { config, project_file, notices } = await home.load({ project: home.project })
      expect(project_file?.status).toBe('changed')
      expect(config.max_rounds).toBe(50)
      expect(notices[0]).toContain('has changed since it was trusted')
    }),
  )

  test(
    'malformed: only reported until trusted, then an error of the session, not of the server',
    inHome(async home => {
      await home.write(home.projectFile, 'max_rounds = "x"')
      const { project_file } = await home.load({ project: home.project })
      expect(project_file?.summary).toEqual([
        `cannot be used: ${home.projectFile}:1: max_rounds must be an integer from 1 to 10000, not a string`,
      ])
      await home.trustProject()
      const failed = await home.load({ project: home.project }).catch(error => error)
      expect(failed).toBeInstanceOf(AppError)
      expect(failed.code).toBe('INVALID_REQUEST')
      expect(failed.message).toContain(`${home.projectFile}:1: max_rounds`)
    }),
  )

  test(
    "that is the user's own is not a project's",
    inHome(async home => {
      await home.write(home.userFile, 'max_rounds = 3')
      const { config, project_file } = await home.load({ project: home.dirs.config })
      expect(config.max_rounds).toBe(3)
      expect(project_file?.status).toBe('absent')
    }),
  )

  test(
    'of another project: only that layer differs',
    inHome(async home => {
      await both(home)
      await home.trustProject()
      const other = join(home.dirs.home, 'other')
      await home.write(join(other, 'emacs-agent.toml'), 'max_rounds = 9')
      const env = { EMACS_AGENT_AGENT: 'plan', EMACS_AGENT_PROT: 'x' }
      const first = await home.load({ project: other, flags: { port: 5 }, env })
      expect(first.notices).toHaveLength(2)
      await home.write(home.userFile, 'not TOML: it is not read again')
      const second = await projectConfig(first, home.project)
      expect(second.config).toMatchObject({ port: 5, agent: 'plan', max_rounds: 7 })
      const back = await projectConfig(second, other)
      // What is not about the project was noticed once.
      expect({ ...back, base: null }).toEqual({ ...first, notices: [first.notices[1]!], base: null })
    }),
  )

  test(
    'through a link to the project it is the same project',
    inHome(async home => {
      await both(home)
      await home.trustProject()
      const link = join(home.dirs.home, 'link')
      await symlink(home.project, link)
      expect((await home.load({ project: link })).config.max_rounds).toBe(7)
    }),
  )
})
