import { basename, dirname, join } from 'node:path'
import * as v from 'valibot'
import { AppError } from '../../base/errors.ts'
import { hashOf } from '../../base/files.ts'
import { suggestion } from '../../config/nearest.ts'
import { defineTool } from '../define.ts'
import type { Opened } from '../host/host.ts'
import { absent, hostOf, local } from '../host/local.ts'
import { confirmPath, failure, locate, relative } from '../paths.ts'
import { isHidden } from '../search/walk.ts'
import { count, isBinary } from '../text.ts'
import type { Effect, Output, ToolContext } from '../tool.ts'
import { checkImage, isShownKind } from './image.ts'
import { describeBinary, kindOf } from './media.ts'
import { type Page, pageOf, type Range, readPage } from './page.ts'
import { shownText } from './proposed.ts'

const DEFAULT_LINES = 2_000
/** An image of more bytes is too large for any model: its name and size say enough. */
const LARGEST_LOOKED_AT = 32 * 1024 * 1024
const SPILL = /^spill:(.*)$/s

/**
 * Lines are numbered (`12\ttext`), as models know it from elsewhere: the numbers go into edits' error messages, locations
 * and the next `offset`. A page is at most 2,000 lines and 28,000 characters, and says how to go on.
 */
export const readFileTool = defineTool({
  name: 'read_file',
  proposals: 'sees',
  category: 'filesystem',
  level: 'read',
  takes: 'path',
  description: 'Read a file as numbered lines.',
  params: v.object({
    path: v.string(),
    offset: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.description('First line'))),
    limit: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.description('Lines'))),
    column: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.description('To go on inside a long line'))),
  }),
  async effect({ path: input, offset }, context): Promise<Effect> {
    const id = SPILL.exec(input)?.[1]
    if (id !== undefined) {
      spillOf(id, context)
      return { level: 'read', reason: 'Read the rest of an earlier result', reads: [], writes: [] }
    }
    const path = await locate(input, context.roots)
    const shown = relative(path, context.roots)
    if (shownText(path, context) === undefined) await sizeOf(path, context)
    const locations = [{ path: shown, ...(offset && { line: offset }) }]
    return { level: 'read', reason: `Read ${shown}`, reads: [path], writes: [], locations }
  },
  async run({ path: input, offset = 1, limit = DEFAULT_LINES, column = 1 }, context, { reads: [path] }) {
    const range = { offset, limit, column }
    const id = SPILL.exec(input)?.[1]
    if (id !== undefined) return await readSpill(id, range, context)
    await confirmPath(path!, context.roots)
    const text = shownText(path!, context)
    return text === undefined ? await readDisk(path!, range, context) : await readText(path!, text, range, context)
  },
})

async function readDisk(path: string, range: Range, context: ToolContext): Promise<Output> {
  const shown = relative(path, context.roots)
  const size = await sizeOf(path, context)
  let file: Opened | undefined
  try {
    file = await hostOf(context.roots).files.open(path, size)
    const start = await file.start()
    const kind = kindOf(start)
    if (isShownKind(kind) && size <= LARGEST_LOOKED_AT) return readImage(path, await file.all(), shown, context)
    if (kind !== null || isBinary(start))
      return { content: describeBinary(path, kind, size), metadata: { path: shown, size, binary: true } }
    const page = await readPage(file.chunks(), size, range, false)
    if (page.hash !== null) context.seen.set(path, page.hash)
    return pageOutput(page, range, shown, {})
  } catch (error) {
    throw failure(error, shown)
  } finally {
    await file?.close()
  }
}

function readImage(path: string, bytes: Buffer, shown: string, context: ToolContext): Output {
  context.seen.set(path, hashOf(bytes))
  const metadata = { path: shown, size: bytes.length }
  const checked = checkImage(bytes)
  if ('fault' in checked)
    return {
      content: `${shown}: the image is not shown, since it ${checked.fault}.`,
      metadata: { ...metadata, binary: true },
    }
  const { image, kind, width, height } = checked
  const what = `${kind} image, ${width} × ${height}, ${count(bytes.length, 'byte')}, shown.`
  return { content: `${shown}: ${what}`, metadata, images: [image] }
}

