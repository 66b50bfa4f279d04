import { describe, expect, test } from 'bun:test'
import {
  covers,
  defaultSandbox,
  type SandboxConfig,
  type SandboxEntry,
  sandboxFor,
  tighten,
} from '../../src/config/sandbox.ts'
import { inHome } from './in-home.ts'

const strict: SandboxConfig = { ...defaultSandbox, mode: 'required', network: ['a.org', '*.b.org'], read_deny: ['/x'] }

describe('a project only restricts', () => {
  test.each<[SandboxEntry, Partial<SandboxConfig>]>([
    [{ mode: 'off' }, {}],
    [{ mode: 'auto' }, {}],
    [{ network: 'on' }, {}],
    [{ network: 'off' }, { network: 'off' }],
    [{ network: ['a.org', 'c.org', 'x.b.org', '*.x.b.org', 'b.org'] }, { network: ['a.org', 'x.b.org', '*.x.b.org'] }],
    [{ write: ['/', '$PROJECT/build', '$TMP'] }, { write: ['$PROJECT/build', '$TMP'] }],
    [{ write: ['$PROJECT/../other', '/etc'] }, { write: [] }],
    [{ read_deny: ['/y'] }, { read_deny: ['/x', '/y'] }],
    [{ auto_approve_sandboxed: true }, {}],
  ])('%j', (entry, changed) => expect(tighten(strict, entry)).toEqual({ ...strict, ...changed }))

  test('and raises what is off', () =>
    expect(tighten(defaultSandbox, { mode: 'required' })).toEqual({ ...defaultSandbox, mode: 'required' }))
})

test.each([
  ['*.b.org', 'x.b.org', true],
  ['*.b.org', 'b.org', false],
  ['*.b.org', 'xb.org', false],
  ['A.org', 'a.ORG', true],
  ['a.org', 'a.org.evil.test', false],
])('%s covers %s: %p', (pattern, host, expected) => expect(covers(pattern, host)).toBe(expected))

test(
  'the layers: the user decides, agents and servers may differ, the project restricts all of them',
  inHome(async home => {
    await home.write(
      home.userFile,
      `[sandbox]
mode = "auto"
network = "on"
write = ["$PROJECT", "~/cache", "sub"]
auto_approve_sandboxed = true
[agents.build]
sandbox = { network = ["a.org"] }
[agents.free]
sandbox = "off"
[[mcp_servers]]
name = "s"
command = "s"
sandbox = { write = [] }
`,
    )
    await home.write(
      home.projectFile,
      `[sandbox]
mode = "off"
network = "off"
auto_approve_sandboxed = true
[agents.build]
sandbox = { mode = "required", network = "on" }
[agents.free]
description = "still not in it"
[[mcp_servers]]
name = "t"
command = "t"
sandbox = "off"
`,
    )
    await home.trustProject()
    const { config, notices } = await home.load({ project: home.project })
    const { home: at } = home.dirs
    expect(config.sandbox).toEqual({
      mode: 'auto',
      network: 'off',
      write: ['$PROJECT', `${at}/cache`, '$PROJECT/sub'],
      read_deny: [],
      auto_approve_sandboxed: true,
    })
    expect(notices.join('\n')).toContain('sandbox.auto_approve_sandboxed is ignored')
    const of = (entry: { sandbox?: Parameters<typeof sandboxFor>[1] } | undefined) => {
      const { mode, network, write } = sandboxFor(config.sandbox, entry?.sandbox)
      return { mode, network, write: write.length }
    }
    expect(of(config.agents.build)).toEqual({ mode: 'required', network: 'off', write: 3 })
    expect(of(config.agents.free)).toEqual({ mode: 'auto', network: 'off', write: 3 })
    expect(of(config.mcp_servers.find(({ name }) => name === 's'))).toEqual({ mode: 'auto', network: 'off', write: 0 })
    expect(of(config.mcp_servers.find(({ name }) => name === 't'))).toEqual({ mode: 'auto', network: 'off', write: 3 })
  }),
)
