import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { stringify } from 'smol-toml'
import { parseFile } from '../../src/config/file.ts'
import { problemLine } from '../../src/config/problem.ts'

const problems = async (text: string | Uint8Array, from_project = false): Promise<string[]> => {
  const bytes = typeof text === 'string' ? new TextEncoder().encode(text) : text
  const validateRule = async () => (rule: string) => (rule.includes('!') ? 'no ! please' : null)
  const { problems, left_out } = await parseFile(bytes, 'F', { from_project, validateRule })
  const all = [...problems, ...left_out].sort((a, b) => a.line - b.line)
  // Which server it is about, is said below.
  return all.map(problem => problemLine(problem).replace(/ \(server [^)]*\)$/, ''))
}

/** As in the contract, completed. */
const EVERYTHING = `host = "127.0.0.1"
port = 9420
log_level = "info"
allowed_hosts = []
transcript_path = "~/.emacs-agent/transcripts"
model = "anthropic/claude-sonnet-5-5"
agent = "build"
max_rounds = 50
approval_timeout_seconds = 0.5
allowed_directories = ["~/notes"]
toon = false

[providers.anthropic]
api_key = "\${ANTHROPIC_API_KEY}"
api_key_command = ["pass", "show", "anthropic"]
base_url = "https://\${HOST}/"
headers = {}
[providers.groq]
kind = "openai-compatible"
base_url = "https://api.groq.example/openai/v1"

[[mcp_servers]]
name = "github"
command = "npx"
args = ["-y", "…"]
env = { }
cwd = "…"
category = "github"
format = "json"
enabled = true
shared = "project"
allow = []
deny = []
repeatable = ["search"]
timeout_seconds = 60
trust_annotations = false
limits = { cpu_seconds = 3600, memory_mb = 1024, open_files = 0 }
[[mcp_servers]]
name = "far"
url = "https://mcp.example/mcp"
headers = { Authorization = "Bearer \${T}" }
oauth = { client_id = "emacs", client_secret = "\${S}", client_metadata_url = "https://me.example/client.json", scope = "read write" }

[permissions]
allow = ["shell_exec(npm test *)"]
ask = []
deny = ["read_file(secrets/**)"]

[agents.test]
description = "…"
model = "…"
allowed_tools = ["read_file", "shell_exec(npm test *)"]
system_prompt = "…"
max_tokens = 4096
effort = "high"
read_only = false
write_paths = ["tests/**"]
[agents.plan]
model = "m"

[models."local/llama"]
context_window = 8192
max_output = 1024
prices = { input = 0, output = 0.5, cache_read = 0 }
images = false
tools = true
`

test('every key there is', async () => expect(await problems(EVERYTHING)).toEqual([]))
test('CRLF and a byte order mark', async () => {
  expect(await problems(`\ufeff${EVERYTHING.replaceAll('\n', '\r\n')}`)).toEqual([])
})
test('an empty file', async () => expect(await problems('')).toEqual([]))

