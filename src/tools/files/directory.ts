import { join, relative as relativeTo, sep } from 'node:path'
import * as v from 'valibot'
import { AppError } from '../../base/errors.ts'
import { renderData } from '../../base/toon.ts'
import { defineTool } from '../define.ts'
import type { Sight } from '../host/host.ts'
import { absent, hostOf } from '../host/local.ts'
import { confirmPath, failure, locate, relative } from '../paths.ts'
import { isHidden, walk } from '../search/walk.ts'
import { count } from '../text.ts'
import type { ToolContext } from '../tool.ts'
import { isProposedDirectory, placeAt, proposedEntries, refuseAmongProposed, shownSight } from './proposed.ts'
import { missing } from './read.ts'

const MAX_ROWS = 1_000

type Row = { name: string; type: 'file' | 'directory' | 'link' | 'other'; size: number | null }

/** At the first level all names; below, not what git ignores: nobody wants the depths of node_modules. */
export const listDirectoryTool = defineTool({
  name: 'list_directory',
  proposals: 'sees',
  category: 'filesystem',
  level: 'read',
  takes: 'path',
  description: 'List a directory.',
  params: v.object({
    path: v.optional(v.string()),
    depth: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1))),
  }),
  async effect({ path: input }, context) {
    const path = await locate(input ?? '.', context.roots)
    const shown = relative(path, context.roots)
    const found = await placeAt(path, context).catch(async error => {
      throw error.code === 'ENOENT' ? await missing(path, context) : failure(error, shown)
    })
    if (!found.isDirectory()) throw new AppError('TOOL_FAILED', `${shown} is a file: use read_file.`)
    const reason = shown === '.' ? 'List the project directory' : `List ${shown}`
    return { level: 'read', reason, reads: [path], writes: [], locations: [{ path: shown }] }
  },
  async run({ depth = 1 }, context, { reads: [path] }) {
    await confirmPath(path!, context.roots)
    const { paths, hidden } = await entriesOf(path!, depth, context)
    const shown = paths.slice(0, MAX_ROWS)
    const sights = await hostOf(context.roots).files.sights(shown, { sizes: true })
    const rows = shown.map((child, i) => rowOf(child, shownSight(child, sights[i]!, context), path!))
    const notes = [
      rows.length === 0 && '[The directory is empty.]',
      paths.length > MAX_ROWS && `[The first ${MAX_ROWS} entries only: list a directory below, or use search_files.]`,
      hidden > 0 && `[${count(hidden, 'name')} left out: hidden by a rule, or likely to hold secrets.]`,
    ]
    const table = rows.length > 0 ? await renderData(rows, context.toon) : ''
    return {
      content: [table, ...notes].filter(Boolean).join('\n'),
      metadata: { path: relative(path!, context.roots), count: rows.length },
    }
  },
})

export const createDirectoryTool = defineTool({
  name: 'create_directory',
  proposals: 'makes',
  category: 'filesystem',
  level: 'write',
  takes: 'path',
  description: 'Create a directory and its parents.',
  params: v.object({ path: v.string() }),
  async effect({ path: input }, context) {
    const path = await locate(input, context.roots)
    const shown = relative(path, context.roots)
    refuseAmongProposed(path, 'directory', context)
    const { files } = hostOf(context.roots)
    const found = await files.stat(path).catch(absent)
    if (found && !found.isDirectory()) throw new AppError('TOOL_FAILED', `${shown} exists and is a file.`)
    const reason = found ? `${shown} exists already: nothing to create` : `Create the directory ${shown}`
    return { level: 'write', reason, reads: [], writes: [path], locations: [{ path: shown }] }
  },
  async run(_, context, { writes: [path], locations }) {
    await confirmPath(path!, context.roots)
    const shown = relative(path!, context.roots)
    const created = await hostOf(context.roots)
      .files.makeDirectory(path!)
      .catch(error => {
        throw failure(error, shown)
      })
    const content = created ? `Created ${shown}/.` : `${shown} exists already.`
    return { content, metadata: { path: shown, created }, locations }
  },
})

/** Parents before children; hidden names left out and counted. */
async function entriesOf(directory: string, depth: number, context: ToolContext) {
  const entries = await hostOf(context.roots)
    .files.entries(directory)
    .catch(error => {
      if (isProposedDirectory(directory, context)) return []
      throw failure(error, relative(directory, context.roots))
    })
  const names = entries.map(({ name }) => name)
  const top = names.sort().map(name => join(directory, name))
  const paths = new Set(top.filter(path => !isHidden(path, context)))
  let hidden = top.length - paths.size
  if (depth > 1)
    for await (const visited of walk(directory, { ...context, depth: depth - 1 })) {
      if (visited.path === directory) continue
      hidden += visited.hidden
      const below = [...visited.directories, ...visited.files, ...visited.links]
      for (const name of below.sort()) paths.add(join(visited.path, name))
      if (paths.size > MAX_ROWS) break
    }
  for (const path of proposedEntries(directory, depth, context)) if (!isHidden(path, context)) paths.add(path)
  return { paths: [...paths].sort(byParts), hidden }
}

/** Null: gone meanwhile. */
function rowOf(path: string, sight: Sight | null, directory: string): Row {
  const name = relativeTo(directory, path).replaceAll(sep, '/')
  const type = sight?.kind ?? 'other'
  return { name, type, size: type === 'file' ? sight!.size : null }
}

/** A directory right before what is in it. */
function byParts(a: string, b: string): number {
  const [left, right] = [a.replaceAll(sep, '\0'), b.replaceAll(sep, '\0')]
  return left < right ? -1 : left > right ? 1 : 0
}
