import { abortable, within } from '../../base/abort.ts'
import { messageOf } from '../../base/errors.ts'
import type { ToolContext } from '../../tools/tool.ts'
import type { McpServer } from '../connection/server.ts'
import type { Catalog } from './catalog.ts'
import { wireName } from './lazy.ts'

/** A server that has not listed its tools: it is being started, or could not be. */
export type Absent = {
  server: string
  category: string
  /** Waits for it, starting it anew if it failed. Null when its tools are there, else why they are not. */
  arrive(context: ToolContext, patience_ms?: number): Promise<string | null>
}

export const absentFor = (server: McpServer, take: (catalog: Catalog) => unknown): Absent => ({
  server: server.config.name,
  category: server.config.category,
  async arrive(context, patience_ms) {
    // Whoever looks at everything does not start again what failed: the reason is known.
    const failure = server.status() === 'failed' ? server.lastError() : null
    if (failure && patience_ms !== undefined) return failure
    const { name } = server.config
    context.progress(`Waiting for ${name}`)
    const arriving = server.fetchCatalog(context).then(
      catalog => {
        take(catalog)
        return null
      },
      error => messageOf(error),
    )
    if (patience_ms === undefined) return abortable(arriving, context.signal)
    const outcome = await abortable(
      within(
        arriving.then(reason => ({ reason })),
        patience_ms,
      ),
      context.signal,
    )
    return outcome ? outcome.reason : `MCP server ${name} is still starting: try again later.`
  },
})

/** Those that a tool of this name may be of: the one it begins with, else any. */
export function ownersOf(absent: Absent[], tool: string): Absent[] {
  const named = absent.filter(({ server }) => {
    const wire = wireName(`${server}/x`).slice(0, -1)
    return [`${server}/`, `${server}:`, `${server}.`, wire].some(start => tool.startsWith(start))
  })
  return named.length > 0 || tool.includes('/') ? named : absent
}
