import { AppError } from '../../base/errors.ts'
import type { Params } from '../../event.ts'
import type { Effect, Level, Output, Tool, ToolContext } from '../../tools/tool.ts'
import type { McpServer } from '../connection/server.ts'
import { parseArguments } from './arguments.ts'
import type { McpTool } from './catalog.ts'
import { cleanSchema, rawNames } from './clean.ts'
import { definitionOf } from './definition.ts'
import { portable } from './portable.ts'
import { outputOf } from './result.ts'

/**
 * A tool of a server as a tool like any other. What the server says of itself grants nothing unless the configuration
 * trusts it; that it destroys is believed anyway.
 */
export function toolFor(server: McpServer, listed: McpTool): Tool<Params> {
  const { config } = server
  const name = `${config.name}/${listed.name}`
  const level = levelOf(listed, config.trust_annotations)
  return {
    name,
    category: config.category,
    description: listed.description,
    parameters: portable(cleanSchema(listed.schema)),
    level,
    parse: params => rawNames(listed.schema, parseArguments(name, cleanSchema(listed.schema), params)),
    effect: async (_, context) => ({
      level,
      reason: `Call ${listed.name} of the MCP server ${config.name}`,
      reads: [],
      writes: [],
      definition: definitionOf(await server.latest(listed, context)),
      ...(listed.annotations.destructiveHint === true && { danger: 'destructive' }),
    }),
    run: (params, context, effect) => run(server, listed, params, context, effect),
  }
}

async function run(
  server: McpServer,
  listed: McpTool,
  args: Params,
  context: ToolContext,
  { definition }: Effect,
): Promise<Output> {
  const now = definitionOf(await server.latest(listed, context))
  if (definition && now.hash !== definition.hash)
    throw new AppError('MCP_SERVER_ERROR', `${listed.name} has changed since the call was judged. Repeat the call.`)
  const result = await server.call({ tool: listed.name, args, schema: listed.schema, context })
  return outputOf(result, context.toon)
}

function levelOf({ annotations }: McpTool, trusted: boolean): Level {
  if (trusted && annotations.readOnlyHint === true) return 'read'
  return trusted && annotations.destructiveHint === true ? 'dangerous' : 'write'
}

/** Whether the entry of the configuration offers this tool: not one of `deny`, and one of `allow` if that names any. */
export function isOffered(tool: McpTool, { allow, deny }: { allow: string[]; deny: string[] }): boolean {
  const matches = (pattern: string) =>
    pattern === tool.name || (pattern.endsWith('*') && tool.name.startsWith(pattern.slice(0, -1)))
  return !deny.some(matches) && (allow.length === 0 || allow.some(matches))
}
