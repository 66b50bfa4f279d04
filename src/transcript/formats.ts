import type { Stored } from '../event.ts'

/** What a session can be rendered as. `extension` is that of the file beside the log; each renderer is loaded when it is used. */
export type TranscriptFormat = {
  extension: string
  media_type: string
  /** In pieces, so that a long session is never held as one text. */
  render(events: readonly Stored[]): Promise<AsyncIterable<string>>
}

export const FORMATS = {
  json: {
    extension: 'json',
    media_type: 'application/json',
    render: async events => (await import('./json.ts')).jsonPieces(events),
  },
  markdown: {
    extension: 'md',
    media_type: 'text/markdown; charset=utf-8',
    render: async events => (await import('./markdown.ts')).markdownPieces(events),
  },
  org: {
    extension: 'org',
    media_type: 'text/org; charset=utf-8',
    render: async events => (await import('./org.ts')).orgPieces(events),
  },
} satisfies Record<string, TranscriptFormat>

export type Format = keyof typeof FORMATS
export const FORMAT_NAMES = Object.keys(FORMATS) as Format[]
