import * as v from 'valibot'
import { hashOf } from '../base/files.ts'
import type { Connection } from './connection.ts'
import type { Found } from './find.ts'
import { languageOf } from './known.ts'
import { diagnosticShape, listOf, publishShape, type Reported } from './shapes.ts'
import { pathOf, uriOf } from './text.ts'

/** A file as its server knows it. */
export type Document = {
  path: string
  uri: string
  version: number
  /** Of the text of `version`. */
  hash: string
  text: string
  /** When that text was sent, in milliseconds of `performance`. */
  sent_at: number
  /** How many reports of texts that were sent are still due, for a server without versions. */
  owed: number
  /** The diagnostics of the text of `version`; null until the server has reported them. */
  reported: { items: readonly Reported[]; at: number } | null
  /** Diagnostics of the last texts, by hash. */
  earlier: Map<string, readonly Reported[]>
  waiting: Set<() => void>
}

const MOST_OPEN = 60
const MOST_EARLIER = 4
/** How many diagnostics are kept of one file, and of how many files that are not open. */
export const MOST_DIAGNOSTICS = 1000
const MOST_OTHERS = 1000
/** A report that has not arrived after this long is no longer expected. */
const OWED_MS = 5000

/** The files that were sent to one server, and the diagnostics that it reports. */
export function createDocuments({ row, fitsPattern }: Found) {
  const open = new Map<string, Document>()
  /** Diagnostics that the server published for files that are not open. */
  const others = new Map<string, readonly Reported[]>()
  /** Whether the server states the version that a report is about. */
  let versioned = false

  const wake = ({ waiting }: Document) => {
    for (const act of [...waiting]) act()
  }

  function close(path: string, connection: Connection) {
    const document = open.get(path)
    if (!document) return
    open.delete(path)
    connection.notify('textDocument/didClose', { textDocument: { uri: document.uri } })
    wake(document)
  }
  /** Stores the diagnostics of the present text. */
  function reported(document: Document, items: readonly Reported[]) {
    document.reported = { items, at: performance.now() }
    remember(document, document.reported.items)
    wake(document)
  }

  return {
    get: (path: string): Document | undefined => open.get(path),
    isVersioned: () => versioned,

    /** Sends the text, unless the server has it. Returns the document with its version. */
    show(path: string, text: string, connection: Connection): Document {
      const hash = hashOf(text)
      const known = open.get(path)
      if (known?.hash === hash) {
        open.delete(path)
        open.set(path, known) // most recently used: closed last
        return known
      }
      const uri = uriOf(path)
      const now = performance.now()
      if (known) {
        if (known.reported) remember(known, known.reported.items)
        const owed = now - known.sent_at < OWED_MS ? known.owed + 1 : 1
        Object.assign(known, { version: known.version + 1, hash, text, sent_at: now, owed, reported: null })
        connection.notify('textDocument/didChange', {
          textDocument: { uri, version: known.version },
          contentChanges: [{ text }],
        })
        if (wantsSaves(connection)) connection.notify('textDocument/didSave', { textDocument: { uri }, text })
        wake(known) // waits for the earlier version end
        return known
      }
      const created: Document = {
        path,
        uri,
        version: 1,
        hash,
        text,
        sent_at: now,
        owed: 1,
        reported: null,
        earlier: new Map(),
        waiting: new Set(),
      }
      others.delete(path)
      open.set(path, created)
      const languageId = languageOf(path, row, pattern => fitsPattern(pattern, path))
      connection.notify('textDocument/didOpen', { textDocument: { uri, languageId, version: 1, text } })
      const [oldest] = open.values()
      if (open.size > MOST_OPEN && oldest) close(oldest.path, connection)
      return created
    },

    close,

    /** Takes a published report. One of an earlier text is dropped. */
    published(params: unknown) {
      const parsed = v.safeParse(publishShape, params)
      const path = parsed.success ? pathOf(parsed.output.uri) : null
      if (!parsed.success || path === null) return
      const { version, diagnostics } = parsed.output
      const items = listOf(diagnosticShape, diagnostics, MOST_DIAGNOSTICS)
      const document = open.get(path)
      if (!document) {
        others.delete(path)
        if (items.length > 0) others.set(path, items)
        const [oldest] = others.keys()
        if (others.size > MOST_OTHERS && oldest !== undefined) others.delete(oldest)
        return
      }
      if (version !== undefined) {
        versioned = true
        if (version < document.version) return
      } else if (versioned) return
      document.owed = Math.max(0, document.owed - 1)
      if (version === undefined && document.owed > 0) return // of an earlier text
      reported(document, items)
    },

    reported,

    /** All that is reported now. */
    known(): { path: string; text: string | null; items: readonly Reported[] }[] {
      return [
        ...[...open.values()].map(({ path, text, reported }) => ({ path, text, items: reported?.items ?? [] })),
        ...[...others].map(([path, items]) => ({ path, text: null, items })),
      ]
    },
  }
}

export type Documents = ReturnType<typeof createDocuments>

function remember({ earlier, hash }: Document, items: readonly Reported[]) {
  earlier.delete(hash)
  earlier.set(hash, items)
  const [oldest] = earlier.keys()
  if (earlier.size > MOST_EARLIER && oldest !== undefined) earlier.delete(oldest)
}

function wantsSaves({ capabilities: { textDocumentSync: sync } }: Connection): boolean {
  return typeof sync === 'object' && Boolean(sync.save)
}
