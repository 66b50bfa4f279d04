import fc from 'fast-check'
import { parseFile } from '../../src/config/file.ts'
import { problemLine } from '../../src/config/problem.ts'

export const problems = async (text: string | Uint8Array, from_project = false): Promise<string[]> => {
  const bytes = typeof text === 'string' ? new TextEncoder().encode(text) : text
  const validateRule = async () => (rule: string) => (rule.includes('!') ? 'no ! please' : null)
  const { problems, left_out } = await parseFile(bytes, 'F', { from_project, validateRule })
  const all = [...problems, ...left_out].sort((a, b) => a.line - b.line)
  // Which server it is about, is said below.
  return all.map(problem => problemLine(problem).replace(/ \(server [^)]*\)$/, ''))
}

/** As in the contract, completed. */
export const EVERYTHING = `host = "127.0.0.1"
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

export const odd = fc.constantFrom<unknown>(
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

export const entry = fc.dictionary(
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
