import { describe, expect, test } from 'bun:test'
import { chmod } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { AppError, UsageError } from '../../src/base/errors.ts'
import { type LoadedConfig, loadConfig } from '../../src/config/load.ts'
import { withHome } from './home.ts'
import { inHome } from './in-home.ts'

test(
  'without any layer: the defaults, and no file, variable or flag to blame',
  inHome(async home => {
    const { config, provenance, project_file, notices } = await home.load()
    expect(config).toEqual({
      host: '127.0.0.1',
      port: 9420,
      log_level: 'info',
      allowed_hosts: [],
      transcript_path: join(home.dirs.home, '.emacs-agent', 'transcripts'),
      agent: 'build',
      max_rounds: 50,
      approval_timeout_seconds: 0,
      allowed_directories: [],
      fallback_models: [],
      max_cost_usd: 0,
      small_model_summaries: false,
      review_edits: false,
      wait_for_reset: false,
      instructions_budget: 12_000,
      toon: true,
      undo_limit_mb: 512,
      providers: {},
      mcp_servers: [],
      permissions: { allow: [], ask: [], deny: [] },
      agents: {},
      hooks: [],
      sandbox: {
        mode: 'off',
        network: 'off',
        write: ['$PROJECT', '$TMP'],
        read_deny: [],
        auto_approve_sandboxed: false,
      },
      lsp: {},
      format: [],
      project_trusted: false,
      models: {},
      rules: [],
    })
    expect(new Set(Object.values(provenance))).toEqual(new Set(['default']))
    expect(project_file).toBeNull()
    expect(notices).toEqual([])
  }),
)

describe('per key, the first layer that has it wins', () => {
  const layers = ['flag', 'env', 'project', 'user'] as const
  const subsets = Array.from({ length: 2 ** layers.length }, (_, bits) => layers.filter((_, i) => bits & (1 << i)))
  test.each(subsets.map(given => [given.join(', ') || 'none', given] as const))('model set by %s', (_, given) =>
    withHome(async home => {
      const has = (layer: (typeof layers)[number]) => given.includes(layer)
      if (has('project')) {
        await home.write(home.projectFile, '\nmodel = "m/project"')
        await home.trustProject()
      }
      if (has('user')) await home.write(home.userFile, 'agent = "plan"\n\nmodel = "m/user"')
      const { config, provenance } = await home.load({
        flags: has('flag') ? { model: 'm/flag' } : {},
        env: has('env') ? { EMACS_AGENT_MODEL: 'm/env' } : {},
        project: home.project,
      })
      expect(config.model).toBe(given[0] && `m/${given[0]}`)
      const where = {
        flag: '--model',
        env: 'EMACS_AGENT_MODEL',
        project: `${home.projectFile}:2`,
        user: `${home.userFile}:3`,
      }
      expect(provenance['model']).toBe(given[0] ? where[given[0]] : 'default')
      expect(config.agent).toBe(has('user') ? 'plan' : 'build')
    }),
  )
})

describe('variables', () => {
  test.each([
    ['EMACS_AGENT_HOST', ' ::1 ', { host: '::1' }],
    ['EMACS_AGENT_PORT', '0', { port: 0 }],
    ['EMACS_AGENT_LOG_LEVEL', 'debug', { log_level: 'debug' }],
    ['EMACS_AGENT_TRANSCRIPT_PATH', '/t/../u', { transcript_path: '/u' }],
    ['EMACS_AGENT_AGENT', 'plan', { agent: 'plan' }],
    ['EMACS_AGENT_MAX_ROUNDS', '7', { max_rounds: 7 }],
    ['EMACS_AGENT_APPROVAL_TIMEOUT_SECONDS', '0.5', { approval_timeout_seconds: 0.5 }],
    ['EMACS_AGENT_TOON', 'false', { toon: false }],
    ['EMACS_AGENT_PORT', ' ', { port: 9420 }],
  ])('%s=%s', (name, value, expected) =>
    withHome(async home => {
      const { config, notices } = await home.load({ env: { [name]: value } })
      expect(config).toMatchObject(expected)
      expect(notices).toEqual([])
    }),
  )

  test.each([
    ['EMACS_AGENT_PORT', '94x20', 'EMACS_AGENT_PORT must be an integer from 0 to 65535.'],
    ['EMACS_AGENT_PORT', '-1', 'EMACS_AGENT_PORT must be an integer from 0 to 65535.'],
    ['EMACS_AGENT_LOG_LEVEL', 'SECRET', 'EMACS_AGENT_LOG_LEVEL must be one of "debug", "info", "warn", "error".'],
    ['EMACS_AGENT_TOON', 'maybe', 'EMACS_AGENT_TOON must be true or false.'],
    [
      'EMACS_AGENT_TRANSCRIPT_PATH',
      'relative',
      'EMACS_AGENT_TRANSCRIPT_PATH must be an absolute path, or begin with ~/ or a variable that is set.',
    ],
  ])('%s=%s is refused', (name, value, message) =>
    withHome(async home => {
      await expect(home.load({ env: { [name]: value } })).rejects.toThrow(new UsageError(message))
    }),
  )

  test(
    'what looks like a setting and is none is noticed',
    inHome(async home => {
      const env = {
        EMACS_AGENT_PROT: '1',
        EMACS_AGENT_ALLOWED_HOSTS: 'h',
        EMACS_AGENT_TOKEN: 'x',
        EMACS_AGENT_SOMETHING_ELSE: 'y',
      }
      expect((await home.load({ env })).notices).toEqual([
        'EMACS_AGENT_PROT is not a setting (did you mean "EMACS_AGENT_PORT"?).',
        'EMACS_AGENT_ALLOWED_HOSTS is ignored: lists are set in emacs-agent.toml.',
      ])
    }),
  )
})

