import { extname } from 'node:path'
import type { Report, ToolAccess } from '../agent/call.ts'
import { abortable, within } from '../base/abort.ts'
import { hashOf } from '../base/files.ts'
import type { Diagnostic, LanguageSource } from '../tools/editor/language.ts'
import { editorSource } from '../tools/editor/source.ts'
import type { Change, ToolContext } from '../tools/tool.ts'
import type { Workspace } from './workspace.ts'

/** What a call waits for checkers, at most. */
const WAIT_MS = 2000
/** A report that comes later than a call waits, but before this, goes to the next call. */
const LATE_MS = 20_000
/** After so many waits in a row that ended without a report, calls do not wait until one comes in time. */
const MOST_SILENT = 3
const MOST_ERRORS = 10
/** Of one call, the first so many files are checked; larger ones are not. */
const MOST_FILES = 5
const LARGEST_FILE = 2 * 1024 * 1024
/** How many earlier reports of the editor, and how many checks under way, are kept at most. */
const MOST_KEPT = 32

type Text = { path: string; before: string | null; after: string }
type Place = Pick<Workspace, 'editor' | 'languages' | 'unsaved' | 'roots'>
/** A changed text whose errors were not reported to the model yet. `before` is the last text whose errors it could have. */
type Look = Text & {
  /** What the editor reported of `before`. */
  old: Promise<Diagnostic[] | null> | undefined
  abort: AbortController
  /** What was reported when no call waited any more. */
  late?: readonly Diagnostic[]
}

/**
 * Errors that files have since a call changed them: by the attached editor's checker where it registered `diagnostics`, else by
 * a language server of the project. Errors of before the change are asked for when the call is announced.
 */
export function createChecks(place: Place): NonNullable<ToolAccess['checks']> {
  /** What the editor reported of texts before they changed. */
  const reported = new Map<string, Promise<Diagnostic[] | null>>()
  const keyOf = ({ path, before }: Text) => `${path}\0${before === null ? '' : hashOf(before)}`
  const looks = new Map<string, Look>()
  /** Waits in a row that ended without a report, by the kind of file: each has its own checker. */
  const silent = new Map<string, number>()

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

  /** Null when nothing reports of one of the two texts. */
  async function newErrors({ path, before, after, old }: Look, signal: AbortSignal): Promise<Diagnostic[] | null> {
    const editor = editorOf(place)
    if (editor && (old || before === null)) {
      const known = old ? await old : []
      const items = known && (await editor.diagnostics([path], signal).catch(() => null))
      const { newcomers } = await import('../lsp/newcomers.ts')
      if (known && items)
        return newcomers(
          { items: known, text: before },
          { items: items.filter(item => item.path === path), text: after }, // an editor may answer with all that it has
        )
    }
    signal.throwIfAborted()
    return (await place.languages.servers()).newErrors(path, before, after, signal)
  }

  function drop(look: Look | undefined) {
    look?.abort.abort()
    if (look && looks.get(look.path) === look) looks.delete(look.path)
  }

  /** An earlier change of the file that was not reported yet is part of this one. */
  function lookAfter(text: Text): Look {
    const earlier = looks.get(text.path)
    drop(earlier)
    const key = keyOf(text)
    const { before, old } = earlier ?? { before: text.before, old: reported.get(key) }
    reported.delete(key)
    const look: Look = { ...text, before, old, abort: new AbortController() }
    looks.set(text.path, look)
    if (looks.size > MOST_KEPT) drop([...looks.values()][0])
    return look
  }

  /** Errors that are known in time; later ones stay with the look. */
  async function check(text: Text, signal: AbortSignal): Promise<readonly Diagnostic[]> {
    const kind = extname(text.path)
    const began = performance.now()
    const look = lookAfter(text)
    const work = newErrors(look, AbortSignal.any([look.abort.signal, AbortSignal.timeout(LATE_MS)])).catch(() => null)
    const waits = silent.get(kind) ?? 0
    const timely = await within(
      abortable(work, signal).then(found => ({ found })),
      waits < MOST_SILENT ? WAIT_MS : 0,
    )
    if (timely) {
      drop(look)
      if (timely.found) silent.delete(kind)
      return timely.found ?? []
    }
    if (!signal.aborted) silent.set(kind, waits + 1)
    void work.then(found => {
      if (found && performance.now() - began < WAIT_MS) silent.delete(kind)
      if (found && found.length > 0) look.late = found
      else drop(look)
    })
    return []
  }

  /** The text is as it was when it was looked at. */
  async function isCurrent({ path, after }: Look): Promise<boolean> {
    const [{ textAt }, { hostOf }] = await Promise.all([import('../lsp/text.ts'), import('../tools/host/local.ts')])
    return (place.unsaved.get(path) ?? (await textAt(path, hostOf(place.roots).files.read))) === after
  }

  return {
    begin(changes) {
      const editor = editorOf(place)
      for (const text of textsOf(changes)) {
        const asked = editor ? (text.before === null ? [] : lookBefore(editor, text)) : null
        const askServer = async () => {
          if ((await asked) !== null || looks.has(text.path)) return // a server is shown the text before that one
          await (await place.languages.servers()).begin(text.path, text.before)
        }
        void askServer().catch(() => {}) // then there is nothing to compare with
      }
    },

    async after(changes, context, signal) {
      if (changes.length === 0) return undefined
      const texts = textsOf(changes).filter(({ path }) => !context.hidden?.(path))
      const checked = new Set(texts.map(({ path }) => path))
      for (const { path, from } of changes)
        for (const other of [path, from])
          if (other !== undefined && !checked.has(other)) {
            drop(looks.get(other))
            void place.languages
              .loaded()
              ?.then(servers => servers.refresh(other))
              .catch(() => {}) // a server that fails is shown the file when it is asked about it
          }
      const found = await Promise.all(texts.map(text => check(text, signal).catch(() => [])))
      return reportOf('New errors since this change:', found.flat(), context)
    },

    async late(context) {
      const late = [...looks.values()].filter(look => look.late)
      if (late.length === 0) return undefined
      for (const look of late) drop(look)
      const found = await Promise.all(
        late.map(async look => (!context.hidden?.(look.path) && (await isCurrent(look)) ? look.late! : [])),
      )
      return reportOf('New errors since earlier changes, reported late:', found.flat(), context)
    },
  }
}

/** Undefined for none. */
async function reportOf(
  title: string,
  found: readonly Diagnostic[],
  context: ToolContext,
): Promise<Report | undefined> {
  if (found.length === 0) return undefined
  const { diagnosticEntry } = await import('../tools/editor/output.ts')
  const diagnostics = found.slice(0, MOST_ERRORS)
  const more = found.length - diagnostics.length
  const lines = diagnostics.map(each => diagnosticEntry(each, context))
  return { text: [title, ...lines, ...(more > 0 ? [`${more} more`] : [])].join('\n'), diagnostics }
}

function editorOf({ editor }: Place): LanguageSource | undefined {
  const attached = editor.current
  return attached?.answers('diagnostics') ? editorSource(attached) : undefined
}

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
