import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import * as v from 'valibot'
import { AppError } from '../../errors.ts'
import { defineTool } from '../define.ts'
import { confirmPath, failure, locate, relative } from '../paths.ts'
import { count } from '../text.ts'
import type { Effect, Tool, ToolContext } from '../tool.ts'
import { compileGlob, type Glob } from './glob.ts'
import { type Found, findLines } from './grep.ts'
import { parseRegex } from './regex.ts'
import { walk } from './walk.ts'

const DEFAULT_LIMIT = 100
const MAX_LIMIT = 1_000
const limitSchema = v.optional(v.pipe(v.number(), v.integer(), v.minValue(1)))

const searchFiles = defineTool({
  name: 'search_files',
  category: 'filesystem',
  level: 'read',
  description: 'Find files by name.',
  params: v.object({
    pattern: v.pipe(v.string(), v.description('Glob, e.g. src/**/*.ts')),
    path: v.optional(v.string()),
    limit: limitSchema,
  }),
  async effect({ pattern, path }, context) {
    compileGlob(globWithin(pattern, context))
    return await searchEffect(path, 'Search the file names', context)
  },
  async run({ pattern, limit }, context, { reads: [start] }) {
    await confirmPath(start!, context.roots)
    const { names, more, hidden } = await findNames(start!, globWithin(pattern, context), limitOf(limit), context)
    const notes = [
      more && `There are more than ${names.length}: narrow the pattern or the path.`,
      names.length === 0 && noNames(pattern),
      hidden > 0 && hiddenNote(hidden),
    ]
    return { content: withNotes(names.join('\n'), notes), metadata: { count: names.length, truncated: more } }
  },
})

const grep = defineTool({
  name: 'grep',
  category: 'filesystem',
  level: 'read',
  description: 'Search file contents by line.',
  params: v.object({
    pattern: v.pipe(v.string(), v.description('Regex')),
    path: v.optional(v.string()),
    glob: v.optional(v.string()),
    case_sensitive: v.optional(v.boolean()),
    context: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.description('Lines around'))),
    limit: limitSchema,
  }),
  async effect(params, context) {
    queryOf(params, context)
    return await searchEffect(params.path, 'Search the file contents', context)
  },
  async run(params, context, { reads: [start] }) {
    await confirmPath(start!, context.roots)
    const place = await stat(start!)
    const directory = place.isDirectory()
    if (!directory && !place.isFile()) {
      throw new AppError('TOOL_FAILED', `${relative(start!, context.roots)} is not a regular file: it is not searched.`)
    }
    const found = await findLines({ ...queryOf(params, context), start: start!, directory }, context)
    const matches = found.hits.reduce((sum, hits) => sum + hits.count, 0)
    const content = found.hits.map(({ path, lines }) => `${relative(path, context.roots)}\n${lines}`).join('\n\n')
    return {
      content: withNotes(content, grepNotes(found, matches)),
      metadata: { matches, files: found.hits.length, truncated: found.stopped !== null },
      locations: found.hits.map(({ path, first }) => ({ path: relative(path, context.roots), line: first })),
    }
  },
})

export const searchTools: Tool[] = [searchFiles, grep]

type GrepParams = { pattern: string; glob?: string; case_sensitive?: boolean; context?: number; limit?: number }

function queryOf(params: GrepParams, context: ToolContext) {
  if (params.pattern === '') throw new AppError('INVALID_PARAMS', 'The pattern is empty: say what to search for.')
  return {
    pattern: parseRegex(params.pattern, params.case_sensitive === false),
    glob: params.glob ? compileGlob(globWithin(params.glob, context)) : null,
    limit: limitOf(params.limit),
    context: Math.min(params.context ?? 0, 20),
  }
}

/** What a walk may find is left to `hidden`; the rules see where it starts. */
async function searchEffect(path: string | undefined, verb: string, context: ToolContext): Promise<Effect> {
  const start = await locate(path ?? '.', context.roots)
  const shown = relative(start, context.roots)
  await stat(start).catch(error => {
    throw failure(error, shown)
  })
  const reason = shown === '.' ? `${verb} of the project` : `${verb} below ${shown}`
  return { level: 'read', reason, reads: [start], writes: [], locations: [{ path: shown }] }
}

type Names = { names: string[]; more: boolean; hidden: number }

async function findNames(start: string, pattern: string, limit: number, context: ToolContext): Promise<Names> {
  const found: Names = { names: [], more: false, hidden: 0 }
  const wantsDirectories = pattern.endsWith('/')
  const glob: Glob = compileGlob(wantsDirectories ? pattern.slice(0, -1) : pattern)
  const base = { ...context.roots, project: start }
  for await (const visited of walk(start, context)) {
    found.hidden += visited.hidden
    const names = wantsDirectories ? visited.directories : [...visited.files, ...visited.links]
    for (const name of names) {
      const path = join(visited.path, name)
      if (!glob(relative(path, base))) continue
      if (found.names.length === limit) return { ...found, more: true }
      found.names.push(relative(path, context.roots) + (wantsDirectories ? '/' : ''))
    }
  }
  return found
}

/** Models also write globs from `./`, or from the root of the file system. */
function globWithin(pattern: string, { roots }: ToolContext): string {
  const inside = pattern.startsWith(`${roots.project}/`) ? pattern.slice(roots.project.length + 1) : pattern
  return inside.replace(/^\.\//, '')
}

const limitOf = (limit: number | undefined): number => Math.min(limit ?? DEFAULT_LIMIT, MAX_LIMIT)

const noNames = (pattern: string): string =>
  /[*?[{]/.test(pattern)
    ? 'No file matches. Files that git ignores are not searched, unless path is inside such a directory.'
    : 'No file has that name. Use a glob for a part of a name, like *part*, and a final / for directories.'

function grepNotes({ stopped, hidden, too_large }: Found, matches: number): (string | false)[] {
  return [
    stopped === 'limit' && `There are more than ${count(matches, 'line')}: narrow the pattern, path or glob.`,
    stopped === 'time' && 'The search took too long and was stopped: narrow the path or glob.',
    matches === 0 &&
      !stopped &&
      'No line matches. Files that git ignores are not searched, unless path is inside such a directory.',
    too_large > 0 && `${count(too_large, 'file')} over 32 MiB not searched.`,
    hidden > 0 && hiddenNote(hidden),
  ]
}

const hiddenNote = (hidden: number): string =>
  `${count(hidden, 'name')} left out: hidden by a rule, or likely to hold secrets.`

function withNotes(content: string, notes: (string | false)[]): string {
  const shown = notes.filter(note => note !== false).map(note => `[${note}]`)
  return [content, ...shown].filter(part => part !== '').join('\n')
}
