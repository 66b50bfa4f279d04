import type { Agent } from '../agent/agents.ts'
import { AppError } from '../base/errors.ts'
import { readRemoteName } from '../base/remote-name.ts'
import type { Config } from '../config/config.ts'
import { type SandboxConfig, sandboxFor, tighten } from '../config/sandbox.ts'
import type { Confinement } from '../tools/sandbox/confinement.ts'
import type { Availability } from '../tools/sandbox/sandbox.ts'
import type { Roots, Sandbox } from '../tools/tool.ts'
import type { Runtime } from './runtime.ts'

/** What isolates the commands of a session. Nothing of it is loaded before the first command that is isolated. */
export type Sandboxes = {
  /** For commands of one agent; undefined where they are not isolated. */
  of(config: SandboxConfig, roots: Roots, hidden: (path: string) => boolean): Sandbox | undefined
  close(): Promise<void>
}

/** What isolates the commands of a project, or why nothing does. */
export async function availableFor(
  config: SandboxConfig,
  project: string,
  { sandbox }: Pick<Runtime, 'sandbox'>,
): Promise<Availability> {
  const name = readRemoteName(project)
  return name
    ? { launcher: null, reason: `Commands of this project run on ${name.machine}, and are not isolated there.` }
    : sandbox(config, project)
}

export function createSandboxes(options: {
  home: string
  available(config: SandboxConfig): Promise<Availability>
}): Sandboxes {
  let made: Promise<Confinement> | undefined
  const confinement = () =>
    (made ??= import('../tools/sandbox/confinement.ts').then(({ createConfinement }) => createConfinement(options)))
  return {
    of(config, roots, hidden) {
      if (config.mode === 'off') return
      return {
        async look() {
          const look = await (await confinement()).look(config)
          if (!look.isolation && config.mode === 'required')
            throw new AppError('PERMISSION_DENIED', `Commands run in a sandbox only, and there is none. ${look.reason}`)
          return look
        },
        confine: async (command, cwd, env) =>
          (await confinement()).confine(command, { config, roots, cwd, env, hidden }),
      }
    },
    async close() {
      await (await made)?.close()
    },
  }
}

/** The sandbox of an agent, which is no weaker than that of those it works for. */
export function sandboxConfigOf(config: Config, agent: Agent, ancestors: readonly Agent[] = []): SandboxConfig {
  const of = ({ sandbox }: Agent) => sandboxFor(config.sandbox, sandbox)
  return ancestors.map(of).reduce(tighten, of(agent))
}
