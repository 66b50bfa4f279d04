import { describe, expect, test } from 'bun:test'
import { childEnv, secretsOf } from '../../src/config/environment.ts'
import { withHome } from './home.ts'

describe('what children inherit', () => {
  test.each([
    'EMACS_AGENT_TOKEN',
    'EMACS_AGENT_PORT',
    'ANTHROPIC_API_KEY',
    'OPENAI_API_KEY',
    'OPENAI_APIKEY',
    'GH_TOKEN',
    'GITHUB_TOKEN',
    'TOKEN',
    'NPM_TOKEN',
    'npm_config_//packages.example/:_authToken',
    'AWS_SECRET_ACCESS_KEY',
    'AWS_ACCESS_KEY_ID',
    'AWS_SESSION_TOKEN',
    'MY_SECRET_THING',
    'CLIENT_SECRET',
    'DB_PASSWORD',
    'PGPASSWORD',
    'SSH_PASSPHRASE',
    'GOOGLE_APPLICATION_CREDENTIALS',
    'AZURE_STORAGE_KEY',
    'GITLAB_PAT',
    'my_api_key',
    'SIGNING_PRIVATE_KEY',
  ])('not %s', name => expect(childEnv({ [name]: 'x', PATH: '/bin' })).toEqual({ PATH: '/bin' }))

  test.each([
    'PATH',
    'HOME',
    'LANG',
    'SSH_AUTH_SOCK',
    'GPG_AGENT_INFO',
    'MAX_TOKENS',
    'TOKENIZERS_PARALLELISM',
    'KEYBOARD',
    'EMACS',
    'XAUTHORITY',
    'SSH_ASKPASS',
    'DBUS_SESSION_BUS_ADDRESS',
    'PATTERN',
  ])('%s', name => expect(childEnv({ [name]: 'x' })).toEqual({ [name]: 'x' }))

  test('no configured key, whatever holds it', () => {
    const env = { URL: 'https://u:sk-12345678@h', MINE: 'sk-12345678', OTHER: 'sk', EMPTY: '', NONE: undefined }
    expect(childEnv(env, { secrets: ['sk-12345678', 'sk', ''] })).toEqual({ OTHER: 'sk', EMPTY: '' })
  })

  test('what was asked for by name is added as it is', () => {
    expect(childEnv({ A: '1', B_TOKEN: 'x' }, { extra: { A: '2', B_TOKEN: 'y' } })).toEqual({ A: '2', B_TOKEN: 'y' })
  })
})

test('the secrets of a configuration', () =>
  withHome(async home => {
    await home.write(
      home.userFile,
      `[providers.anthropic]
api_key = "\${KEY}"
headers = { x-api-key = "header-key", "X-Title" = "title" }
[[mcp_servers]]
name = "a"
url = "https://x.example"
headers = { Authorization = "Bearer abc" }
oauth = { client_id = "me", client_secret = "\${KEY}-secret" }
[[mcp_servers]]
name = "b"
command = "b"
env = { B_TOKEN = "tok", MODE = "fast" }`,
    )
    const { config } = await home.load({ env: { KEY: 'k-1' } })
    expect(secretsOf(config).toSorted()).toEqual(['Bearer abc', 'abc', 'header-key', 'k-1', 'k-1-secret', 'tok'])
  }))

test('the key of a provider stays here, whatever else holds it', () => {
  const env = { ACME_API_KEY: 'sk-12345678', COPY: 'Bearer sk-12345678', KUBECONFIG: '/k', SSH_AUTH_SOCK: '/s' }
  expect(childEnv(env)).toEqual({ KUBECONFIG: '/k', SSH_AUTH_SOCK: '/s' })
})
