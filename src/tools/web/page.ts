import { Readable } from 'node:stream'
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib'
import { AppError } from '../../base/errors.ts'
import type { Answer } from './request.ts'

/** What is read of an answer, in bytes after decompression. */
export const MAX_BYTES = 10 * 1024 * 1024

export type Page = { text: string; media_type: string; bytes: number; cut: boolean }

/** The text of an answer: HTML as Markdown unless `raw`. Throws TOOL_FAILED for what is no text. */
export async function readPage(answer: Answer, url: string, raw: boolean): Promise<Page> {
  const type = answer.headers['content-type'] ?? ''
  const media_type = type.split(';', 1)[0]!.trim().toLowerCase() || 'text/plain'
  if (!isText(media_type)) {
    answer.close()
    throw new AppError('TOOL_FAILED', `${url} is ${media_type}, not text.`)
  }
  const { bytes, cut } = await collect(answer)
  const text = decode(bytes, type, media_type)
  const isHtml = /html/.test(media_type) || (media_type === 'text/plain' && /^\s*<(?:!doctype html|html)\b/i.test(text))
  return { text: isHtml && !raw ? await toMarkdown(text, url) : text, media_type, bytes: bytes.length, cut }
}

const isText = (type: string): boolean =>
  /^text\/|^application\/(?:[\w.+-]*(?:json|xml|yaml|toml|javascript|ecmascript|x-sh|sql|graphql)[\w.+-]*)$|\+(?:xml|json)$/.test(
    type,
  )

async function collect(answer: Answer): Promise<{ bytes: Buffer; cut: boolean }> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of decompressed(answer)) {
    const room = MAX_BYTES - size
    if (chunk.length > room) {
      chunks.push(chunk.subarray(0, room))
      answer.close()
      return { bytes: Buffer.concat(chunks), cut: true }
    }
    chunks.push(chunk)
    size += chunk.length
  }
  return { bytes: Buffer.concat(chunks), cut: false }
}

/** Servers may compress although the request did not ask for it. */
function decompressed({ headers, body }: Answer): AsyncIterable<Uint8Array> {
  const make = { gzip: createGunzip, 'x-gzip': createGunzip, deflate: createInflate, br: createBrotliDecompress }[
    headers['content-encoding']?.trim().toLowerCase() ?? ''
  ]
  return make ? Readable.from(body, { objectMode: false }).compose(make()) : body
}

/** By the charset of the header, else of the page's own `meta`, else UTF-8. */
function decode(bytes: Buffer, type: string, media_type: string): string {
  const named = /charset\s*=\s*["']?([\w:.-]+)/i
  const head = /html/.test(media_type) ? bytes.toString('latin1', 0, 2048) : ''
  const label = named.exec(type)?.[1] ?? named.exec(head)?.[1] ?? 'utf-8'
  try {
    return new TextDecoder(label as 'utf-8').decode(bytes)
  } catch {
    return new TextDecoder().decode(bytes) // an unknown charset
  }
}

const PIECE = 64 * 1024

/** Piece by piece, with pauses: a page of 10 MiB must not hold up other sessions. */
async function toMarkdown(html: string, origin: string): Promise<string> {
  const { streamHtmlToMarkdown } = await import('@mdream/js')
  let at = 0
  const pieces = new ReadableStream<string>({
    async pull(controller) {
      await new Promise(setImmediate)
      if (at >= html.length) return controller.close()
      controller.enqueue(html.slice(at, at + PIECE))
      at += PIECE
    },
  })
  let markdown = ''
  for await (const piece of streamHtmlToMarkdown(pieces, { origin })) markdown += piece
  return markdown.trim()
}
