import type { AuthMethod } from '@agentclientprotocol/sdk'
import type { Config } from '../config/config.ts'
import { VENDORS } from '../config/vendors.ts'
import { createSignIns, signInProviders } from '../llm/sign-in/sign-ins.ts'
import type { Runtime } from '../session/runtime.ts'
import { failure, invalid } from './errors.ts'

type World = Pick<Runtime, 'models' | 'dirs'> & { config: Config }

/** Whose keys a client may offer to set: those with a variable of their own that people know. */
const KEYED = ['anthropic', 'openai', 'gemini'] as const

/**
 * How a person gives us access to a model. `env_var` is a draft of ACP: to a client that does not know it, its methods are
 * ordinary ones, which `authenticate` answers. A terminal may only be offered to a client that has one.
 * Source: https://agentclientprotocol.com/rfds/auth-methods, .../announcements/auth-methods-stabilized.
 */
export function authMethodsOf({ config }: World, hasTerminal: boolean): AuthMethod[] {
  const keys = KEYED.map(id => {
    const [name] = VENDORS[id]!.key_names
    const description = `Uses the key in the environment variable ${name}, or in [providers.${id}] of emacs-agent.toml`
    return { id, name: `Key of ${id}`, description, type: 'env_var', vars: [{ name: name! }] }
  })
  if (!hasTerminal) return keys
  return [
    ...keys,
    ...signInProviders(config).map(name => ({
      type: 'terminal' as const,
      id: `login-${name}`,
      name: `Sign in at ${name}`,
      args: ['--login', name],
    })),
    {
      type: 'terminal' as const,
      id: 'login',
      name: 'Check the configuration',
      description: 'Shows which models and keys there are, and what to do about those that are missing',
      args: ['--login'],
    },
  ]
}

/** Whether the provider of a method can be used. Throws INVALID_REQUEST for what is no such method, LLM_AUTH when there is no key. */
export async function authenticate(methodId: string, { models }: World): Promise<void> {
  const provider = KEYED.find(id => id === methodId)
  if (!provider) throw invalid(`methodId: expected one of ${KEYED.join(', ')}. Others run in a terminal.`)
  const report = (await models.doctor()).find(each => each.provider === provider)
  if (!report?.usable) throw failure('LLM_AUTH', report?.remedy ?? `${provider} is not configured.`)
}

/** Forgets every sign-in. Keys of the configuration and of the environment stay: they are not ours. */
export async function signOut({ config, dirs }: World): Promise<void> {
  const signIns = createSignIns(config, dirs.state)
  for (const name of signInProviders(config)) await signIns.forget(name)
}