describe('mistakes name file, line and key, and no value', () => {
  test.each<[string, string]>([
    ['port = "SECRET"', 'F:1: port must be an integer from 0 to 65535, not a string'],
    ['\nport = 70000', 'F:2: port must be an integer from 0 to 65535'],
    ['port = 1.5', 'F:1: port must be an integer from 0 to 65535'],
    ['port = true', 'F:1: port must be an integer from 0 to 65535, not true'],
    ['max_rounds = 0', 'F:1: max_rounds must be an integer from 1 to 10000'],
    [
      'approval_timeout_seconds = inf',
      'F:1: approval_timeout_seconds must be a number of seconds up to 2000000, or 0 for no limit',
    ],
    ['log_level = "SECRET"', 'F:1: log_level must be one of "debug", "info", "warn", "error"'],
    ['log_level = 1', 'F:1: log_level must be one of "debug", "info", "warn", "error", not a number'],
    ['model = ""', 'F:1: model must be a model id'],
    ['toon = "yes"', 'F:1: toon must be true or false, not a string'],
    ['allowed_hosts = "h"', 'F:1: allowed_hosts must be a list of strings, not a string'],
    ['allowed_hosts = [\n"h",\n1]', 'F:3: allowed_hosts[1] must be a string, not a number'],
    ['prot = 1', 'F:1: prot is an unknown key (did you mean "port"?)'],
    ['colour = 1', 'F:1: colour is an unknown key'],
    ['toString = 1', 'F:1: toString is an unknown key'],
    ['"od\\nd \\u001b" = 1', 'F:1: "od\\nd \\u001b" is an unknown key'],
    ['token = "SECRET"', 'F:1: token is an unknown key'],
    ['providers = []', 'F:1: providers must be a table, not a list'],
    ['providers = 2024-01-01', 'F:1: providers must be a table, not a date'],
    ['[providers]\nanthropic = "SECRET"', 'F:2: providers.anthropic must be a table, not a string'],
    [
      '[providers.anthropic]\napi_ky = "SECRET"',
      'F:2: providers.anthropic.api_ky is an unknown key (did you mean "api_key"?)',
    ],
    ['[providers.anthropic]\napi_key = 1', 'F:2: providers.anthropic.api_key must be a string, not a number'],
    [
      '[providers.anthropic]\napi_key_command = []',
      'F:2: providers.anthropic.api_key_command must be a program and its arguments',
    ],
    [
      '[providers.anthropic]\nbase_url = "SECRET"',
      'F:2: providers.anthropic.base_url must be an http:// or https:// URL',
    ],
    [
      '[providers.anthropic]\nbase_url = "file:///x"',
      'F:2: providers.anthropic.base_url must be an http:// or https:// URL',
    ],
    ['[providers.anthropic]\nheaders = { a = [] }', 'F:2: providers.anthropic.headers.a must be a string, not a list'],
    [
      '[providers.groq]\napi_key = "SECRET"',
      'F:1: providers.groq needs kind = "openai-compatible" (known without it: anthropic, openai, gemini, local)',
    ],
    ['[providers.groq]\nkind = "openai-compatible"', 'F:1: providers.groq needs a base_url'],
    ['[providers.offline]', 'F:1: providers.offline is built in and has no settings'],
    [
      '[providers."My One"]\nkind = "openai"',
      'F:1: providers."My One" must be written in small letters, digits, - and _, beginning with a letter or digit',
    ],
    ['[mcp_servers.x]\ncommand = "x"\ncolour = 1', 'F:3: mcp_servers.x.colour is an unknown key'],
    ['mcp_servers = 1', 'F:1: mcp_servers must be an array of tables, written [[mcp_servers]], not a number'],
    [
      '[[mcp_servers]]\nname = "a"\ncommand = "x"\n[mcp_servers.y]\nurl = "localhost:1"',
      'F:5: mcp_servers[0].y.url must be an http:// or https:// URL',
    ],
    ['[[mcp_servers]]\ncommand = "x"', 'F:1: mcp_servers[0] needs "name"'],
    ['[[mcp_servers]]\nname = "x"', 'F:1: mcp_servers[0] needs a command or a url'],
    [
      '[[mcp_servers]]\nname = "x"\ncommand = "x"\nurl = "http://x"',
      'F:1: mcp_servers[0] has both a command and a url: keep one',
    ],
    [
      '[[mcp_servers]]\nname = "x"\ncommand = "x"\n[[mcp_servers]]\ncommand = "y"\nname = "x"',
      'F:6: mcp_servers[1].name is the name of an earlier server in this file',
    ],
    [
      '[[mcp_servers]]\nname = "a\\u0007"\ncommand = "x"',
      'F:2: mcp_servers[0].name must be a name of visible characters',
    ],
    [
      '[[mcp_servers]]\nname = "a"\ncommand = ["npx", "-y"]',
      'F:3: mcp_servers[0].command must be a program, with its arguments in args, not a list',
    ],
    [
      '[[mcp_servers]]\nname = "x"\ncommand = "x"\nlimits = { memory = 1 }',
      'F:4: mcp_servers[0].limits.memory is an unknown key (did you mean "memory_mb"?)',
    ],
    [
      '[[mcp_servers]]\nname = "x"\nurl = "http://x"\n[mcp_servers.oauth]\nclient = "me"',
      'F:5: mcp_servers[0].oauth.client is an unknown key (did you mean "client_id"?)',
    ],
    [
      '[[mcp_servers]]\nname = "x"\nurl = "http://x"\noauth = { client_metadata_url = "http://me.example/" }',
      'F:4: mcp_servers[0].oauth.client_metadata_url must be the https:// URL of a document',
    ],
    [
      '[[mcp_servers]]\nname = "x"\nurl = "http://x"\noauth = { client_secret = "s" }',
      'F:4: mcp_servers[0].oauth.client_secret needs a client_id beside it',
    ],
    [
      '[[mcp_servers]]\nname = "x"\ncommand = "x"\n[mcp_servers.oauth]\nscope = "read"',
      'F:4: mcp_servers[0].oauth is for signing in at a url, and there is none',
    ],
    [
      '[[mcp_servers]]\nname = "x"\ncommand = "x"\nrepeatable = true',
      'F:4: mcp_servers[0].repeatable must be a list of strings, not true',
    ],
    [
      '[[mcp_servers]]\nname = "x"\ncommand = "x"\ntimeout_seconds = 0',
      'F:4: mcp_servers[0].timeout_seconds must be a number of seconds from 0.1 to 2000000',
    ],
    ['[permissions]\nalow = []', 'F:2: permissions.alow is an unknown key (did you mean "allow"?)'],
    ['[permissions]\ndeny = ["ok",\n"bad!"]', 'F:3: permissions.deny[1] is not a rule: no ! please'],
    ['[agents.a]\nallowed_tools = ["!"]', 'F:2: agents.a.allowed_tools[0] is not a rule: no ! please'],
    [
      '[agents.plan]\nread_only = false',
      'F:2: agents.plan.read_only must not be set: plan changes nothing (use another name for an agent that does)',
    ],
    [
      '[agents.ask]\nwrite_paths = []',
      'F:2: agents.ask.write_paths must not be set: ask changes nothing (use another name for an agent that does)',
    ],
    ['[agents.a]\neffort = "max"', 'F:2: agents.a.effort must be one of "low", "medium", "high"'],
    ['[models.llama]\ntools = true', 'F:1: models.llama must be named "provider/model"'],
    ['[models."a/b".prices]\ninput = 1', 'F:1: models."a/b".prices needs "output"'],
    ['a = "SECRET', 'F:1: incomplete key-value: cannot find end of key (column 1)'],
    ['x = 1\nport = SECRET', 'F:2: invalid value (column 8)'],
    ['constructor = 1', 'F:1: document contains an unsafe property (column 1)'],
  ])('%j', async (text, problem) => {
    const found = await problems(text)
    if (/^F:\d+: (incomplete)/.test(problem)) expect(found[0]).toMatch(/^F:1: /)
    else expect(found[0]).toBe(problem)
    expect(found.join()).not.toContain('SECRET')
  })

  test('in the order of their lines', async () => {
    expect(await problems('port = ""\nx = 1\n[agents.a]\ny = 2')).toEqual([
      'F:1: port must be an integer from 0 to 65535, not a string',
      'F:2: x is an unknown key',
      'F:4: agents.a.y is an unknown key',
    ])
  })

  test('what is not UTF-8', async () => {
    expect(await problems(new Uint8Array([0x61, 0xff]))).toEqual(['F:1: is not UTF-8 text'])
  })
})

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

  test.each(['mcp_servers = "x"', 'providers = 1', 'agents = []', '[[mcp_servers]]'])('%s', async text => {
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

const odd = fc.constantFrom<unknown>(
  0,
  -1,
  9420,
  0.5,
  true,
  '',
  'info',
  '~',
  `\${X}`,
  'http://h',
  [],
  [''],
  [[]],
  [{}],
  new Date(0),
)
const entry = fc.dictionary(
  fc.constantFrom(
    'name',
    'command',
    'url',
    'kind',
    'api_key',
    'base_url',
    'headers',
    'env',
    'limits',
    'allow',
    'deny',
    'read_only',
    'prices',
    'x',
  ),
  odd,
)
const documents = fc.dictionary(
  fc.constantFrom(
    'port',
    'host',
    'model',
    'log_level',
    'providers',
    'mcp_servers',
    'permissions',
    'agents',
    'models',
    'wait_for_reset',
    'toon',
    'zzz',
    'valueOf',
  ),
  fc.oneof(
    odd,
    entry,
    fc.array(entry),
    fc.dictionary(fc.constantFrom('anthropic', 'local', 'plan', 'a/b', 'X'), fc.oneof(odd, entry)),
  ),
)

test('whatever a file says: data or problems with a line, never a throw', async () => {
  await fc.assert(
    fc.asyncProperty(documents, async document => {
      const text = stringify(document)
      const lines = text.split('\n').length
      for (const problem of await problems(text)) {
        expect(problem).toMatch(/^F:\d+: [a-zA-Z]/)
        expect(Number(problem.split(':')[1])).toBeLessThanOrEqual(lines)
      }
    }),
    { numRuns: 500 },
  )
})

test('every cut of a file is data or problems', async () => {
  for (let length = 0; length < EVERYTHING.length; length += 3)
    expect(await problems(EVERYTHING.slice(0, length))).toBeArray()
})
