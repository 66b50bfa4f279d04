import type { McpServerConfig } from '../config/config.ts'
import { startChild } from './child.ts'
import type { Registry } from './registry.ts'
import type { Ring } from './ring.ts'
import type { Opened } from './slot.ts'
import { createStdioTransport } from './transport.ts'

/** A server as a child process; recorded in the registry for as long as anything of it may live. */
export async function openChild(
  config: McpServerConfig,
  cwd: string,
  env: Record<string, string>,
  stderr: Ring,
  registry: Registry,
  grace_ms: number,
): Promise<Opened> {
  const child = await startChild({
    name: config.name,
    command: config.command!,
    args: config.args,
    cwd: config.cwd ?? cwd,
    env: { ...env, ...config.env },
    limits: config.limits,
    stderr,
    grace_ms,
  })
  registry.add(child)
  const transport = createStdioTransport(child)
  const close = transport.close.bind(transport)
  transport.close = async () => {
    await close()
    registry.remove(child.pid)
  }
  return { transport, pid: child.pid, ended: () => child.ended }
}
