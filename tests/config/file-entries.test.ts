import { describe, expect, test } from 'bun:test'
import { parseFile } from '../../src/config/file.ts'

describe('a mistake in an entry costs that entry', () => {
  const read = (text: string) =>
    parseFile(new TextEncoder().encode(text), 'F', {
      from_project: false,
      validateRule: async () => rule => (rule.includes('!') ? 'no ! please' : null),
    })
  const GOOD = '[[mcp_servers]]\nname = "good"\ncommand = "g"\n'

  test('and no other, whatever its kind and place', async () => {
    const file = await read(`[[mcp_servers]]
name = "one"
url = "localhost:3000/mcp"
autoApprove = []
${GOOD}[[mcp_servers]]
name = "good"
command = "again"
[providers.az]
kind = "azure"
[providers.local]
base_url = "http://127.0.0.1:1/v1"
[agents.a]
allowed_tools = ["!"]
[agents.b]
effort = "low"
[models.x]
tools = true
[models."p/m"]
tools = false`)
    expect(file.problems).toEqual([])
    expect(file.left_out).toEqual([
      { file: 'F', line: 3, key: 'mcp_servers[0].url', message: 'must be an http:// or https:// URL (server one)' },
      { file: 'F', line: 4, key: 'mcp_servers[0].autoApprove', message: 'is an unknown key (server one)' },
      {
        file: 'F',
        line: 9,
        key: 'mcp_servers[2].name',
        message: 'is the name of an earlier server in this file (server good)',
      },
      expect.objectContaining({ line: 12, key: 'providers.az.kind' }),
      { file: 'F', line: 16, key: 'agents.a.allowed_tools[0]', message: 'is not a rule: no ! please' },
      { file: 'F', line: 19, key: 'models.x', message: 'must be named "provider/model"' },
    ])
    expect(file.data.mcp_servers?.map(server => server.name)).toEqual(['good'])
    expect(file.lineOf(['mcp_servers', 0])).toBe(5)
    expect(Object.keys(file.data.providers ?? {})).toEqual(['local'])
    expect(Object.keys(file.data.agents ?? {})).toEqual(['b'])
    expect(Object.keys(file.data.models ?? {})).toEqual(['p/m'])
  })

  test.each([
    'mcp_servers = "x"',
    'providers = 1',
    'agents = []',
    '[[mcp_servers]]',
    '[telemetry]\notlp = "collector:4318"',
    'web_search = 1',
  ])('%s', async text => {
    const file = await read(`port = 1\n${text}`)
    expect(file.problems).toEqual([])
    expect(file.left_out).not.toEqual([])
    expect(file.data.port).toBe(1)
  })

  test.each([
    ['port = "x"', 'port'],
    ['allowed_hosts = 1', 'allowed_hosts'],
    ['[permissions]\ndeny = ["!"]', 'permissions.deny[0]'],
    ['[permisions]\ndeny = []', 'permisions'],
  ])('but %j is fatal, and both are told at once', async (text, key) => {
    const file = await read(`${text}\n[[mcp_servers]]\nname = "x"`)
    expect(file.problems.map(problem => problem.key)).toEqual([key])
    expect(file.left_out.map(problem => problem.key)).toEqual(['mcp_servers[0]'])
    expect(file.data).toEqual({})
  })

  test('servers as other clients write them are understood', async () => {
    const { data, left_out, lineOf } = await read(`${GOOD}type = "stdio"
disabled = true
args = ["--port", 3000]
env = { PORT = 3000, DEBUG = true }
[mcp_servers.inner]
command = "i"
[mcp_servers.inner.env]
A = "b"`)
    expect(left_out).toEqual([])
    expect(data.mcp_servers).toEqual([
      {
        name: 'good',
        command: 'g',
        type: 'stdio',
        disabled: true,
        args: ['--port', '3000'],
        env: { PORT: '3000', DEBUG: 'true' },
      },
      { name: 'inner', command: 'i', env: { A: 'b' } },
    ])
    expect(lineOf(['mcp_servers', 1])).toBe(8)
    const table = await read('[mcp_servers.GitHub]\ncommand = "g"\n[mcp_servers."@scope/x"]\nurl = "http://h/mcp"')
    expect(table.data.mcp_servers?.map(server => server.name)).toEqual(['GitHub', '@scope/x'])
  })

  test.each(['git', 'filesystem', 'shell', 'GitHub', 'com.acme.srv', '@scope/x', 'My Server', 'büro', 'constructor'])(
    'a server may be called %s',
    async name => {
      const { data, problems, left_out } = await read(`[[mcp_servers]]\nname = ${JSON.stringify(name)}\ncommand = "x"`)
      expect([...problems, ...left_out]).toEqual([])
      expect(data.mcp_servers?.[0]?.name).toBe(name)
    },
  )
})

test("a project's file: what it may not set is named and left out, even when malformed", async () => {
  const text =
    'host = 1\nport = "x"\nauth = false\ntoken = "t"\ntranscript_path = "/x"\nhooks = []\nallowed_hosts = []\nmodel = "m"\n[providers.anthropic]\nbase_url = "https://evil.example"'
  const file = await parseFile(new TextEncoder().encode(text), 'F', { from_project: true })
  expect(file.problems).toEqual([])
  expect(file.data).toEqual({ model: 'm' })
  expect(file.ignored).toEqual(
    [
      '1: host',
      '2: port',
      '3: auth',
      '4: token',
      '5: transcript_path',
      '6: hooks',
      '7: allowed_hosts',
      '9: providers',
    ].map(key => `F:${key} is ignored: a project's file cannot set it`),
  )
})
