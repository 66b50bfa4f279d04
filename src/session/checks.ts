import type { ToolAccess } from '../agent/call.ts'
import { within } from '../base/abort.ts'
import { hashOf } from '../base/files.ts'
import type { Diagnostic, LanguageSource } from '../tools/editor/language.ts'
import { editorSource } from '../tools/editor/source.ts'
import type { Change } from '../tools/tool.ts'
import type { Workspace } from './workspace.ts'

/** What a call waits for checkers, at most. */
const WAIT_MS = 2000
const MOST_ERRORS = 10
/** Of one call, the first so many files are checked; larger ones are not. */
const MOST_FILES = 5
const LARGEST_FILE = 2 * 1024 * 1024
/** Files whose errors before a change are kept. */
const MOST_KEPT = 32

type Text = { path: string; before: string | null; after: string }
type Place = Pick<Workspace, 'editor' | 'languages' | 'roots'>

/**
 * Errors that files have since a call changed them: by the attached editor's checker where it registered `diagnostics`, else by
 * a language server of the project. Errors of before the change are asked for when the call is announced.
 */
export function createChecks(place: Place): NonNullable<ToolAccess['checks']> {
  /** What the editor reported of texts before they changed. */
  const reported = new Map<string, Promise<Diagnostic[] | null>>()
  const keyOf = ({ path, before }: Text) => `${path}\0${before === null ? '' : hashOf(before)}`

  function lookBefore(editor: LanguageSource, text: Text): Promise<Diagnostic[] | null> {
    const key = keyOf(text)
    const known = reported.get(key)
    if (known) return known
    const asked = editor.diagnostics([text.path], AbortSignal.timeout(WAIT_MS)).catch(() => null)
    reported.set(key, asked)
    const [oldest] = reported.keys()
    if (reported.size > MOST_KEPT && oldest !== undefined) reported.delete(oldest)
    return asked
  }

  async function newErrors(text: Text, signal: AbortSignal): Promise<Diagnostic[]> {
    const editor = editorOf(place)
    const before = editor && reported.get(keyOf(text))
    reported.delete(keyOf(text))
    if (editor && (before || text.before === null)) {
      const old = before ? await before : []
      const items = old && (await editor.diagnostics([text.path], signal).catch(() => null))
      const { newcomers } = await import('../lsp/newcomers.ts')
      if (old && items)
        return newcomers({ items: old, text: text.before }, { items: ofFile(items, text), text: text.after })
    }
    signal.throwIfAborted()
    return (await place.languages.servers()).newErrors(text.path, text.before, text.after, signal)
  }

  return {
    begin(changes) {
      const editor = editorOf(place)
      for (const text of textsOf(changes)) {
        const asked = editor ? (text.before === null ? [] : lookBefore(editor, text)) : null
        const begin = async () => {
          if ((await asked) === null) await (await place.languages.servers()).begin(text.path, text.before)
        }
        void begin().catch(() => {}) // then there is nothing to compare with
      }
    },

    async after(changes, context, signal) {
      if (changes.length === 0) return undefined
      const texts = textsOf(changes).filter(({ path }) => !context.hidden?.(path))
      const bounded = AbortSignal.any([signal, AbortSignal.timeout(WAIT_MS)])
      const all = Promise.all(texts.map(text => newErrors(text, bounded).catch(() => [])))
      const found = (await within(all, WAIT_MS))?.flat() ?? []
      const checked = new Set(texts.map(({ path }) => path))
      for (const { path, from } of changes)
        for (const other of [path, from])
          if (other !== undefined && !checked.has(other))
            void place.languages
              .loaded()
              ?.then(servers => servers.refresh(other))
              .catch(() => {}) // a server that fails is shown the file when it is asked about it
      if (found.length === 0) return undefined
      const { entryOf } = await import('../tools/editor/output.ts')
      const diagnostics = found.slice(0, MOST_ERRORS)
      const more = found.length - diagnostics.length
      const lines = diagnostics.map(({ severity, message, source, ...spot }) =>
        entryOf(spot, `${severity}: ${message}${source ? ` (${source})` : ''}`, context),
      )
      const text = ['New errors since this change:', ...lines, ...(more > 0 ? [`${more} more`] : [])].join('\n')
      return { text, diagnostics }
    },
  }
}

function editorOf({ editor }: Place): LanguageSource | undefined {
  const attached = editor.current
  return attached?.answers('diagnostics') ? editorSource(attached) : undefined
}

/** An editor that has no other way may answer with all that it has. */
const ofFile = (items: readonly Diagnostic[], { path }: Text) => items.filter(item => item.path === path)

/** The texts of changes that say what was there before. A file that has another name now has no new errors. */
function textsOf(changes: readonly Change[]): Text[] {
  return changes
    .filter(({ from, after, change }) => from === undefined && after !== null && change === undefined)
    .slice(0, MOST_FILES)
    .flatMap(({ path, before, after }) => {
      const [old, now] = [before && decode(before), decode(after!)]
      return now === null || (before !== null && old === null) ? [] : [{ path, before: old, after: now }]
    })
}

function decode(bytes: Uint8Array): string | null {
  if (bytes.length > LARGEST_FILE) return null
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return null // no checker reads it as text
  }
}
