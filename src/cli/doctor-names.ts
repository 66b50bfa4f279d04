import { agentsOf } from '../agent/agents.ts'
import { AUTO } from '../agent/choice.ts'
import { printable } from '../base/controls.ts'
import { messageOf } from '../base/errors.ts'
import type { Config } from '../config/config.ts'
import { nearest } from '../config/nearest.ts'
import type { Runtime } from '../session/runtime.ts'
import type { Finding } from './doctor.ts'

/** Models that the configuration names and that no provider has: each fails only when it is used. */
export async function unknownModels(config: Config, models: Pick<Runtime['models'], 'resolve'>): Promise<Finding[]> {
  const { model, small_model, fallback_models, agents } = config
  const named: [key: string, id: string | undefined][] = [
    ['model', model],
    ['small_model', small_model === 'none' ? undefined : small_model],
    ...fallback_models.map((id, index): [string, string] => [`fallback_models[${index}]`, id]),
    ...Object.entries(agents).map(([name, entry]): [string, string | undefined] => [
      `agents.${name}.model`,
      entry.model,
    ]),
  ]
  const tried = named.map(async ([key, id]) => {
    if (id === undefined) return []
    try {
      await models.resolve(id)
      return []
    } catch (error) {
      return [{ ok: false, what: `${key} = ${quoted(id)}`, remedy: printable(messageOf(error)) }]
    }
  })
  return (await Promise.all(tried)).flat()
}

/** The agent of new sessions, where none has that name. `config` is that of a project, with the agents that are files. */
export function unknownAgent(config: Config): Finding[] {
  const known = [...agentsOf(config).map(({ name }) => name), AUTO]
  if (known.includes(config.agent)) return []
  const near = nearest(config.agent, known)
  const remedy = near ? `Did you mean ${near}?` : `There is no such agent. Known agents: ${known.join(', ')}.`
  return [{ ok: false, what: `agent = ${quoted(config.agent)}`, remedy: printable(remedy) }]
}

const quoted = (text: string): string => printable(JSON.stringify(text))
