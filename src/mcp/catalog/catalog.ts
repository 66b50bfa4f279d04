import { createHash } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import * as v from 'valibot'
import { printable, visible } from '../../base/controls.ts'
import { PRIVATE_DIR, readRegular, writeAtomic } from '../../base/files.ts'
import { wellFormed } from '../../base/text.ts'
import type { McpServerConfig } from '../../config/config.ts'
import type { JsonSchema } from '../../llm/provider.ts'
import type { Era, ToolListing } from '../connection/connection.ts'
import { withKnownTypes } from './known-types.ts'
import {
  type McpPrompt,
  type McpResource,
  type McpTemplate,
  promptShape,
  resourceShape,
  templateShape,
} from './others.ts'
import { isObject } from './schema.ts'

/** A tool as its server lists it. */
export type McpTool = {
  /** The server's own name. */
  name: string
  description: string
  schema: JsonSchema
  annotations: { readOnlyHint?: boolean; destructiveHint?: boolean }
}

/** What a server offers, as last listed: enough to show and to check its tools without starting it. */
export type Catalog = {
  tools: McpTool[]
  /** Absent in a catalog of an older version. */
  prompts?: McpPrompt[]
  resources?: McpResource[]
  templates?: McpTemplate[]
  era: Era
  protocol: string
  /** Milliseconds since 1970. */
  fetched_at: number
}

const hint = v.optional(v.fallback(v.optional(v.boolean()), undefined))
const Listed = v.looseObject({
  name: v.pipe(v.string(), v.minLength(1)),
  title: v.fallback(v.optional(v.string()), undefined),
  description: v.fallback(v.optional(v.string()), undefined),
  inputSchema: v.optional(v.unknown()),
  annotations: v.fallback(v.optional(v.looseObject({ readOnlyHint: hint, destructiveHint: hint })), undefined),
})

/** The usable tools of a listing, each name once. `problem` is called for every other. Throws when a TOON text is unreadable. */
export async function readListing(listing: ToolListing['tools'], problem: (text: string) => void): Promise<McpTool[]> {
  const listed = typeof listing === 'string' ? await readToonTools(listing) : listing
  const tools = new Map<string, McpTool>()
  for (const entry of listed) {
    const parsed = v.safeParse(Listed, entry)
    if (!parsed.success) problem('left out a tool without a name')
    else if (tools.has(parsed.output.name)) problem(`left out the second tool named ${parsed.output.name}`)
    else tools.set(parsed.output.name, toolOf(wellFormed(parsed.output)))
  }
  return [...tools.values()]
}

const toolOf = ({ name, title, description, inputSchema, annotations }: v.InferOutput<typeof Listed>): McpTool => ({
  name,
  description: visible(description || printable(title ?? '')),
  schema: isObject(inputSchema) ? withKnownTypes(inputSchema) : { type: 'object' },
  annotations: { readOnlyHint: annotations?.readOnlyHint, destructiveHint: annotations?.destructiveHint },
})

async function readToonTools(text: string): Promise<unknown[]> {
  const { decodeTools } = await import('./toon-legacy.ts')
  return decodeTools(text)
}

const Stored = v.object({
  format: v.literal(1),
  tools: v.array(
    v.object({
      name: v.string(),
      description: v.string(),
      schema: v.record(v.string(), v.unknown()),
      annotations: v.object({ readOnlyHint: v.optional(v.boolean()), destructiveHint: v.optional(v.boolean()) }),
    }),
  ),
  prompts: v.optional(v.array(promptShape)),
  resources: v.optional(v.array(resourceShape)),
  templates: v.optional(v.array(templateShape)),
  era: v.picklist(['legacy', 'modern']),
  protocol: v.string(),
  fetched_at: v.number(),
})

/**
 * One file per entry of the configuration. Of environment and headers only the names count: what is in them are secrets,
 * and another token is no other server.
 */
export function catalogPath(directory: string, config: McpServerConfig): string {
  const { command, args, cwd, url, env, headers } = config
  const identity = JSON.stringify([command, args, cwd, url, Object.keys(env).sort(), Object.keys(headers).sort()])
  const hash = createHash('sha256').update(identity).digest('hex').slice(0, 16)
  return join(directory, `${config.name.replace(/[^\w-]/g, '_').slice(0, 40)}-${hash}.json`)
}

export async function loadCatalog(path: string): Promise<Catalog | null> {
  try {
    const { format: _, ...catalog } = v.parse(Stored, JSON.parse(String(await readRegular(path))))
    return catalog
  } catch {
    return null // never kept, or not readable: the server will be asked
  }
}

export async function saveCatalog(path: string, catalog: Catalog): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: PRIVATE_DIR })
  await writeAtomic(path, JSON.stringify({ format: 1, ...catalog }))
}
