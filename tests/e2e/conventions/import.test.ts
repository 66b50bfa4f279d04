// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables as other clients write them
import { describe, expect, test } from 'bun:test'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { makeHome } from '../../support/backend.ts'
import { write } from '../../support/conventions.ts'
import { run } from '../../support/program.ts'
import { tempDir } from '../../support/temp.ts'

/** One file of each client, and what comes of its server as TOML. */
const CLIENTS: Record<string, [file: string, text: string, wanted: RegExp[]]> = {
  'Claude Desktop': [
    'claude_desktop_config.json',
    '{"mcpServers":{"gh":{"command":"npx","args":["-y","server-github"],"env":{"GITHUB_TOKEN":"ghp_abcdefghij0123456789"}}}}',
    [/command = "npx"/, /args = \[ "-y", "server-github" \]/, /GITHUB_TOKEN = "\$\{GITHUB_TOKEN\}"/],
  ],
  'Claude Code': [
    '.mcp.json',
    '{"mcpServers":{"api":{"type":"http","url":"${BASE:-https://api.example.org}/mcp","headers":{"Authorization":"Bearer abcdefgh12345678"}}}}',
    [/url = "\$\{BASE:-https:\/\/api\.example\.org\}\/mcp"/, /Authorization = "Bearer \$\{API_TOKEN\}"/],
  ],
  'VS Code': [
    'mcp.json',
    '{\n// comment\n"inputs":[{"id":"key"}],"servers":{"vs":{"type":"stdio","command":"node","args":["${workspaceFolder}/s.js"],"env":{"KEY":"${input:api-key}"},"envFile":".env",},}}',
    [/args = \[ "\.\/s\.js" \]/, /KEY = "\$\{API_KEY\}"/],
  ],
  Cursor: [
    'mcp.json',
    '{"mcpServers":{"cur":{"command":"x","env":{"A":"${env:HOME_A}"},"autoApprove":["a"]}}}',
    [/A = "\$\{HOME_A\}"/],
  ],
  Zed: [
    'settings.json',
    '{"theme":"x","context_servers":{"old":{"command":{"path":"zed-server","args":["--x"],"env":{"B":"1"}}},"new":{"source":"custom","command":"y","args":[]}}}',
    [/name = "old"\ncommand = "zed-server"\nargs = \[ "--x" \]/, /name = "new"\ncommand = "y"/],
  ],
  opencode: [
    'opencode.json',
    '{"mcp":{"oc":{"type":"local","command":["bun","x","srv"],"environment":{"C":"{env:C_TOKEN}"},"enabled":false,"timeout":5000}}}',
    [/command = "bun"\nargs = \[ "x", "srv" \]/, /C = "\$\{C_TOKEN\}"/, /enabled = false/, /timeout_seconds = 5/],
  ],
  Codex: [
    'config.toml',
    'model = "x"\n[mcp_servers.cx]\ncommand = "cx"\nenabled_tools = ["a"]\ntool_timeout_sec = 30\n[mcp_servers.web]\nurl = "https://x.example/mcp"\nbearer_token_env_var = "WEB_TOKEN"\n',
    [/allow = \[ "a" \]/, /timeout_seconds = 30/, /Authorization = "Bearer \$\{WEB_TOKEN\}"/],
  ],
  Gemini: [
    'settings.json',
    '{"mcpServers":{"gem":{"httpUrl":"https://g.example/mcp?api_key=s3cr3tvalue","trust":true,"timeout":20000,"excludeTools":["rm"]},"loc":{"command":"g","env":{"K":"$MY_K"},"args":["--token","hunter2hunter2"]}}}',
    [
      /url = "https:\/\/g\.example\/mcp\?api_key=\$\{GEM_API_KEY\}"/,
      /deny = \[ "rm" \]/,
      /timeout_seconds = 20/,
      /K = "\$\{MY_K\}"/,
      /args = \[ "--token", "\$\{LOC_TOKEN\}" \]/,
    ],
  ],
}

