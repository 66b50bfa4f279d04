import { setTimeout as delay } from 'node:timers/promises'
import * as v from 'valibot'
import { abortable } from '../base/abort.ts'
import { AppError } from '../base/errors.ts'
import type { Connection } from './connection.ts'
import { type Document, type Documents, MOST_DIAGNOSTICS } from './documents.ts'
import { diagnosticShape, listOf, type Reported, reportShape } from './shapes.ts'

/** A server without versions may report a text in several parts. The report is complete this long after the last part. */
const QUIET_MS = 200
/** How long another text is held back from such a server while a report of an earlier text is due. */
const OWED_MS = 1000
/** ServerCancelled and ContentModified: the request is repeated. */
const AGAIN = [-32802, -32801]
const PAUSE_MS = 100
/** How often to check whether a server that was just started has registered pull diagnostics. */
const REGISTERED_MS = 50

/**
 * Sends the text unless the server has it, and returns the diagnostics of exactly this text; null when another text was
 * sent meanwhile. Waits until `given` is aborted; throws its reason, and TOOL_FAILED when the server ends.
 */
export async function check(
  path: string,
  text: string,
  documents: Documents,
  connection: Connection,
  given: AbortSignal,
): Promise<readonly Reported[] | null> {
  const signal = AbortSignal.any([given, connection.gone])
  const pulls = () => connection.provides('diagnosticProvider', 'textDocument/diagnostic')
  const before = documents.get(path)
  if (!pulls() && before && !documents.isVersioned() && before.owed > 0 && before.text !== text)
    await untilReported(before, AbortSignal.any([signal, AbortSignal.timeout(OWED_MS)])).catch(() =>
      signal.throwIfAborted(),
    )
  signal.throwIfAborted()
  const document = documents.show(path, text, connection)
  if (pulls()) return await pull(document, documents, connection, signal)
  const { version } = document
  await untilReported(document, signal, pulls)
  if (pulls()) return await pull(document, documents, connection, signal)
  while (!documents.isVersioned() && document.version === version && document.reported) {
    const rest = QUIET_MS - (performance.now() - document.reported.at)
    if (rest <= 0) break
    await delay(rest, undefined, { signal })
  }
  return document.version === version ? (document.reported?.items ?? null) : null
}

/** Waits until the present version of the document is reported or replaced, or the server has registered pull diagnostics. */
async function untilReported(document: Document, signal: AbortSignal, pulls = () => false): Promise<void> {
  const { version } = document
  const { promise, resolve } = Promise.withResolvers<void>()
  const look = () => {
    if (document.version !== version || document.reported || pulls()) resolve()
  }
  const timer = setInterval(look, REGISTERED_MS)
  document.waiting.add(look)
  look()
  try {
    await abortable(promise, signal)
  } finally {
    clearInterval(timer)
    document.waiting.delete(look)
  }
}

async function pull(document: Document, documents: Documents, connection: Connection, signal: AbortSignal) {
  const { version, uri } = document
  for (;;) {
    try {
      const params = { textDocument: { uri } }
      const report = await connection.request('textDocument/diagnostic', params, signal)
      if (document.version !== version) return null
      const full = v.safeParse(reportShape, report)
      if (!full.success) return null
      const items = listOf(diagnosticShape, full.output.items, MOST_DIAGNOSTICS)
      documents.reported(document, items)
      return items
    } catch (error) {
      if (!(error instanceof AppError) || !AGAIN.includes(Number(error.details.lsp_code))) throw error
      await delay(PAUSE_MS, undefined, { signal })
    }
  }
}
