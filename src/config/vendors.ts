// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of the environment, filled in by `providers.ts`
import type { ProviderKind } from './config.ts'

/** The APIs that providers speak: Anthropic's, OpenAI's two, and Google's own. */
export type WireName = 'messages' | 'responses' | 'chat' | 'generate'
export type KeyHeader = 'authorization' | 'x-api-key' | 'api-key'
/** What stands in the header for this key. */
export const keyValue = (header: KeyHeader, key: string): string => (header === 'authorization' ? `Bearer ${key}` : key)

/** How long nothing at all may come: until the first byte, between two bytes, and after the finish was seen. */
export type Patience = { first_ms: number; idle_ms: number; finished_ms: number }

/** What each kind of provider brings with it. */
export type Kind = {
  /** In the order of preference; the endpoint and the model decide which one fits. */
  wires: readonly WireName[]
  /** The header that carries the key; `authorization` carries it as a bearer token. */
  key_header: KeyHeader
  needs_key: boolean
  patience: Patience
}

/** A provider that is known by name. `[providers.NAME]` of the configuration may change any of it. */
export type Vendor = {
  kind: ProviderKind
  /** `${VAR}` and `${VAR:-default}` are taken from the environment. Anthropic's is without `/v1`, the others' with it. */
  base_url?: string
  /** Environment variables that may hold its key, the first that is set wins. */
  key_names: readonly string[]
  /** The environment variable that holds another address of it. */
  url_name?: string
  /** Differs from its kind: see `Kind`. */
  key_header?: KeyHeader
  needs_key?: boolean
  patience?: Patience
  /** Keys of this provider are short-lived tokens: `api_key_command` runs again after so many seconds. */
  key_seconds?: number
  /** What to take when nobody named a model. Absent where the key variable is there for other purposes, too. */
  preferred?: string
  /** Stands for the provider in lists where it has no `preferred` and the catalogue knows nothing of it. */
  example?: string
  /** Other words for the provider, unless the configuration has one of that very name. */
  aliases?: readonly string[]
  /** Short names of its current models. */
  models?: Readonly<Record<string, string>>
  /** Bare model names that begin like this are this provider's. Not for open weights, which run anywhere. */
  begins?: RegExp
  /** Its name at models.dev, and which of the models there it serves over this API, and how they are called here. */
  catalogue?: { name: string; only?: RegExp; prefix?: string }
  /** A server on this machine that is looked for at its usual address, and whose models are then named `local/…`. */
  server?: 'ollama' | 'llama.cpp' | 'lmstudio' | 'vllm'
}

const seconds = (first: number, idle = first): Patience => ({
  first_ms: first * 1000,
  idle_ms: idle * 1000,
  finished_ms: 10_000,
})

/**
 * Claude pings while it thinks; OpenAI is silent then; a local server loads its model and reads the prompt before it says
 * anything, and may hold a call back until it is whole.
 */
export const KINDS: Record<ProviderKind, Kind> = {
  anthropic: { wires: ['messages'], key_header: 'x-api-key', needs_key: true, patience: seconds(120) },
  openai: { wires: ['responses', 'chat'], key_header: 'authorization', needs_key: true, patience: seconds(300) },
  gemini: { wires: ['generate', 'chat'], key_header: 'authorization', needs_key: true, patience: seconds(300, 120) },
  'openai-compatible': { wires: ['chat'], key_header: 'authorization', needs_key: false, patience: seconds(600) },
  offline: { wires: [], key_header: 'authorization', needs_key: false, patience: seconds(120) },
}

/** A service that speaks OpenAI's chat API: it has no model to load, and refuses calls without a key. */
const service = (base_url: string, key_names: string[], more: Partial<Vendor> = {}): Vendor => ({
  kind: 'openai-compatible',
  base_url,
  key_names,
  needs_key: true,
  patience: seconds(300),
  ...more,
})
const server = (base_url: string, name: NonNullable<Vendor['server']>, more: Partial<Vendor> = {}): Vendor => ({
  kind: 'openai-compatible',
  base_url,
  key_names: [],
  server: name,
  ...more,
})

/**
 * Every provider that is known by name, in the order of preference for when no model is configured. A new one is a row here;
 * one that speaks an API of its own needs a wire in `llm/` as well. Addresses and variables as the providers document them.
 */
