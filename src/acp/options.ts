import type { SessionConfigOption, SessionMode, SessionModeState } from '@agentclientprotocol/sdk'
import * as v from 'valibot'
import { agentsOf } from '../agent/agents.ts'
import { AUTO } from '../agent/choice.ts'
import { EFFORTS, MODES } from '../event/parts.ts'
import type { Effort, Mode } from '../event.ts'
import { canHave } from '../session/mode.ts'
import type { Runtime } from '../session/runtime.ts'
import type { Session } from '../session/session.ts'
import { invalid } from './errors.ts'

const SHOWN: Record<Mode, { name: string; description: string }> = {
  ask: { name: 'Ask', description: 'Ask before anything is changed, unless a rule allows it' },
  'accept-edits': { name: 'Accept edits', description: 'Edit files of the project without asking' },
  sandboxed: { name: 'Sandboxed', description: 'Run commands in the sandbox without asking' },
  plan: { name: 'Plan', description: 'Only read' },
}

/** The modes that a session can have here, and the one that it has. */
export async function modesOf(session: Session): Promise<SessionModeState> {
  const availableModes: SessionMode[] = []
  for (const id of MODES) if (await canHave(id, () => session.sandbox())) availableModes.push({ id, ...SHOWN[id] })
  return { currentModeId: session.state.config.mode, availableModes }
}

/** As much as the model thinks by itself. */
const DEFAULT = 'default'

/** What a client may choose for a session. `effort`: how much the model is to think, where that was chosen. */
export async function configOptionsOf(
  session: Session,
  { models }: Pick<Runtime, 'models'>,
  effort: Effort | undefined,
): Promise<SessionConfigOption[]> {
  const { model, agent } = session.state
  const usable = (await models.list()).models.filter(info => info.usable).map(({ id }) => id)
  const ids = usable.includes(model) ? usable : [model, ...usable]
  const efforts = models.info(model).efforts ?? EFFORTS
  const agents = [...agentsOf(session.config).map(({ name, description }) => ({ value: name, name, description }))]
  if (!agents.some(({ value }) => value === AUTO))
    agents.push({ value: AUTO, name: AUTO, description: 'Choose the agent for each prompt' })
  return [
    {
      id: 'model',
      name: 'Model',
      category: 'model',
      type: 'select',
      currentValue: model,
      options: ids.map(id => ({ value: id, name: id })),
    },
    {
      id: 'thought_level',
      name: 'Thinking',
      category: 'thought_level',
      type: 'select',
      currentValue: effort ?? DEFAULT,
      options: [DEFAULT, ...efforts].map(value => ({ value, name: value })),
    },
    { id: 'agent', name: 'Agent', category: 'agent', type: 'select', currentValue: agent, options: agents },
  ]
}

/** Undefined for the default. Throws INVALID_REQUEST. */
export function effortFrom(value: string): Effort | undefined {
  if (value === DEFAULT) return undefined
  const parsed = v.safeParse(v.picklist(EFFORTS), value)
  if (parsed.success) return parsed.output
  throw invalid(`value: there is no such thought_level. There are: ${[DEFAULT, ...EFFORTS].join(', ')}.`)
}
