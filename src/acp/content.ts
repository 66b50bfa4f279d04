import { fileURLToPath } from 'node:url'
import type { ContentBlock } from '@agentclientprotocol/sdk'
import type { Attachment, EditorContext } from '../event.ts'
import { invalid } from './errors.ts'

export type Content = { text: string; attachments?: Attachment[]; context?: EditorContext }

/**
 * A prompt as sessions take it. Text and links stay in their order; the text of a file goes along as what stands in the editor,
 * everything else as an attachment. Throws INVALID_REQUEST for what no model takes.
 */
export function contentOf(blocks: readonly ContentBlock[]): Content {
  const parts: string[] = []
  const attachments: Attachment[] = []
  const buffers: { path: string; text: string }[] = []
  const files: string[] = []
  for (const block of blocks)
    switch (block.type) {
      case 'text':
        parts.push(block.text)
        break
      case 'image':
        attachments.push({ media_type: block.mimeType, data: block.data })
        break
      case 'resource_link': {
        const path = pathOf(block.uri)
        if (path !== null) files.push(path)
        parts.push(path === null ? `[${block.name}](${block.uri})` : `@${path}`)
        break
      }
      case 'resource': {
        const { resource } = block
        const path = pathOf(resource.uri)
        const media_type = resource.mimeType ?? 'text/plain'
        if ('blob' in resource) attachments.push({ media_type, data: resource.blob })
        else if (path !== null) buffers.push({ path, text: resource.text })
        else attachments.push({ media_type, data: Buffer.from(resource.text).toString('base64') })
        if (path !== null || 'blob' in resource) parts.push(`@${path ?? resource.uri}`)
        break
      }
      default:
        throw invalid('prompt: sound cannot be sent to a model. Send text, images or resources.')
    }
  const context = { ...(files.length > 0 && { files }), ...(buffers.length > 0 && { buffers }) }
  return {
    text: joined(parts),
    ...(attachments.length > 0 && { attachments }),
    ...(Object.keys(context).length > 0 && { context }),
  }
}

/** The path of a file's address; null for what is none. What stands behind `#` or `?` (a line, a symbol) is left out. */
function pathOf(uri: string): string | null {
  try {
    const { protocol, href } = new URL(uri)
    return protocol === 'file:' ? fileURLToPath(href.replace(/[?#].*$/, '')) : null
  } catch {
    return null // no address, or none of this machine
  }
}

/** Parts that would run into each other are parted. */
const joined = (parts: string[]): string =>
  parts.reduce(
    (text, part) => text + (text === '' || /\s$/.test(text) || /^[\s.,;:!?)]/.test(part) ? '' : ' ') + part,
    '',
  )