describe('mcp import', () => {
  test.each(Object.keys(CLIENTS))('%s', async client => {
    const [file, text, wanted] = CLIENTS[client]!
    const home = makeHome('# mine\nmax_rounds = 7\n')
    const project = tempDir({ [file]: text })
    const path = join(home.config, 'emacs-agent.toml')
    const shown = await run(['mcp', 'import', '--from', file], { home, cwd: project })
    expect(shown).toMatchObject({ code: 1, stderr: '' })
    expect(shown.stdout).toContain('Nobody is here to ask: nothing was changed.')
    expect(readFileSync(path, 'utf8')).toBe('# mine\nmax_rounds = 7\n')
    const added = await run(['mcp', 'import', '--from', file, '--yes'], { home, cwd: project })
    expect(added).toMatchObject({ code: 0, stderr: '' })
    const written = readFileSync(path, 'utf8')
    expect(written).toStartWith('# mine\nmax_rounds = 7\n\n[[mcp_servers]]\n')
    for (const pattern of wanted) expect(written).toMatch(pattern)
    for (const secret of ['ghp_', 'abcdefgh12345678', 's3cr3tvalue', 'hunter2'])
      for (const out of [written, shown.stdout]) expect(out).not.toContain(secret)
    // A second time there is nothing left to add, and the configuration is a good one.
    const again = await run(['mcp', 'import', '--from', file, '--yes'], { home, cwd: project })
    expect(again).toMatchObject({ code: 0, stdout: expect.stringContaining('There is nothing to import.') })
    expect(readFileSync(path, 'utf8')).toBe(written)
  })

  test('looks where clients keep their lists; names what it drops, and what is no list', async () => {
    const home = makeHome()
    const project = tempDir({
      '.mcp.json': '{"mcpServers":{"one":{"command":"a","alwaysAllow":["x"]}}}',
      '.cursor/mcp.json': '{"mcpServers":{"one":{"command":"b"},"bad":{"args":["x"]}}}',
      '.vscode/mcp.json': '{"servers": {"two": }',
    })
    write(home.root, {
      '.codex/config.toml': '[mcp_servers.three]\ncommand = "c"\n',
      '.gemini/settings.json': '{"theme":"x"}',
    })
    const { code, stdout, stderr } = await run(['mcp', 'import', '--project', '--yes'], { home, cwd: project })
    expect(code).toBe(1)
    expect(stdout).toContain('one: without a meaning here, and dropped: alwaysAllow.')
    expect(stdout).toContain(`one of ${join(project, '.cursor/mcp.json')} is left out: another has its name.`)
    expect(stdout).toContain('trust')
    expect(stderr).toContain(`${join(project, '.vscode/mcp.json')}:1: is no JSON`)
    expect(stderr).toContain(`${join(project, '.cursor/mcp.json')}:1: mcpServers.bad needs a command or a url`)
    expect(stderr).not.toContain('.gemini')
    const written = readFileSync(join(project, 'emacs-agent.toml'), 'utf8')
    expect([...written.matchAll(/name = "(\w+)"/g)].map(([, name]) => name)).toEqual(['one', 'three'])
    expect(existsSync(join(home.config, 'emacs-agent.toml'))).toBe(false)
  })

  test('an import file that is no JSON, or not there, is named', async () => {
    const home = makeHome()
    const cwd = tempDir({ 'a.json': '{\n  "mcpServers": {\n    oops\n', 'b.json': '[1]' })
    expect(await run(['mcp', 'import', '--from', 'a.json', '--yes'], { home, cwd })).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(`${join(cwd, 'a.json')}:3: is no JSON`),
    })
    expect((await run(['mcp', 'import', '--from', 'b.json', '--yes'], { home, cwd })).stderr).toContain('holds no list')
    expect(await run(['mcp', 'import', '--from', 'c.json'], { home, cwd })).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('ENOENT'),
    })
    expect(await run(['mcp', 'import', '--user', '--project'], { home, cwd })).toMatchObject({ code: 2 })
    expect((await run(['mcp', 'import', '--help'], { home, cwd })).stdout).toStartWith(
      'Usage: emacs-agent-backend mcp import',
    )
  })
})
