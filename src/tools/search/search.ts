import { basename, join, relative as relativeTo, sep } from 'node:path'
import * as v from 'valibot'
import { AppError } from '../../base/errors.ts'
import { defineTool } from '../define.ts'
import { placeAt, proposedFiles } from '../files/proposed.ts'
import { hostOf, isThere } from '../host/local.ts'
import { confirmPath, failure, locate, relative } from '../paths.ts'
import { count } from '../text.ts'
import type { Effect, Tool, ToolContext } from '../tool.ts'
import { type Found, findLines } from './grep.ts'
import { parseRegex } from './regex.ts'
import { isHidden, type Visited, walk } from './walk.ts'
import { compileLoosely, compileWanted, type Wanted } from './wanted.ts'

const DEFAULT_LIMIT = 100
const MAX_LIMIT = 1_000
/** Names that only resemble what was asked for. */
const MAX_MEANT = 20
/** Names in a note. */
const MAX_NAMED = 10
const IGNORED_BUDGET_MS = 3_000
const limitSchema = v.optional(v.pipe(v.number(), v.integer(), v.minValue(1)))

const searchFiles = defineTool({
  name: 'search_files',
  proposals: 'sees',
  category: 'filesystem',
  level: 'read',
  takes: 'path',
  description: 'Find files by name.',
  params: v.object({
    pattern: v.pipe(v.string(), v.description('Glob, e.g. src/**/*.ts')),
    path: v.optional(v.string()),
    limit: limitSchema,
  }),
  async effect({ pattern, path }, context) {
    const effect = await searchEffect(path, 'Search the file names', context)
    await compileWanted(pattern, effect.reads[0]!, context)
    return effect
  },
  async run({ pattern, limit }, context, { reads: [start] }) {
    await confirmPath(start!, context.roots)
    const wanted = await compileWanted(pattern, start!, context)
    const exact = await findNames(start!, wanted, limitOf(limit), context)
    const ignored = exact.names.length === 0 ? await findIgnored(start!, wanted, context) : []
    const missed = exact.names.length === 0 && ignored.length === 0
    const meant = missed && (await compileLoosely(pattern, start!, context, name => `*${name}*,*${name}*/`))
    const { names, more, hidden, tracked } = meant
      ? await findNames(start!, meant, Math.min(limitOf(limit), MAX_MEANT), context)
      : exact
    const none = missed && names.length === 0
    const hint = none ? hintFor(pattern) : ''
    const notes = [
      missed && !none && `None has exactly that name; these have it in another case, or as a part.`,
      more && `There are more than ${names.length}: narrow the pattern or the path.`,
      tracked.length > 0 && `In git, though its ignore rules name it: ${someOf(tracked)}.`,
      ignored.length > 0 && `No file but what git ignores: ${someOf(ignored)}. Name it as the path.`,
      none && `${/[*?[{]/.test(pattern) ? 'No file matches.' : 'No file has that name.'} ${hint}`,
      hidden > 0 && hiddenNote(hidden),
    ]
    const metadata = { count: names.length, truncated: more, ...(hint && { hint }) }
    return { content: withNotes(names.join('\n'), notes), metadata }
  },
})

const grep = defineTool({
  name: 'grep',
  proposals: 'sees',
  category: 'filesystem',
  level: 'read',
  takes: 'path',
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
    parseQuery(params)
    const effect = await searchEffect(params.path, 'Search the file contents', context)
    if (params.glob) await compileWanted(params.glob, effect.reads[0]!, context)
    return effect
  },
  async run(params, context, { reads: [start] }) {
    await confirmPath(start!, context.roots)
    const place = await placeAt(start!, context)
    const directory = place.isDirectory()
    if (!directory && !place.isFile()) {
      throw new AppError('TOOL_FAILED', `${relative(start!, context.roots)} is not a regular file: it is not searched.`)
    }
    const glob = params.glob ? await compileWanted(params.glob, start!, context) : null
    const query = { ...parseQuery(params), glob, start: start!, directory }
    const exact = await findLines(query, context)
    const meant =
      params.glob && directory && exact.hits.length === 0 && !exact.stopped
        ? await compileLoosely(params.glob, start!, context, name => `*.${name.replace(/^\./, '')}`)
        : null
    const loose = meant && (await findLines({ ...query, glob: meant }, context))
    const found = loose && loose.hits.length > 0 ? loose : exact
    const matches = found.hits.reduce((sum, hits) => sum + hits.count, 0)
    const content = found.hits.map(({ path, lines }) => `${relative(path, context.roots)}\n${lines}`).join('\n\n')
    return {
      content: withNotes(content, [
        found === loose && 'No file that fits the glob as it is written: these fit it in another case or spelling.',
        ...grepNotes(found, matches, hostOf(context.roots).files.largest, meaningOf(params.pattern)),
      ]),
      metadata: {
        matches,
        files: found.hits.length,
        truncated: found.stopped !== null,
        ...(matches === 0 && { hint: NOT_SEARCHED }),
      },
      locations: found.hits.map(({ path, first }) => ({ path: relative(path, context.roots), line: first })),
    }
  },
})

