import { expect, test } from 'bun:test'
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Backend, makeHome } from '../support/backend.ts'
import { figure } from '../support/figures.ts'
import { chat } from '../support/model-replies.ts'
import { startModelServer } from '../support/model-server.ts'
import { many } from '../support/model-session.ts'
import { tempDir } from '../support/temp.ts'

/** Each stands in one place; none is named like a secret but where that place says so. */
const PLACES = [
  'key_from_env', 'key_as_written', 'key_of_command', 'key_by_put', 'header_from_env', 'mcp_env', 'mcp_header',
  'mcp_args', 'mcp_url', 'session_env', 'our_token', 'title_of_session_env',
] as const // biome-ignore format: a table
type Place = (typeof PLACES)[number]
const canary = Object.fromEntries(PLACES.map((name, i) => [name, `canary-${i}/${name}+0123456789==`])) as Record<
  Place,
  string
>
const FORMS: ((text: string) => string)[] = [
  text => text,
  text => Buffer.from(text).toString('base64'),
  text => Buffer.from(text).toString('base64url'),
  encodeURIComponent,
]

const CONFIG = (url: string, file: string) => `
model = "test/model"
[permissions]
allow = ["shell_exec(cat said.txt)", "shell_exec(printenv)"]
[providers.test]
kind = "openai-compatible"
base_url = "${url}/v1"
api_key = "\${ONE}"
headers = { X-Other = "\${FIVE}" }
[providers.second]
kind = "openai-compatible"
base_url = "${url}/v1"
api_key = "${canary.key_as_written}"
[providers.third]
kind = "openai-compatible"
base_url = "${url}/v1"
api_key_command = ["cat", "${file}"]
[[mcp_servers]]
name = "noisy"
command = "sh"
args = ["-c", "echo started with $GIVEN and $0 >&2; exit 3", "\${EIGHT_API_KEY}"]
env = { GIVEN = "\${SIX}" }
[[mcp_servers]]
name = "far"
url = "http://127.0.0.1:9/mcp?k=\${NINE_TOKEN}"
headers = { Authorization = "Bearer \${SEVEN}" }
`

const filesOf = (root: string): string[] =>
  (readdirSync(root, { recursive: true }) as string[])
    .map(name => join(root, name))
    .filter(path => statSync(path, { throwIfNoEntry: false })?.isFile())

test('secrets in twelve places: in nothing that is shown, sent, stored or found', async () => {
  const model = await startModelServer()
  const file = join(tempDir(), 'key')
  writeFileSync(file, canary.key_of_command)
  const home = makeHome(CONFIG(model.url, file))
  const config = join(home.config, 'emacs-agent.toml')
  const backend = await Backend.start(home, {
    env: {
      ONE: canary.key_from_env,
      FIVE: canary.header_from_env,
      SIX: canary.mcp_env,
      SEVEN: canary.mcp_header,
      EIGHT_API_KEY: canary.mcp_args,
      NINE_TOKEN: canary.mcp_url,
      EMACS_AGENT_TOKEN: canary.our_token,
    },
  })
  backend.handshake.token = canary.our_token
  await backend.call('PUT /api/providers/openai/key', { key: canary.key_by_put })
  const project = tempDir()
  // All of them, in every form, in one file: commands print it, and the model repeats it.
  const all = PLACES.flatMap(place => FORMS.map(form => `${place}: ${form(canary[place])} .`)).join('\n')
  writeFileSync(join(project, 'said.txt'), all)
  const id = await backend.session(project, {
    config: { mode: 'accept-edits' },
    env: { DEPLOY_TOKEN: canary.session_env, MY_PASSWORD: canary.title_of_session_env },
  })
  const stream = await backend.events(`/api/sessions/${id}/events?render=org`, 0)
  const shown: [string, string][] = []
  const ask = async (request: string, body?: object) => {
    const { text } = await backend.call(request, body)
    shown.push([request, text])
  }
  for (const provider of ['second', 'third']) {
    model.add({ status: 401, body: JSON.stringify({ error: { message: `wrong: ${all}` } }) })
    await ask(`PATCH /api/sessions/${id}`, { model: `${provider}/model` })
    await ask(`POST /api/sessions/${id}/prompt`, { text: 'who are you', wait: true })
  }
  await ask(`PATCH /api/sessions/${id}`, { model: 'test/model' })
  model.add(
    chat({ thinking: all, ...many(['shell_exec', { command: 'cat said.txt' }], ['read_file', { path: 'said.txt' }]) }),
    chat(many(['shell_exec', { command: 'printenv' }], ['grep', { pattern: 'canary' }])),
    chat(
      many(['write_file', { path: 'copy.txt', content: `${all}\n` }], ['read_file', { path: `${all.slice(0, 60)}` }]),
    ),
    chat({ text: all.match(/.{1,7}/gs)! }),
  )
  await ask(`POST /api/sessions/${id}/prompt`, { text: `look at ${all}`, wait: true })
  model.add(chat(many(['find_tools', { query: 'anything' }])), chat({ text: 'done' }))
  await ask(`POST /api/sessions/${id}/prompt`, { text: 'and the servers', wait: true })
  for (const path of [
    'sessions',
    'transcripts',
    'models',
    'mcp',
    'rules',
    'tools',
    'agents',
    'commands',
    'usage',
    'skills',
  ])
    await ask(`GET /api/${path}`)
  await ask('GET /health')
  await ask('GET /metrics')
  for (const format of ['json', 'markdown', 'org']) await ask(`GET /api/sessions/${id}/transcript?format=${format}`)
  for (const part of ['changes', 'context', 'plan']) await ask(`GET /api/sessions/${id}/${part}`)
  for (const q of ['canary', canary.mcp_env, canary.our_token])
    await ask(`GET /api/transcripts/search?q=${encodeURIComponent(q)}`)
  await ask(`DELETE /api/sessions/${id}`)
  shown.push(['the stream', JSON.stringify(stream.frames)])
  // What models get is a way out, too; the headers are where a key belongs.
  const sent = model.requests.map(({ text }) => text).join('\n')
  await backend.stop()
  const { stdout } = spawnSync(join(import.meta.dir, '../../dist/emacs-agent-backend'), ['doctor'], {
    env: {
      ...home.env,
      ONE: canary.key_from_env,
      SIX: canary.mcp_env,
      EIGHT_API_KEY: canary.mcp_args,
      NINE_TOKEN: canary.mcp_url,
    },
    encoding: 'utf8',
  })
  // Under the lifeline the line on stdout has the token, which nobody else reads.
  shown.push(['stderr', backend.stderr], ['doctor', stdout])
  // Images for undo are exact copies of the project's files, said so in the README.
  const stored = filesOf(home.root).filter(path => path !== config && !path.includes('/undo/'))
  const places: [string, string][] = [
    ...shown,
    ['sent to the model', sent],
    ...stored.map((path): [string, string] => [path.slice(home.root.length), readFileSync(path, 'latin1')]),
  ]
  const found = places.flatMap(([where, text]) =>
    PLACES.flatMap(place =>
      FORMS.flatMap((form, i) => (text.includes(form(canary[place])) ? [`${place} (form ${i}) in ${where}`] : [])),
    ),
  )
  figure('canaries', {
    secrets: PLACES.length,
    forms_of_each: FORMS.length,
    texts_searched: places.length,
    found: found.length,
  })
  expect(found).toEqual([])
  await model.close()
}, 120_000)
