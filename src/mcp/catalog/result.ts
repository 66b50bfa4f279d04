import * as v from 'valibot'
import { AppError } from '../../base/errors.ts'
import { renderData } from '../../base/toon.ts'
import type { Image } from '../../llm/provider.ts'
import { checkEncodedImage } from '../../tools/files/image.ts'
import type { Output } from '../../tools/tool.ts'
import { isObject } from './schema.ts'

/** One part of a result; what else is in it depends on its type. */
type Block = { type: string; [key: string]: unknown }

/** The older dialect gives the content as one text; `null` is none. */
function blocksOf(content: unknown): Block[] {
  if (content == null) return []
  const list = Array.isArray(content) ? content : [content]
  return list.map(block => {
    if (isObject(block) && typeof block.type === 'string') return block as Block
    return { type: 'text', text: typeof block === 'string' ? block : JSON.stringify(block) }
  })
}

/**
 * What a server answers to `tools/call`, looser than the specification: a block of a kind that we do not know must not
 * take the rest with it. `input_required` is how a 2026-07-28 server asks back (SEP-2322).
 */
export const callResult = v.looseObject({
  content: v.optional(v.pipe(v.unknown(), v.transform(blocksOf)), []),
  structuredContent: v.optional(v.unknown()),
  isError: v.optional(
    v.pipe(
      v.unknown(),
      v.transform(value => value === true || value === 'true'),
    ),
  ),
})
export type CallResult = v.InferOutput<typeof callResult>

/**
 * What the model reads of it: text as it is, JSON in the shorter of compact JSON and TOON, images apart, everything else by
 * name. Throws TOOL_FAILED with the text when the tool reports an error.
 */
export async function outputOf(result: CallResult, toon: boolean): Promise<Output> {
  const images: Image[] = []
  const parts: string[] = []
  for (const block of result.content) {
    parts.push(await renderBlock(block, images, toon))
  }
  const shownParts = hasOwnStructure(result) ? [...parts, await renderData(result.structuredContent, toon)] : parts
  const content = shownParts.filter(part => part !== '').join('\n')
  if (result.isError) throw new AppError('TOOL_FAILED', content || 'The tool reported an error without saying which.')
  const shown = content || (images.length > 0 ? '' : '(no output)')
  return { content: shown, metadata: {}, ...(images.length > 0 && { images }) }
}

async function renderBlock(block: Block, images: Image[], toon: boolean): Promise<string> {
  const at = (key: string) => (typeof block[key] === 'string' ? (block[key] as string) : '')
  switch (block.type) {
    case 'text':
      // Whatever it is, it is what the tool said.
      return typeof block.text === 'string' ? renderText(block.text, toon) : renderData(block.text ?? null, toon)
    case 'image':
      return renderImage(block, images)
    case 'audio':
      return `[audio ${at('mimeType')}, ${sizeOf(at('data'))}: cannot be shown]`
    case 'resource_link':
      return `[resource ${at('name')} ${at('uri')}${at('description') && ` ${at('description')}`}]`
    case 'resource':
      return renderResource(block.resource, images, toon)
    default:
      return `[${block.type}: a kind of content that cannot be shown]`
  }
}

/** The specification has `data` in the block itself; some servers put it into a `source`, as Anthropic's API does. */
function renderImage({ data, source }: Block, images: Image[]): string {
  const found = data ?? (isObject(source) ? source.data : undefined)
  return takeImage(typeof found === 'string' ? found : '', images)
}

/** What the text says of an image, which stands among the others when models can see it. */
function takeImage(data: string, images: Image[]): string {
  const checked = checkEncodedImage(data)
  if ('fault' in checked) return `[An image was left out: it ${checked.fault}.]`
  images.push(checked.image)
  return `[image ${images.length}: ${checked.image.media_type}]`
}

async function renderResource(resource: unknown, images: Image[], toon: boolean): Promise<string> {
  const parsed = v.safeParse(embedded, resource)
  if (!parsed.success) return '[resource without contents]'
  const { uri, mimeType = '', text, blob } = parsed.output
  if (text === undefined && blob !== undefined && isImage(mimeType, blob))
    return `[resource ${uri}]\n${takeImage(blob, images)}`
  if (text === undefined) return `[resource ${uri} ${mimeType}, ${sizeOf(blob ?? '')}: cannot be shown]`
  return `[resource ${uri}]\n${await renderText(text, toon)}`
}

const embedded = v.object({
  uri: v.optional(v.string(), 'without a name'),
  mimeType: v.nullish(v.string(), ''),
  text: v.optional(
    v.pipe(
      v.unknown(),
      v.transform(text => (text == null || typeof text === 'string' ? (text ?? undefined) : JSON.stringify(text))),
    ),
  ),
  blob: v.optional(v.string()),
})

/** By its name or its bytes; SVG is text, and no model takes it as an image. */
const isImage = (media_type: string, blob: string): boolean =>
  /^image\/(?!svg)/i.test(media_type) || !('fault' in checkEncodedImage(blob))

const sizeOf = (base64: string) => `${Math.ceil((base64.length * 3) / 4 / 1024)} kB`

/** Servers put JSON into text, mostly indented. Re-rendering is safe when reading it back gives the very same values. */
async function renderText(text: string, toon: boolean): Promise<string> {
  const data = dataIn(text)
  if (data === undefined) return text
  const shorter = await renderData(data, toon)
  return shorter.length < text.length ? shorter : text
}

const dataIn = (text: string): object | undefined =>
  text.length > LONGEST_PARSED || UNSAFE_NUMBER.test(text) ? undefined : parsed(text)

function parsed(text: string): object | undefined {
  if (!/^\s*[[{]/.test(text)) return undefined
  try {
    const data: unknown = JSON.parse(text)
    return typeof data === 'object' && data !== null ? data : undefined
  } catch {
    return undefined // text that only begins like JSON
  }
}

const LONGEST_PARSED = 4 * 1024 * 1024
/** Digits that a double would change: ids of 16 figures and more, long decimals. */
const UNSAFE_NUMBER = /[\d.]{16}/

/** Structured content mostly comes with itself as text, for older clients; or it is that text, put under a key. */
function hasOwnStructure({ content, structuredContent }: CallResult): boolean {
  if (structuredContent === undefined || structuredContent === null) return false
  const texts = content.filter(block => block.type === 'text').map(block => String(block.text))
  const [inner, ...others] = isObject(structuredContent) ? Object.values(structuredContent) : []
  const copies = others.length === 0 && inner !== undefined ? [structuredContent, inner] : [structuredContent]
  return !copies.some(copy => (typeof copy === 'string' ? texts.join('\n') === copy : isTold(copy, texts)))
}

const isTold = (data: unknown, texts: string[]) =>
  texts.length === 1 && texts[0]!.length <= LONGEST_PARSED && canonical(parsed(texts[0]!)) === canonical(data)

const canonical = (value: unknown): string | undefined =>
  JSON.stringify(value, (_, inner) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  )
