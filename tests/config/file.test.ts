import { describe, expect, test } from 'bun:test'
import { EVERYTHING, problems } from './problems.ts'

test('every key there is', async () => expect(await problems(EVERYTHING)).toEqual([]))

test('CRLF and a byte order mark', async () => {
  expect(await problems(`\ufeff${EVERYTHING.replaceAll('\n', '\r\n')}`)).toEqual([])
})

test('an empty file', async () => expect(await problems('')).toEqual([]))

describe('mistakes name file, line and key, and no value', () => {
  test.each<[string, string | RegExp]>([
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
    ...['"a b" = "1"', '"x:" = "1"', '"é" = "1"', '"" = "1"'].map((header): [string, RegExp] => [
      `[providers.anthropic]\nheaders = { ${header} }`,
      /^F:2: providers\.anthropic\.headers\..* must be the name of a header$/,
    ]),
    ...['a\\nb', '☃', '\\u0007'].map((value): [string, string] => [
      `[providers.anthropic]\nheaders = { x = "${value}" }`,
      'F:2: providers.anthropic.headers.x must be one line of Latin-1 text, as headers are',
    ]),
    ['[providers.anthropic]\nheaders = { a = [] }', 'F:2: providers.anthropic.headers.a must be a string, not a list'],
    [
      '[providers.acme]\napi_key = "SECRET"',
      /^F:1: providers.acme needs kind = "openai-compatible" \(known without it: anthropic, openai, gemini, .*groq.*\)$/,
    ],
    ['[providers.acme]\nkind = "openai-compatible"', 'F:1: providers.acme needs a base_url'],
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
    [
      '[agents.a]\neffort = "most"',
      'F:2: agents.a.effort must be one of "none", "minimal", "low", "medium", "high", "xhigh", "max"',
    ],
    [
      '[models."a/b".prices]\ninput = 1\noutput = 1\n[[models."a/b".prices.changes]]\nfrom = "soon"',
      /^F:\d: models."a\/b".prices.changes\[0\].from must be a day, written 2026-12-01/,
    ],
    ['[models.llama]\ntools = true', 'F:1: models.llama must be named "provider/model"'],
    ['[models."a/b".prices]\ninput = 1', 'F:1: models."a/b".prices needs "output"'],
    ['a = "SECRET', 'F:1: incomplete key-value: cannot find end of key (column 1)'],
    ['x = 1\nport = SECRET', 'F:2: invalid value (column 8)'],
    ['constructor = 1', 'F:1: document contains an unsafe property (column 1)'],
  ])('%j', async (text, problem) => {
    const found = await problems(text)
    if (typeof problem !== 'string') expect(found[0]).toMatch(problem)
    else if (/^F:\d+: (incomplete)/.test(problem)) expect(found[0]).toMatch(/^F:1: /)
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
