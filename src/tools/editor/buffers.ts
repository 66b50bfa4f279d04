import { realpath } from 'node:fs/promises'
import { isAbsolute } from 'node:path'
import * as v from 'valibot'
import { escapeInvisible, oneLine } from '../../base/controls.ts'
import { AppError } from '../../base/errors.ts'
import { defineTool } from '../define.ts'
import { isConfined, locate, relative } from '../paths.ts'
import type { Effect, Output, ToolContext } from '../tool.ts'
import { type Buffer, readBuffer, readBuffers } from './answer.ts'
import { askEditor, editorFor } from './attached.ts'

const line = v.pipe(v.number(), v.integer(), v.minValue(1))

/**
 * Lists the buffers, or reads one: unsaved text, and what is in no file. One that visits a file inside the project is read
 * without asking; its path is known from the last list, or is what the model named.
 */
export const buffersTool = defineTool({
  name: 'buffers',
  category: 'editor',
  level: 'read',
  description: 'List buffers, or read one',
  params: v.object({ name: v.optional(v.string()), offset: v.optional(line), limit: v.optional(line) }),
  aliases: { buffer: 'name', buffer_name: 'name', path: 'name', file: 'name' },
  async effect({ name }, context) {
    if (name === undefined) return { level: 'read', reason: 'List the buffers of the editor', reads: [], writes: [] }
    return readingOf(name, await pathOf(name, context), context)
  },
  async run({ name, offset, limit }, context, { reads }) {
    if (name === undefined) return list(context)
    const path = await pathOf(name, context)
    const params = { name, ...(path && { path }), ...(offset && { offset }), ...(limit && { limit }) }
    const buffer = await askEditor({ tool: 'buffers', params, parse: readBuffer }, context)
    await refuseOther(buffer, path, reads, context)
    const metadata = { name: buffer.name || name, path: buffer.path, modified: buffer.modified }
    return { content: buffer.text, metadata }
  },
})

/** The real path of the file that a buffer visits: as listed, or named itself. Null without a file, undefined if not known. */
async function pathOf(name: string, context: ToolContext): Promise<string | null | undefined> {
  const known = context.editor?.()?.buffers.get(name)
  if (known !== undefined) return known === null ? null : realOf(known, context)
  if (isAbsolute(name)) return realOf(name, context)
  return name.includes('/') ? locate(name, context.roots).catch(() => undefined) : undefined
}

/** Of a file that is not saved yet, or on another machine than the project, the path as it is. */
export const realOf = async (path: string, { roots: { host } }: Pick<ToolContext, 'roots'>): Promise<string> =>
  isAbsolute(path) ? (host?.files.real(path, {}) ?? realpath(path)).catch(() => path) : path

function readingOf(name: string, path: string | null | undefined, context: ToolContext): Effect {
  const shown = escapeInvisible(name)
  const reading: Effect = { level: 'read', reason: `Read the buffer ${shown}`, reads: [], writes: [] }
  if (path && isConfined(path, context.roots))
    return { ...reading, reads: [path], locations: [{ path: relative(path, context.roots) }] }
  if (path) refuseClosed(path, context)
  const why =
    path === undefined
      ? 'It is not known what it shows'
      : path === null
        ? 'It visits no file'
        : `It visits ${escapeInvisible(path)}, outside of the project`
  return { ...reading, asks: { reason: `${why}.` }, reason: `${reading.reason}. ${why}` }
}

/** The buffer may show another file than when the call was judged. */
async function refuseOther(
  { path }: Buffer,
  judged: string | null | undefined,
  reads: readonly string[],
  context: ToolContext,
) {
  if (path === null) return
  const real = await realOf(path, context)
  refuseClosed(path, context)
  refuseClosed(real, context)
  if (judged === undefined && reads.length === 0) return // a person allowed it without knowing its file
  if (real !== judged)
    throw new AppError(
      'PERMISSION_DENIED',
      'That buffer shows another file than before. List the buffers, then repeat the call.',
    )
}

function refuseClosed(path: string, { hidden }: ToolContext) {
  if (hidden?.(path))
    throw new AppError(
      'PERMISSION_DENIED',
      'That buffer shows a file that is closed to tools: it may hold secrets, or a rule denies it.',
    )
}

async function list(context: ToolContext): Promise<Output> {
  const editor = editorFor('buffers', context)
  const all = await editor.ask({ tool: 'buffers', params: {}, parse: readBuffers }, context.signal)
  const open: Buffer[] = []
  for (const buffer of all) {
    const names = buffer.path === null ? [] : [buffer.path, await realOf(buffer.path, context)]
    if (!names.some(path => context.hidden?.(path))) open.push(buffer)
  }
  editor.buffers.clear()
  for (const { name, path } of open) editor.buffers.set(name, path)
  const lines = open.map(({ name, path, modified }) =>
    oneLine(`${name}${modified ? ' [modified]' : ''}${path ? ` ${relative(path, context.roots)}` : ''}`),
  )
  return {
    content: lines.join('\n') || 'No buffers.',
    metadata: { count: open.length, buffers: open.slice(0, MOST_KEPT) },
  }
}
const MOST_KEPT = 500
