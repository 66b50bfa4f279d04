import type { Children } from '../base/children.ts'
import type { Dirs } from '../config/config.ts'
import { sandboxDir } from '../config/dirs.ts'
import type { Runtime } from '../session/runtime.ts'

/** Returns what looks up how this machine isolates the commands of a project. It is loaded on first use. */
export function isolationHere(given: {
  children: Children
  env(): Record<string, string>
  dirs: Dirs
  self: readonly string[]
}): Runtime['sandbox'] {
  const { children, env, dirs, self } = given
  return async (config, project) => {
    const { sandboxOf } = await import('../tools/sandbox/sandbox.ts')
    const { platform } = process
    return sandboxOf(config, { platform, children, env: env(), self, directory: sandboxDir(dirs.state), project })
  }
}
