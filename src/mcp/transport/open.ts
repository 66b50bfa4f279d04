import type { Children } from '../../base/children.ts'
import type { McpServerConfig } from '../../config/config.ts'
import { boundsOf } from '../../tools/sandbox/limit.ts'
import type { Opened } from '../connection/server.ts'
import { startChild } from './child.ts'
import type { Isolated } from './isolated.ts'
import type { LastLines } from './last-lines.ts'
import { createStdioTransport } from './transport.ts'

/** A server as a child process. */
export async function openChild(
  config: McpServerConfig,
  cwd: string,
  env: Record<string, string>,
  stderr: LastLines,
  children: Children,
  grace_ms: number,
  isolated: Isolated | null,
): Promise<Opened> {
  // In its stderr, where a person looks for the cause of a failure.
  if (isolated) stderr.add(`[in the sandbox: ${boundsOf(isolated.isolation)}]`)
  const child = await startChild({
    name: config.name,
    command: config.command!,
    args: config.args,
    cwd: config.cwd ?? cwd,
    children,
    env: { ...env, ...config.env },
    limits: config.limits,
    stderr,
    grace_ms,
    isolated,
  }).catch(async error => {
    await isolated?.close()
    throw error
  })
  if (isolated) void child.exited.then(isolated.close)
  return { transport: createStdioTransport(child), pid: child.pid, ended: () => child.ended }
}