export const searchTools: Tool[] = [searchFiles, grep]

type GrepParams = { pattern: string; case_sensitive?: boolean; context?: number; limit?: number }

function parseQuery(params: GrepParams) {
  if (params.pattern === '') throw new AppError('INVALID_PARAMS', 'The pattern is empty: say what to search for.')
  return {
    pattern: parseRegex(params.pattern, params.case_sensitive === false),
    limit: limitOf(params.limit),
    context: Math.min(params.context ?? 0, 20),
  }
}

/** What a walk may find is left to `hidden`; the rules see where it starts. */
async function searchEffect(path: string | undefined, verb: string, context: ToolContext): Promise<Effect> {
  const start = await locate(path ?? '.', context.roots)
  const shown = relative(start, context.roots)
  await placeAt(start, context).catch(error => {
    throw failure(error, shown)
  })
  const reason = shown === '.' ? `${verb} of the project` : `${verb} below ${shown}`
  return { level: 'read', reason, reads: [start], writes: [], locations: [{ path: shown }] }
}

type Names = { names: string[]; more: boolean; hidden: number; tracked: string[] }

async function findNames(start: string, wanted: Wanted, limit: number, context: ToolContext): Promise<Names> {
  const found: Names = { names: [], more: false, hidden: 0, tracked: [] }
  for await (const visited of walk(start, context)) {
    found.hidden += visited.hidden
    for (const path of matching(visited, start, wanted)) {
      if (found.names.length === limit) return { ...found, more: true }
      const shown = relative(path, context.roots) + (path.endsWith('/') ? '/' : '')
      found.names.push(shown)
      if (visited.tracked.includes(basename(path))) found.tracked.push(shown)
    }
  }
  for (const path of proposedFiles(start, context)) {
    if (isHidden(path, context) || (await isThere(path, context.roots))) continue
    if (!wanted.matches(relativeTo(start, path).split(sep).join('/'), 'file')) continue
    if (found.names.length === limit) return { ...found, more: true }
    found.names.push(relative(path, context.roots))
  }
  return found
}

/** What would match if git did not ignore it: a name that is there is never said to be missing. Looks around for a while only. */
async function findIgnored(start: string, wanted: Wanted, context: ToolContext): Promise<string[]> {
  const names: string[] = []
  const deadline = performance.now() + IGNORED_BUDGET_MS
  for await (const visited of walk(start, { ...context, ignored: true })) {
    for (const path of matching(visited, start, wanted)) names.push(relative(path, context.roots))
    if (names.length > MAX_NAMED || performance.now() > deadline) break
  }
  return names
}

/** Real paths; those of directories, if such are wanted, with a `/` at the end. */
function matching({ path, files, links, directories }: Visited, start: string, wanted: Wanted): string[] {
  const base = path === start ? '' : `${path.slice(start.length).split(sep).join('/').replace(/^\//, '')}/`
  return [
    ...[...files, ...links].filter(name => wanted.matches(base + name, 'file')),
    ...directories.filter(name => wanted.matches(base + name, 'directory')).map(name => `${name}/`),
  ].map(name => join(path, name))
}

function someOf(names: string[]): string {
  const more = names.length > MAX_NAMED ? ' and more' : ''
  return `${names.slice(0, MAX_NAMED).join(', ')}${more}`
}

const limitOf = (limit: number | undefined): number => Math.min(limit ?? DEFAULT_LIMIT, MAX_LIMIT)

/** How a pattern that finds nothing may have been meant in another dialect. */
function meaningOf(pattern: string): string {
  if (/\\[|(){}+?]/.test(pattern))
    return ' A backslash before | ( ) { } + ? means the character itself: alternatives are a|b.'
  return /^\/.+\/[a-z]*$/.test(pattern) ? ' The slashes around the pattern are part of it.' : ''
}

const NOT_SEARCHED = 'Files that git ignores are not searched, unless path is inside such a directory.'
const hintFor = (pattern: string): string =>
  /[*?[{]/.test(pattern) ? NOT_SEARCHED : 'Use a glob for a part of a name, like *part*, and a final / for directories.'

function grepNotes(
  { stopped, hidden, too_large }: Found,
  matches: number,
  largest: number,
  meaning: string,
): (string | false)[] {
  return [
    stopped === 'limit' && `There are more than ${count(matches, 'line')}: narrow the pattern, path or glob.`,
    stopped === 'time' && 'The search took too long and was stopped: narrow the path or glob.',
    matches === 0 && !stopped && `No line matches.${meaning} ${NOT_SEARCHED}`,
    too_large > 0 && `${count(too_large, 'file')} over ${largest / 1024 / 1024} MiB not searched.`,
    hidden > 0 && hiddenNote(hidden),
  ]
}

const hiddenNote = (hidden: number): string =>
  `${count(hidden, 'name')} left out: hidden by a rule, or likely to hold secrets.`

function withNotes(content: string, notes: (string | false)[]): string {
  const shown = notes.filter(note => note !== false).map(note => `[${note}]`)
  return [content, ...shown].filter(part => part !== '').join('\n')
}
