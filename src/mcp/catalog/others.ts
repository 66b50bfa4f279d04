import * as v from 'valibot'
import { wellFormed } from '../../base/text.ts'
import type { OtherListings } from '../connection/lists.ts'

const text = v.fallback(v.optional(v.string()), undefined)
const name = v.pipe(v.string(), v.minLength(1))

/** As a catalog keeps them. */
export const promptShape = v.object({
  name,
  description: v.string(),
  arguments: v.array(v.object({ name, description: v.string(), required: v.boolean() })),
})
export const resourceShape = v.object({
  uri: name,
  name: v.string(),
  description: v.string(),
  mime_type: v.optional(v.string()),
})
export const templateShape = v.object({ uri_template: name, name: v.string(), description: v.string() })
export type McpPrompt = v.InferOutput<typeof promptShape>
export type McpResource = v.InferOutput<typeof resourceShape>
export type McpTemplate = v.InferOutput<typeof templateShape>

const described = { name: text, title: text, description: text }
const ListedPrompt = v.looseObject({
  ...described,
  name,
  arguments: v.fallback(
    v.optional(
      v.array(v.looseObject({ name, description: text, required: v.fallback(v.optional(v.boolean()), undefined) })),
      [],
    ),
    [],
  ),
})
const ListedResource = v.looseObject({ ...described, uri: name, mimeType: text })
const ListedTemplate = v.looseObject({ ...described, uriTemplate: name })

export type Others = { prompts: McpPrompt[]; resources: McpResource[]; templates: McpTemplate[] }

/** What of the listings can be used. Entries that have no name, or no address, are left out. */
export function readOthers({ prompts, resources, templates }: OtherListings): Others {
  return {
    prompts: taken(ListedPrompt, prompts).map(({ name, title, description, arguments: asked }) => ({
      name,
      description: description || title || '',
      arguments: asked.map(({ name, description = '', required = false }) => ({ name, description, required })),
    })),
    resources: taken(ListedResource, resources).map(({ uri, name, title, description, mimeType }) => ({
      uri,
      name: title || name || uri,
      description: description || '',
      ...(mimeType && { mime_type: mimeType }),
    })),
    templates: taken(ListedTemplate, templates).map(({ uriTemplate, name, title, description }) => ({
      uri_template: uriTemplate,
      name: title || name || uriTemplate,
      description: description || '',
    })),
  }
}

function taken<S extends v.GenericSchema>(schema: S, entries: unknown[]): v.InferOutput<S>[] {
  return entries.flatMap(entry => {
    const parsed = v.safeParse(schema, entry)
    return parsed.success ? [wellFormed(parsed.output)] : []
  })
}
