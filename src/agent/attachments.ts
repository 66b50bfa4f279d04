import { readFile, stat, writeFile } from 'node:fs/promises'
import { extname } from 'node:path'
import { AppError } from '../errors.ts'
import type { Attachment } from '../event.ts'
import { PRIVATE_FILE } from '../files.ts'
import type { Image, ModelMessage } from '../llm/provider.ts'
import { locate, relative } from '../tools/paths.ts'
import type { Roots } from '../tools/tool.ts'
import type { Enclosed, HistoryMessage } from './history.ts'

const MEDIA_TYPES: Record<string, string> = {
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.gif': 'image/gif',
  '.webp': 'image/webp',
}
const LARGEST = 10 * 1024 * 1024
const LONGEST_TEXT = 200_000

type Loaded = { images: Image[]; text: string }

/**
 * The files that belong to messages. Each is read once and kept for the session, so that a request repeats the ones before
 * it byte for byte; images from tools are also kept on disk, beside the spilled results, for a resumed session.
 */
export function createAttachments(roots: Roots, spillPath: (name: string) => string | null) {
  const loaded = new Map<string, Promise<Loaded>>()
  const fromTools = new Map<string, Image[]>()

  const load = (enclosed: Enclosed): Promise<Loaded> => {
    const key = 'turn_id' in enclosed ? enclosed.turn_id : enclosed.tool_call_id
    if (!loaded.has(key))
      loaded.set(
        key,
        'turn_id' in enclosed ? loadAttachments(enclosed.attachments, roots) : toolImages(enclosed.tool_call_id),
      )
    return loaded.get(key)!
  }

  const toolImages = async (tool_call_id: string): Promise<Loaded> => {
    const kept = fromTools.get(tool_call_id)
    if (kept) return { images: kept, text: '' }
    const path = spillPath(`${tool_call_id}.images.json`)
    const stored = path && (await readFile(path, 'utf8').catch(() => null))
    return stored
      ? { images: JSON.parse(stored), text: '' }
      : { images: [], text: '[The image is no longer available.]' }
  }

  return {
    async keepImages(tool_call_id: string, images: Image[]): Promise<void> {
      fromTools.set(tool_call_id, images)
      const path = spillPath(`${tool_call_id}.images.json`)
      if (path) await writeFile(path, JSON.stringify(images), { mode: PRIVATE_FILE })
    },
    /** The message as the model gets it, with what it encloses. */
    async enclose({ enclosed, id: _, ...message }: HistoryMessage): Promise<ModelMessage> {
      if (!enclosed || message.role === 'assistant') return message
      const { images, text } = await load(enclosed)
      if (message.role === 'tool')
        return { ...message, content: [message.content, text].filter(Boolean).join('\n'), images }
      return { ...message, text: [message.text, text].filter(Boolean).join('\n\n'), images }
    },
  }
}

/** Throws INVALID_REQUEST for an attachment that is missing, too large or outside the project. */
export async function checkAttachments(attachments: Attachment[], roots: Roots): Promise<void> {
  for (const attachment of attachments) {
    if (!('path' in attachment)) continue
    const path = await locate(attachment.path, roots).catch((error: Error) => {
      throw new AppError('INVALID_REQUEST', `attachments: ${error.message}`)
    })
    const info = await stat(path).catch(() => null)
    if (!info?.isFile()) throw new AppError('INVALID_REQUEST', 'attachments: there is no such file in the project.')
    if (info.size > LARGEST) throw new AppError('INVALID_REQUEST', 'attachments: a file may have at most 10 MiB.')
  }
}

async function loadAttachments(attachments: Attachment[], roots: Roots): Promise<Loaded> {
  const images: Image[] = []
  const texts: string[] = []
  for (const attachment of attachments) {
    if ('data' in attachment) {
      if (attachment.media_type.startsWith('image/')) images.push(attachment)
      else texts.push(Buffer.from(attachment.data, 'base64').toString('utf8').slice(0, LONGEST_TEXT))
      continue
    }
    const media_type = MEDIA_TYPES[extname(attachment.path).toLowerCase()]
    try {
      const path = await locate(attachment.path, roots)
      const bytes = await readFile(path)
      if (media_type) images.push({ media_type, data: bytes.toString('base64') })
      else
        texts.push(`<file path="${relative(path, roots)}">\n${bytes.toString('utf8').slice(0, LONGEST_TEXT)}\n</file>`)
    } catch {
      texts.push(`[The attached file ${attachment.path} cannot be read any more.]`) // it was there when it was attached
    }
  }
  return { images, text: texts.join('\n') }
}