/** The model sees the buffer, or what is proposed; what it may later overwrite is the file. */
async function readText(path: string, text: string, range: Range, context: ToolContext): Promise<Output> {
  const bytes = await hostOf(context.roots).files.read(path).catch(absent) // never saved, or new
  if (bytes) context.seen.set(path, hashOf(bytes))
  const more = context.proposed?.has(path) ? { proposed: true } : { unsaved: true }
  return pageOutput(pageOf(text, range), range, relative(path, context.roots), more)
}

async function readSpill(id: string, range: Range, context: ToolContext): Promise<Output> {
  const path = spillOf(id, context)
  const { files } = local // it is kept on this machine, wherever the project is
  const { size } = await files.stat(path).catch(() => {
    throw new AppError(
      'TOOL_FAILED',
      'Nothing was kept under that id: it has to be one named in a result that was cut.',
    )
  })
  const file = await files.open(path, size)
  try {
    return pageOutput(await readPage(file.chunks(), size, range, true), range, `spill:${id}`, {})
  } finally {
    await file.close()
  }
}

function spillOf(id: string, context: ToolContext): string {
  const path = /^tc_[a-z0-9]+$/.test(id) ? context.spillPath(id) : null
  if (path === null) throw new AppError('TOOL_FAILED', 'There is no such kept result in this session.')
  return path
}

function pageOutput(page: Page, { offset }: Range, path: string, more: Record<string, unknown>): Output {
  const { lines, total, encoding } = page
  const next = offset + lines.length
  const content = lines.map((line, i) => `${offset + i}\t${line}`).join('\n')
  const metadata = { path, lines: lines.length, ...(total !== null && { total_lines: total }), ...more }
  const isPart = lines.length > 0 && (total === null || next <= total)
  return {
    content: [content, noteOf(lines.length, offset, next, total), encodingNote(encoding)].filter(Boolean).join('\n'),
    metadata: isPart ? { ...metadata, next_offset: next } : metadata,
  }
}

function noteOf(shown: number, offset: number, next: number, total: number | null): string {
  if (total === 0) return '[The file is empty.]'
  if (shown === 0)
    return `[Line ${offset} is beyond the end: there ${total === 1 ? 'is 1 line' : `are ${total} lines`}.]`
  if (total !== null && next > total) return ''
  return `[Lines ${offset}-${next - 1}${total === null ? '' : ` of ${total}`}. Go on with offset ${next}.]`
}

function encodingNote(encoding: Page['encoding']): string {
  if (encoding === null) return ''
  if (encoding === 'UTF-16') return '[The file is UTF-16; what is written to it becomes UTF-16, too.]'
  return '[The file is not UTF-8: \uFFFD stands for bytes that do not decode. Edits keep them, as long as their lines stay; only ASCII can be added safely.]'
}

/** Throws TOOL_FAILED for whatever is no regular file: with the nearest name, if there is nothing. */
async function sizeOf(path: string, context: ToolContext): Promise<number> {
  const shown = relative(path, context.roots)
  const found = await hostOf(context.roots)
    .files.stat(path)
    .catch(async error => {
      throw error.code === 'ENOENT' ? await missing(path, context) : failure(error, shown)
    })
  if (found.isDirectory()) throw new AppError('TOOL_FAILED', `${shown} is a directory: use list_directory.`)
  if (!found.isFile()) throw new AppError('TOOL_FAILED', `${shown} is not a regular file.`)
  return found.size
}

/** TOOL_FAILED that helps to find what was meant. */
export async function missing(path: string, context: Pick<ToolContext, 'roots' | 'hidden'>): Promise<AppError> {
  const parent = dirname(path)
  const shown = relative(path, context.roots)
  const entries = await hostOf(context.roots).files.entries(parent).catch(absent) // not there either
  if (entries === null)
    return new AppError('TOOL_FAILED', `${shown} does not exist, nor does its directory.`, { missing: shown })
  const names = entries.map(({ name }) => name)
  const visible = names.filter(name => !isHidden(join(parent, name), context))
  return new AppError('TOOL_FAILED', `${shown} does not exist${suggestion(basename(path), visible)}.`, {
    missing: shown,
  })
}
