import { statSync } from 'node:fs'
import { dirname, isAbsolute, join } from 'node:path'
import { AppError } from '../../base/errors.ts'
import type { Config, McpServerConfig } from '../../config/config.ts'
import { type SandboxConfig, sandboxFor } from '../../config/sandbox.ts'
import { hides } from '../../tools/permission/hidden.ts'
import { createConfinement } from '../../tools/sandbox/confinement.ts'
import type { Availability, Isolation } from '../../tools/sandbox/sandbox.ts'

/** What the isolation of servers depends on. */
export type Around = {
  config: Pick<Config, 'sandbox' | 'rules'>
  home: string
  /** Files of this program. */
  forbidden: string[]
  available(config: SandboxConfig, project: string): Promise<Availability>
}

/** The sandbox of one process of a server. */
export type Isolated = {
  isolation: Isolation
  confine(
    command: string[],
    cwd: string,
    env: Record<string, string>,
  ): Promise<{ command: string[]; env: Record<string, string> }>
  close(): Promise<void>
}

/**
 * The sandbox of a server, null when it is not isolated; `project` is null for a server of all projects. Throws
 * MCP_SERVER_ERROR when a sandbox is required and there is none.
 */
export async function isolate(
  server: McpServerConfig,
  project: string | null,
  around: Around,
): Promise<Isolated | null> {
  const { home, forbidden } = around
  const config = sandboxFor(around.config.sandbox, server.sandbox)
  if (config.mode === 'off') return null
  // A server of all projects may write to none of them.
  const roots = { project: project ?? join(home, '.no-project'), allowed: [], forbidden }
  const confinement = createConfinement({ home, available: config => around.available(config, project ?? home) })
  const look = await confinement.look(config)
  if (!look.isolation) {
    if (config.mode === 'auto') return null
    throw new AppError(
      'MCP_SERVER_ERROR',
      `MCP server ${server.name} was not started: it runs in a sandbox only, and there is none. ${look.reason}`,
    )
  }
  const rules = around.config.rules.map((rule, i) => ({ rule_id: `config_${i}`, ...rule }))
  const hidden = hides({ rules, roots, project: roots.project, home })
  return {
    isolation: look.isolation,
    confine: (command, cwd, env) =>
      confinement.confine(command, { config, roots, cwd, env, hidden, visible: [cwd, ...filesIn(server)] }),
    close: confinement.close,
  }
}

/** The absolute paths in its entry, files as their directories: a script loads modules from there. */
const filesIn = ({ command = '', args }: McpServerConfig): string[] =>
  [command, ...args].filter(isAbsolute).map(path => {
    try {
      return statSync(path).isDirectory() ? path : dirname(path)
    } catch {
      return path // does not exist: the sandbox leaves it out
    }
  })
