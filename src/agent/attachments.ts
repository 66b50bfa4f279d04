import { writeFile } from 'node:fs/promises'
import * as v from 'valibot'
import { AppError } from '../base/errors.ts'
import { PRIVATE_FILE, readRegular } from '../base/files.ts'
import { head } from '../base/text.ts'
import type { Attachment } from '../event.ts'
import type { Image } from '../llm/provider.ts'
import { checkEncodedImage, checkImage, decodeBase64, isShownKind } from '../tools/files/image.ts'
import { describeBinary, kindOf } from '../tools/files/media.ts'
import { locate, relative } from '../tools/paths.ts'
import { decodeText, isBinary } from '../tools/text.ts'
import type { Roots } from '../tools/tool.ts'
import type { Enclosed, HistoryMessage } from './history.ts'

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
  const filled = new WeakMap<HistoryMessage, HistoryMessage>()

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
    const images =
      path &&
      (await readRegular(path)
        .then(String)
        .then(parseImages, () => null))
    return images ? whatIsShown(images) : { images: [], text: '[The image is no longer available.]' }
  }

  return {
    async keepImages(tool_call_id: string, images: Image[]): Promise<void> {
      fromTools.set(tool_call_id, images)
      const path = spillPath(`${tool_call_id}.images.json`)
      if (path) await writeFile(path, JSON.stringify(images), { mode: PRIVATE_FILE })
    },
    /** The messages as the model gets them, with what they enclose; the same objects each time. */
    async enclose(history: readonly HistoryMessage[]): Promise<HistoryMessage[]> {
      const whole = history.slice()
      for (const [i, message] of history.entries()) {
        if (!message.enclosed) continue
        const known = filled.get(message) ?? fill(message, await load(message.enclosed))
        filled.set(message, known)
        whole[i] = known
      }
      return whole
    },
  }
}

function fill({ enclosed: _, ...message }: HistoryMessage, { images, text }: Loaded): HistoryMessage {
  if (message.role === 'assistant') return message
  if (message.role === 'tool')
    return { ...message, content: [message.content, text].filter(Boolean).join('\n'), images }
  return { ...message, text: [message.text, text].filter(Boolean).join('\n\n'), images }
}

/** Kept images pass the gate again: an older version may have let in what no provider takes. */
function whatIsShown(kept: Image[]): Loaded {
  const checked = kept.map(({ data }) => checkEncodedImage(data))
  return {
    images: checked.flatMap(each => ('fault' in each ? [] : [each.image])),
    text: checked.flatMap(each => ('fault' in each ? [`[An image was left out: it ${each.fault}.]`] : [])).join('\n'),
  }
}

const Images = v.array(v.object({ media_type: v.string(), data: v.string() }))

function parseImages(text: string): Image[] | null {
  try {
    return v.parse(Images, JSON.parse(text))
  } catch {
    return null // torn or tampered with: as good as gone
  }
}

/** Throws INVALID_REQUEST for an attachment that is missing, outside the project, too large, or an image that no model takes. */
export async function checkAttachments(attachments: Attachment[], roots: Roots): Promise<void> {
  for (const attachment of attachments) {
    if ('data' in attachment) {
      const bytes = decodeBase64(attachment.data)
      if (!bytes?.length) throw new AppError('INVALID_REQUEST', 'attachments: data is empty, or not base64.')
      checkFile(bytes, bytes.length, isImageType(attachment.media_type))
      continue
    }
    const path = await locate(attachment.path, roots).catch((error: Error) => {
      throw new AppError('INVALID_REQUEST', `attachments: ${error.message}`)
    })
    const { absent, hostOf } = await import('../tools/host/local.ts')
    const { files } = hostOf(roots)
    const info = await files.stat(path).catch(absent)
    if (!info?.isFile()) throw new AppError('INVALID_REQUEST', 'attachments: there is no such file in the project.')
    if (info.size > LARGEST) throw tooLarge()
    checkFile(await files.read(path), info.size, false)
  }
}

/** SVG is text, and models read it as such. */
const isImageType = (media_type: string) => media_type.startsWith('image/') && !media_type.startsWith('image/svg')

const tooLarge = () => new AppError('INVALID_REQUEST', 'attachments: a file may have at most 10 MiB.')

function checkFile(bytes: Buffer, size: number, saysImage: boolean): void {
  const checked = saysImage || isShownKind(kindOf(bytes)) ? checkImage(bytes) : null
  if (checked && 'fault' in checked) throw new AppError('INVALID_REQUEST', `attachments: the image ${checked.fault}.`)
  if (size > LARGEST) throw tooLarge()
}

async function loadAttachments(attachments: Attachment[], roots: Roots): Promise<Loaded> {
  const images: Image[] = []
  const texts: string[] = []
  for (const attachment of attachments) {
    if ('data' in attachment) {
      const bytes = decodeBase64(attachment.data) ?? Buffer.alloc(0)
      const { image, text } = contentOf(bytes, attachment.media_type)
      if (image) images.push(image)
      else texts.push(text)
      continue
    }
    try {
      const path = await locate(attachment.path, roots)
      const { files } = (await import('../tools/host/local.ts')).hostOf(roots)
      const { image, text } = contentOf(await files.read(path), relative(path, roots))
      if (image) images.push(image)
      else texts.push(`<file path="${relative(path, roots)}">\n${text}\n</file>`)
    } catch {
      texts.push(`[The attached file ${attachment.path} cannot be read any more.]`) // it was there when it was attached
    }
  }
  return { images, text: texts.join('\n') }
}

/** By its first bytes: providers refuse an image that is not what it says it is. */
function contentOf(bytes: Buffer, name: string): { image?: Image; text: string } {
  const kind = kindOf(bytes)
  if (isShownKind(kind)) {
    const checked = checkImage(bytes)
    return 'fault' in checked
      ? { text: `[The attached image ${name} was left out: it ${checked.fault}.]` }
      : { image: checked.image, text: '' }
  }
  if (kind !== null || isBinary(bytes)) return { text: `[${describeBinary(name, kind, bytes.length)}]` }
  return { text: head(decodeText(bytes).replace(/^\uFEFF/, ''), LONGEST_TEXT) }
}
