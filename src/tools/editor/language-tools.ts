import * as v from 'valibot'
import { AppError } from '../../base/errors.ts'
import { defineTool } from '../define.ts'
import { confirmPath, locate, relative } from '../paths.ts'
import type { Effect, Tool, ToolContext } from '../tool.ts'
import { briefly } from './brief.ts'
import type { LanguageSource, LanguageTool } from './language.ts'
import { diagnosticsOutput, spotsOutput } from './output.ts'
import { placeEffect, placeOf, placeParams } from './place.ts'

/** Throws TOOL_FAILED when the editor was detached, and the project has no language server that answers the tool. */
function sourceOf(tool: LanguageTool, context: ToolContext): LanguageSource {
  const source = context.language?.(tool)
  if (source) return source
  throw new AppError('TOOL_FAILED', `Nothing answers ${tool} now: no editor is attached. Use grep and read_file.`)
}

/** A file, or with none the project. */
async function fileEffect(what: string, input: string | undefined, context: ToolContext): Promise<Effect> {
  if (input === undefined) return { level: 'read', reason: `${what} of the project`, reads: [], writes: [] }
  const path = await locate(input, context.roots)
  const shown = relative(path, context.roots)
  return { level: 'read', reason: `${what} of ${shown}`, reads: [path], writes: [], locations: [{ path: shown }] }
}

async function confirmed([path]: readonly string[], context: ToolContext): Promise<string | undefined> {
  if (path !== undefined) await confirmPath(path, context.roots)
  return path
}

const about = { category: 'lsp', level: 'read', takes: 'path' } as const

const diagnostics = defineTool({
  ...about,
  name: 'diagnostics',
  description: 'Errors and warnings',
  params: v.object({ path: v.optional(v.string()) }),
  effect: ({ path }, context) => fileEffect('Diagnostics', path, context),
  async run(_, context, { reads }) {
    const path = await confirmed(reads, context)
    const found = await sourceOf('diagnostics', context).diagnostics(path === undefined ? null : [path], context.signal)
    return diagnosticsOutput(found, 'No diagnostics.', context)
  },
})

/** A tool that lists places for the symbol at a place. */
const spotsTool = (name: 'definition' | 'references', description: string, what: string) =>
  defineTool({
    ...about,
    name,
    description,
    params: placeParams,
    effect: (params, context) => placeEffect(what, params, context),
    async run(params, context, { reads: [path] }) {
      const at = await placeOf(params, path!, context)
      return spotsOutput(await sourceOf(name, context)[name](at, context.signal), NOTHING, context)
    },
  })
const definition = spotsTool('definition', 'Where a symbol is defined', 'Definition of what is')
const references = spotsTool('references', 'Where it is used', 'References to what is')

const hover = defineTool({
  ...about,
  name: 'hover',
  description: 'Its type and docs',
  params: placeParams,
  effect: (params, context) => placeEffect('Documentation of what is', params, context),
  async run(params, context, { reads: [path] }) {
    const at = await placeOf(params, path!, context)
    const text = await sourceOf('hover', context).hover(at, context.signal)
    return { content: text.trim() || NOTHING, metadata: {} }
  },
})

const symbols = defineTool({
  ...about,
  name: 'symbols',
  description: 'In a file or by name',
  params: v.object({ path: v.optional(v.string()), query: v.optional(v.string()) }),
  aliases: { name: 'query', symbol: 'query', pattern: 'query' },
  effect: ({ path }, context) => fileEffect('Symbols', path, context),
  async run({ query }, context, { reads }) {
    const path = await confirmed(reads, context)
    const wanted = { ...(path !== undefined && { path }), ...(query && { query }) }
    return spotsOutput(await sourceOf('symbols', context).symbols(wanted, context.signal), 'No symbols found.', context)
  },
})

const NOTHING = 'Nothing found there. Name the symbol, or search with grep.'

/** In the order of `LANGUAGE_TOOLS`. Offered where a source answers them. */
export const languageTools: readonly Tool[] = [diagnostics, definition, references, hover, symbols].map(briefly)