describe("the user's file", () => {
  test(
    '--config takes its place',
    inHome(async home => {
      const other = join(home.dirs.home, 'other.toml')
      await home.write(home.userFile, 'port = 1\nmax_rounds = 3')
      await home.write(other, 'port = 2')
      for (const config_file of [other, '~/other.toml']) {
        const { config, provenance } = await home.load({ flags: { config_file } })
        expect(config).toMatchObject({ port: 2, max_rounds: 50 })
        expect(provenance['port']).toBe(`${other}:1`)
      }
    }),
  )

  test(
    'is an error when named and missing, a directory, too large or malformed',
    inHome(async home => {
      const missing = join(home.dirs.home, 'missing.toml')
      await expect(home.load({ flags: { config_file: missing } })).rejects.toThrow(
        new UsageError(`Cannot read the configuration ${missing} (ENOENT). It does not exist: check the path.`),
      )
      await expect(home.load({ flags: { config_file: home.project } })).rejects.toThrow(UsageError)
      await home.write(home.userFile, 'prot = 1\nport = "h"')
      await expect(home.load()).rejects.toThrow(
        new UsageError(
          `${home.userFile}:1: prot is an unknown key (did you mean "port"?).\n${home.userFile}:2: port must be an integer from 0 to 65535, not a string.`,
        ),
      )
      await home.write(home.userFile, `# ${'x'.repeat(1024 * 1024)}`)
      await expect(home.load()).rejects.toThrow(/larger than 1 MiB/)
    }),
  )

  test(
    'paths and variables are expanded, where they are such',
    inHome(async home => {
      await home.write(
        home.userFile,
        `transcript_path = "\${BASE}/t"
allowed_directories = ["~", "~/a", "b", "/c", "~bob"]
model = "\${BASE}"
[providers.anthropic]
api_key = " \${KEY} "
base_url = "https://\${HOST}"
headers = { a = "\${KEY}-\${KEY}" }
[providers.local]
api_key = "\${MISSING}"
headers = { a = "\${MISSING}" }
[[mcp_servers]]
name = "one"
command = "~/bin/\${KEY}"
args = ["\${KEY}", "~", "~/x", "\${MISSING:-fall-back}", "\${env:KEY}"]
env = { A = "\${KEY}", B = "\${EMACS_AGENT_TOKEN}", C = "$KEY \${} \${1}" }
cwd = "~"
[[mcp_servers]]
name = "two"
url = "https://\${HOST}/\${MISSING}"
limits = { memory_mb = 0, open_files = 64 }
[mcp_servers.oauth]
client_id = "emacs"
client_secret = "\${KEY}"`,
      )
      const env = { BASE: '/base', KEY: 'k', HOST: 'h.example', EMACS_AGENT_TOKEN: 'token' }
      const { config } = await home.load({ env })
      const { home: root, config: directory } = home.dirs
      expect(config.transcript_path).toBe('/base/t')
      expect(config.allowed_directories).toEqual([root, `${root}/a`, `${directory}/b`, '/c', `${directory}/~bob`])
      expect(config.model).toBe('${' + 'BASE}')
      expect(config.providers).toEqual({
        anthropic: { api_key: 'k', base_url: 'https://h.example', headers: { a: 'k-k' } },
        local: { headers: { a: '' }, key_unset: ['MISSING'], unset: ['MISSING'] },
      })
      expect(config.mcp_servers).toEqual([
        {
          name: 'one',
          command: `${root}/bin/k`,
          args: ['k', root, `${root}/x`, 'fall-back', 'k'],
          env: { A: 'k', B: '', C: '$KEY ${' + '} ${' + '1}' },
          cwd: root,
          headers: {},
          category: 'one',
          format: 'json',
          enabled: true,
          shared: 'project',
          allow: [],
          deny: [],
          repeatable: [],
          timeout_seconds: 60,
          trust_annotations: false,
          limits: { cpu_seconds: 3600, memory_mb: 1024, open_files: 1024 },
          unset: ['EMACS_AGENT_TOKEN'],
          origin: home.userFile,
        },
        expect.objectContaining({
          name: 'two',
          url: 'https://h.example/',
          unset: ['MISSING'],
          limits: { cpu_seconds: 3600, open_files: 64 },
          oauth: { client_id: 'emacs', client_secret: 'k' },
        }),
      ])
      await home.write(home.userFile, 'allowed_directories = ["/a",\n"${' + 'GONE}/b"]')
      await expect(home.load()).rejects.toThrow(
        new UsageError(`${home.userFile}:2: allowed_directories[1] names a variable that is not set: GONE.`),
      )
    }),
  )

  test.skipIf(process.platform === 'win32')(
    'that holds a key and is open to others is noticed',
    inHome(async home => {
      await home.write(home.userFile, '[providers.openai]\napi_key = "sk-x"')
      expect((await home.load()).notices).toEqual([])
      await chmod(home.userFile, 0o644)
      expect((await home.load()).notices).toEqual([
        `${home.userFile} holds a key and others may read it: chmod 600 it.`,
      ])
    }),
  )
})

