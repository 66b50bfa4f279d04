import { expect, test } from 'bun:test'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { makeHome } from '../../support/backend.ts'
import { run } from '../../support/program.ts'

test('tries what is configured, and says all that is wrong at once', async () => {
  const refusing = createServer((_, response) => response.writeHead(401).end())
  await new Promise<void>(resolve => refusing.listen(0, '127.0.0.1', resolve))
  const { port } = refusing.address() as AddressInfo
  const home = makeHome(`model = "nobody/x"
small_model = "nobody/s"
fallback_models = ["offline/guide", "nobody/f"]
agent = "biuld"
[providers.gate]
kind = "anthropic"
base_url = "http://127.0.0.1:${port}"
api_key = "sk-0123456789"
[providers.gone]
kind = "openai-compatible"
base_url = "http://127.0.0.1:9/v1"
[providers.vault]
kind = "openai"
base_url = "http://127.0.0.1:9/v1"
api_key_command = ["sh", "-c", "exit 3"]
[providers.blank]
kind = "openai"
api_key = "\${NO_SUCH_VARIABLE_1}"
[providers.headed]
kind = "openai-compatible"
base_url = "http://127.0.0.1:9/\${NO_SUCH_VARIABLE_2}"
[providers.odd]
colour = 1
[[mcp_servers]]
name = "x1"
url = "localhost:1"
[permissions]
allow = ["read_fil", "nowhere/*"]
[agents.a]
allowed_tools = ["greb"]
model = "nobody/a"
`)
  try {
    const { code, stdout } = await run(['doctor', '--json'], { home })
    expect(code).toBe(1)
    const findings = stdout
      .trim()
      .split('\n')
      .map(line => JSON.parse(line) as { section: string; ok: boolean | null; what: string; remedy?: string })
    const wrong = findings.filter(({ ok }) => ok === false).map(({ what, remedy }) => `${what} | ${remedy}`)
    for (const pattern of [
      /providers\.odd\.colour is an unknown key/,
      /mcp_servers\[0\]\.url .*server x1/,
      /"read_fil" \| Did you mean read_file\?/,
      /nowhere\/\*/,
      /agents\.a: .*"greb" \| Did you mean grep\?/,
      /^gate: .* refuses the key \(HTTP 401\)/,
      /^gone: .* does not answer/,
      /^vault: .* api_key_command \(sh\)/,
      /^blank: .* not set: NO_SUCH_VARIABLE_1/,
      /^headed: .* not set: NO_SUCH_VARIABLE_2/,
      /^model = "nobody\/x" \| No provider has this model/,
      /^small_model = "nobody\/s" \| No provider has this model/,
      /^fallback_models\[1\] = "nobody\/f" \| No provider has this model/,
      /^agents\.a\.model = "nobody\/a" \| No provider has this model/,
      /^agent = "biuld" \| Did you mean build\?/,
    ])
      expect(wrong).toContainEqual(expect.stringMatching(pattern))
    expect(wrong).toHaveLength(15)
    expect(stdout).not.toContain('0123456789')
  } finally {
    refusing.close()
  }
})