export const VENDORS: Readonly<Record<string, Vendor>> = {
  anthropic: {
    kind: 'anthropic',
    base_url: 'https://api.anthropic.com',
    key_names: ['ANTHROPIC_API_KEY'],
    url_name: 'ANTHROPIC_BASE_URL',
    preferred: 'claude-sonnet-5-5',
    aliases: ['claude'],
    models: {
      opus: 'claude-opus-5-5',
      sonnet: 'claude-sonnet-5-5',
      haiku: 'claude-haiku-5-5',
      fable: 'claude-fable-5-2',
    },
    begins: /^claude-/,
    catalogue: { name: 'anthropic' },
  },
  openai: {
    kind: 'openai',
    base_url: 'https://api.openai.com/v1',
    key_names: ['OPENAI_API_KEY'],
    url_name: 'OPENAI_BASE_URL',
    preferred: 'gpt-6.1-terra',
    models: { gpt: 'gpt-6.1-terra' },
    begins: /^(?:gpt-(?!oss)|chatgpt-|o\d|codex-)/,
    catalogue: { name: 'openai' },
  },
  gemini: {
    kind: 'gemini',
    base_url: 'https://generativelanguage.googleapis.com/v1beta/openai',
    key_names: ['GEMINI_API_KEY', 'GOOGLE_API_KEY'],
    preferred: 'gemini-4-argon',
    aliases: ['google'],
    begins: /^gemini-/,
    catalogue: { name: 'google', only: /^gem/ },
  },
  openrouter: service('https://openrouter.ai/api/v1', ['OPENROUTER_API_KEY'], {
    preferred: 'anthropic/claude-sonnet-5.5',
    catalogue: { name: 'openrouter', only: /^[^~:]+(:free)?$/ },
  }),
  mistral: service('https://api.mistral.ai/v1', ['MISTRAL_API_KEY'], {
    preferred: 'mistral-medium-latest',
    catalogue: { name: 'mistral' },
  }),
  xai: service('https://api.x.ai/v1', ['XAI_API_KEY'], {
    preferred: 'grok-4.7',
    aliases: ['grok'],
    begins: /^grok-/,
    catalogue: { name: 'xai' },
  }),
  deepseek: service('https://api.deepseek.com/v1', ['DEEPSEEK_API_KEY'], {
    preferred: 'deepseek-v4-pro',
    catalogue: { name: 'deepseek' },
  }),
  moonshot: service('https://api.moonshot.ai/v1', ['MOONSHOT_API_KEY'], {
    url_name: 'MOONSHOT_BASE_URL', // https://api.moonshot.cn/v1 for keys of the Chinese platform
    preferred: 'kimi-k3.1-pro',
    aliases: ['kimi'],
    catalogue: { name: 'moonshotai' },
  }),
  zhipu: service('https://api.z.ai/api/paas/v4', ['ZAI_API_KEY', 'ZHIPU_API_KEY', 'ZHIPUAI_API_KEY'], {
    url_name: 'ZHIPU_BASE_URL', // https://open.bigmodel.cn/api/paas/v4 for keys of the Chinese platform
    preferred: 'glm-5.3',
    aliases: ['zai', 'z-ai', 'zhipuai', 'glm'],
    catalogue: { name: 'zai' },
  }),
  groq: service('https://api.groq.com/openai/v1', ['GROQ_API_KEY'], {
    preferred: 'openai/gpt-oss-120b',
    catalogue: { name: 'groq' },
  }),
  cerebras: service('https://api.cerebras.ai/v1', ['CEREBRAS_API_KEY'], {
    preferred: 'gpt-oss-120b',
    catalogue: { name: 'cerebras' },
  }),
  together: service('https://api.together.ai/v1', ['TOGETHER_API_KEY'], {
    preferred: 'zai-org/GLM-5.3',
    aliases: ['togetherai'],
    catalogue: { name: 'togetherai' },
  }),
  fireworks: service('https://api.fireworks.ai/inference/v1', ['FIREWORKS_API_KEY'], {
    preferred: 'accounts/fireworks/models/glm-5p3',
    aliases: ['fireworks-ai'],
    catalogue: { name: 'fireworks-ai' },
  }),
  huggingface: service('https://router.huggingface.co/v1', ['HF_TOKEN'], {
    aliases: ['hf'],
    catalogue: { name: 'huggingface' },
  }),
  github: service('https://models.github.ai/inference', ['GITHUB_MODELS_TOKEN', 'GITHUB_TOKEN'], {
    example: 'openai/gpt-5',
    aliases: ['github-models'],
    catalogue: { name: 'github-models' },
  }),
  /** A model there is called by the name of its deployment. */
  azure: {
    kind: 'openai',
    base_url: 'https://${AZURE_OPENAI_RESOURCE}.openai.azure.com/openai/v1',
    key_names: ['AZURE_OPENAI_API_KEY'],
    url_name: 'AZURE_OPENAI_BASE_URL',
    key_header: 'api-key',
    aliases: ['azure-openai'],
    catalogue: { name: 'azure' },
  },
  bedrock: {
    kind: 'openai',
    base_url: 'https://bedrock-runtime.${AWS_REGION:-us-east-1}.amazonaws.com/openai/v1',
    key_names: ['AWS_BEARER_TOKEN_BEDROCK'],
    aliases: ['amazon-bedrock', 'aws'],
    catalogue: { name: 'amazon-bedrock', only: /^(global\.)?openai\./ },
  },
  /** Its models are called `google/…`; its key is an access token: `api_key_command = ["gcloud", "auth", "print-access-token"]`. */
  vertex: {
    kind: 'gemini',
    base_url:
      'https://${GOOGLE_CLOUD_LOCATION:-us-central1}-aiplatform.googleapis.com/v1/projects/${GOOGLE_CLOUD_PROJECT}/locations/${GOOGLE_CLOUD_LOCATION:-us-central1}/endpoints/openapi',
    key_names: ['VERTEX_ACCESS_TOKEN'],
    url_name: 'VERTEX_BASE_URL',
    key_seconds: 1_800,
    example: 'google/gemini-4-argon',
    aliases: ['google-vertex'],
    catalogue: { name: 'google-vertex', prefix: 'google/' },
  },
  /** Whatever answers on this machine. */
  local: { kind: 'openai-compatible', key_names: [] },
  ollama: server('http://127.0.0.1:11434/v1', 'ollama', { url_name: 'OLLAMA_HOST' }),
  llamacpp: server('http://127.0.0.1:8080/v1', 'llama.cpp', { aliases: ['llama.cpp'] }),
  lmstudio: server('http://127.0.0.1:1234/v1', 'lmstudio', { aliases: ['lm-studio'] }),
  vllm: server('http://127.0.0.1:8000/v1', 'vllm'),
  offline: { kind: 'offline', key_names: [], preferred: 'guide', models: { guide: 'guide' } },
}

/** The row of that name, undefined for one that only the configuration knows. */
export const vendorOf = (name: string): Vendor | undefined => (Object.hasOwn(VENDORS, name) ? VENDORS[name] : undefined)