test.each([
  ['api_key = "own"', { api_key: 'own' }],
  [`api_key = "\${WORK}"`, { api_key: 'w' }],
  [`api_key = "\${GONE}"`, { key_unset: ['GONE'] }],
  [`api_key = "a\${GONE}"`, { key_unset: ['GONE'] }],
  ['api_key = ""', {}],
  ['api_key_command = ["pass"]', { api_key_command: ['pass'] }],
])('the key of %s', (entry, expected) =>
  withHome(async home => {
    await home.write(home.userFile, `[providers.anthropic]\n${entry}`)
    const { config } = await home.load({ env: { WORK: ' w\n', ANTHROPIC_API_KEY: 'other' } })
    expect(config.providers).toEqual({ anthropic: expected })
  }),
)

test(
  'neither the TOML parser nor the validator is loaded before there is a file',
  inHome(async home => {
    const script = `
      const { loadConfig } = await import(${JSON.stringify(join(import.meta.dir, '../../src/config/load.ts'))})
      const { writeFileSync } = await import('node:fs')
      const options = { env: { OPENAI_API_KEY: 'k' }, dirs: ${JSON.stringify(home.dirs)}, project: ${JSON.stringify(home.project)} }
      const heavy = () => Object.keys(require.cache).filter(name => /(smol-toml|valibot).dist.index/.test(name)).length
      await loadConfig(options)
      const before = heavy()
      writeFileSync(${JSON.stringify(home.projectFile)}, '')
      await loadConfig(options)
      console.log(before, heavy())`
    const child = Bun.spawn([process.execPath, '-e', script], { stdout: 'pipe', stderr: 'pipe' })
    const [out, err] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()])
    expect([out, err]).toEqual(['0 2\n', ''])
  }),
)

test(
  'whatever the variables and the files say, only AppError and UsageError are thrown',
  inHome(async home => {
    const text = fc.oneof(
      fc.constantFrom(
        '',
        'port = 1',
        'port = "${' + 'X}"',
        '[[mcp_servers]]\nname = "a"',
        'transcript_path = "${' + 'X}"',
        '[a',
        '\u0000',
      ),
      fc.string(),
    )
    const env = fc.dictionary(
      fc.constantFrom(
        'EMACS_AGENT_PORT',
        'EMACS_AGENT_TRANSCRIPT_PATH',
        'EMACS_AGENT_TOON',
        'X',
        'EMACS_AGENT_',
        'OPENAI_API_KEY',
      ),
      fc.oneof(fc.constantFrom('1', 'true', '~', '${' + 'X}', '/'), fc.string()),
    )
    await fc.assert(
      fc.asyncProperty(text, fc.oneof(text, fc.uint8Array()), env, async (user, project, env) => {
        await home.write(home.userFile, user)
        await home.write(home.projectFile, project)
        await home.trustProject()
        const loaded = await loadConfig({ env, dirs: home.dirs, project: home.project }).catch(
          (error): LoadedConfig | null => {
            if (error instanceof AppError || error instanceof UsageError) return null
            throw error
          },
        )
        if (loaded) expect(loaded.config.port).toBeNumber()
      }),
      { numRuns: 200 },
    )
  }),
)
