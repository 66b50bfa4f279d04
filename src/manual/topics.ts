/** What `help TOPIC` explains, in the order of the manual; a page each in `pages/`. */
export const TOPICS = {
  emacs: 'the client: keys, approvals, rewriting, sessions',
  terminal: 'asking, conversations and exit codes of `run`',
  config: 'the configuration, key by key',
  models: 'providers, prices, effort, signing in',
  agents: 'agents, plans, delegation, prompts with a check',
  tools: 'the built-in tools and their parameters',
  rules: 'what runs, what asks and what is refused',
  skills: 'AGENTS.md files, skills, commands and agent files of a project',
  hooks: 'programs of yours that run at an event',
  mcp: 'MCP servers, and the tools as one',
  acp: 'other editors: Zed, JetBrains, Neovim, agent-shell',
  undo: 'taking changes and prompts back',
  api: 'every HTTP route, from the schemas that validate',
  events: 'every event of a session, field by field',
  security: 'what is promised, and what is not',
  troubleshooting: 'symptoms, causes and remedies',
  design: 'the original design, section by section, and what is different here',
} as const

export type Topic = keyof typeof TOPICS
export const TOPIC_NAMES = Object.keys(TOPICS) as Topic[]

export const isTopic = (name: string): name is Topic => Object.hasOwn(TOPICS, name)

/** Those that are also published as a JSON Schema, or (`api`) as the OpenAPI document. */
export const SCHEMA_TOPICS = ['config', 'api', 'events'] as const
export type SchemaTopic = (typeof SCHEMA_TOPICS)[number]
