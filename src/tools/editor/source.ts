import { readDiagnostics, readSpots, readText } from './answer.ts'
import type { Editor } from './editor.ts'
import type { At, LanguageSource } from './language.ts'

/** Searching a whole project takes an editor longer than looking at what it has. */
const SEARCH_MS = 20_000

/** An editor as a source of answers about code. */
export function editorSource(editor: Editor): LanguageSource {
  const spots = (tool: 'definition' | 'references', at: At, signal: AbortSignal) =>
    editor.ask({ tool, params: paramsOf(at), parse: readSpots, timeout_ms: SEARCH_MS }, signal)
  return {
    name: editor.name,
    diagnostics: (paths, signal) => {
      const params = paths === null ? {} : paths.length === 1 ? { path: paths[0] } : { paths }
      return editor.ask({ tool: 'diagnostics', params, parse: readDiagnostics }, signal)
    },
    definition: (at, signal) => spots('definition', at, signal),
    references: (at, signal) => spots('references', at, signal),
    hover: (at, signal) => editor.ask({ tool: 'hover', params: paramsOf(at), parse: readText }, signal),
    symbols: (wanted, signal) =>
      editor.ask({ tool: 'symbols', params: wanted, parse: readSpots, timeout_ms: SEARCH_MS }, signal),
  }
}

const paramsOf = ({ symbol, ...at }: At) => ({ ...at, ...(symbol !== '' && { symbol }) })
