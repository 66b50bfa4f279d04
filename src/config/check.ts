import { withoutStop } from '../base/text.ts'
import type { Path } from './locate.ts'
import type { FileConfig } from './schema.ts'
import { VENDORS } from './vendors.ts'

/** A mistake at a key. `text` completes "FILE:LINE: KEY …". */
export type Problem = { path: Path; text: string }
/** Null, or what is wrong with a permission rule. The grammar of rules belongs to a room above: it is passed in. */
type ValidateRule = (rule: string, action: 'allow' | 'ask' | 'deny') => string | null
/** Loads it: only for a file that has rules. */
export type LoadValidateRule = () => Promise<ValidateRule>

/** The mistakes no schema can see: those between two keys, and names that are taken. */
export async function checkFile(file: FileConfig, load?: LoadValidateRule): Promise<Problem[]> {
  const { permissions, agents = {} } = file
  const hooks = file.hooks ?? []
  const hasRules =
    permissions || hooks.some(hook => hook.match) || Object.values(agents).some(agent => agent.allowed_tools)
  const validateRule: ValidateRule = (hasRules && (await load?.())) || (() => null)
  return [
    ...checkProviders(file.providers ?? {}),
    ...checkServers(file.mcp_servers ?? []),
    ...checkAgents(file.agents ?? {}),
    ...checkRules(file, validateRule),
    ...checkHooks(hooks, validateRule),
  ]
}

const KNOWN_PROVIDERS = Object.keys(VENDORS).filter(name => name !== 'offline')
/** Agents shipped that change nothing, and stay so. */
const READ_ONLY_AGENTS = ['plan', 'ask']
/** The one that may change things. */
export const WRITING_AGENT = 'build'

function checkProviders(providers: NonNullable<FileConfig['providers']>): Problem[] {
  return Object.entries(providers).flatMap(([name, entry]): Problem[] => {
    const path = ['providers', name]
    if (entry.oauth && !entry.oauth.issuer && !entry.oauth.token_endpoint)
      return [
        { path: [...path, 'oauth'], text: 'needs an issuer, or device_authorization_endpoint and token_endpoint' },
      ]
    if (name === 'offline') return [{ path, text: 'is built in and has no settings' }]
    if (KNOWN_PROVIDERS.includes(name)) return []
    if (!entry.kind)
      return [{ path, text: `needs kind = "openai-compatible" (known without it: ${KNOWN_PROVIDERS.join(', ')})` }]
    return entry.kind === 'openai-compatible' && !entry.base_url ? [{ path, text: 'needs a base_url' }] : []
  })
}

function checkServers(servers: NonNullable<FileConfig['mcp_servers']>): Problem[] {
  return servers.flatMap((server, index): Problem[] => {
    const path = ['mcp_servers', index]
    const problems: Problem[] = []
    if (servers.findIndex(other => other.name === server.name) < index)
      problems.push({ path: [...path, 'name'], text: 'is the name of an earlier server in this file' })
    if (!server.command && !server.url) problems.push({ path, text: 'needs a command or a url' })
    if (server.command && server.url) problems.push({ path, text: 'has both a command and a url: keep one' })
    if (server.oauth && !server.url)
      problems.push({ path: [...path, 'oauth'], text: 'is for signing in at a url, and there is none' })
    if (server.oauth?.client_secret && !server.oauth.client_id)
      problems.push({ path: [...path, 'oauth', 'client_secret'], text: 'needs a client_id beside it' })
    return problems
  })
}

function checkAgents(agents: NonNullable<FileConfig['agents']>): Problem[] {
  return READ_ONLY_AGENTS.filter(name => Object.hasOwn(agents, name)).flatMap((name): Problem[] => {
    const path = ['agents', name]
    const problems: Problem[] = []
    const text = `must not be set: ${name} changes nothing (use another name for an agent that does)`
    if (agents[name]!.read_only === false) problems.push({ path: [...path, 'read_only'], text })
    if (agents[name]!.write_paths) problems.push({ path: [...path, 'write_paths'], text })
    return problems
  })
}

/** A session begins, and a prompt comes, without a tool. */
const WITHOUT_TOOL = ['session.created', 'prompt', 'turn.end']

function checkHooks(hooks: NonNullable<FileConfig['hooks']>, validate: ValidateRule): Problem[] {
  return hooks.flatMap(({ on, match }, index): Problem[] => {
    if (match === undefined) return []
    const path = ['hooks', index, 'match']
    if (WITHOUT_TOOL.includes(on)) return [{ path, text: `is for events of tools, and ${on} is none` }]
    const wrong = validate(match, 'ask')
    return wrong === null ? [] : [{ path, text: `is not a rule: ${withoutStop(wrong)}` }]
  })
}

function checkRules({ permissions = {}, agents = {} }: FileConfig, validate: ValidateRule): Problem[] {
  const lists = [
    ...ACTIONS.map(action => ({ path: ['permissions', action], rules: permissions[action], action })),
    ...Object.entries(agents).map(([name, { allowed_tools }]) => ({
      path: ['agents', name, 'allowed_tools'],
      rules: allowed_tools,
      action: 'allow' as const,
    })),
  ]
  return lists.flatMap(({ path, rules = [], action }) =>
    rules.flatMap((rule, index) => {
      const wrong = validate(rule, action)
      return wrong === null ? [] : [{ path: [...path, index], text: `is not a rule: ${withoutStop(wrong)}` }]
    }),
  )
}

export const ACTIONS = ['allow', 'ask', 'deny'] as const
