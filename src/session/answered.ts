import { AppError } from '../base/errors.ts'
import type { EditorTool } from '../tools/editor/editor.ts'
import { LANGUAGE_TOOLS, type LanguageSource, type LanguageTool } from '../tools/editor/language.ts'
import { editorSource } from '../tools/editor/source.ts'
import type { Tool } from '../tools/tool.ts'
import type { Workspace } from './workspace.ts'

/**
 * The tools that an editor answers now, and those about code where a language server does. They are offered from one turn to the
 * next as they are then, in a constant order: a turn keeps what it began with, and a prefix that was sent before is sent again byte
 * for byte when the same tools are back.
 */
export async function answeredTools({ editor, languages }: Answering): Promise<Tool[]> {
  const attached = editor.current
  const served: readonly string[] = (await languages.found()) ? LANGUAGE_TOOLS : []
  if (!attached && served.length === 0) return []
  const { editorTools } = await import('../tools/editor/editor-tools.ts')
  return editorTools.filter(({ name }) => attached?.answers(name as EditorTool) || served.includes(name))
}

/** Who answers a tool about code: an editor that registered it, else a language server of the project. */
export function languageSource({ editor, languages }: Answering, tool: LanguageTool): LanguageSource | undefined {
  const attached = editor.current
  if (!attached?.answers(tool)) return languages.source
  const [first, other] = [editorSource(attached), languages.source]
  return other ? orElse(first, other) : first
}

/** An editor fails for a file that it has not open, or where nothing of its own knows: then a server is asked. */
function orElse(first: LanguageSource, other: LanguageSource): LanguageSource {
  const either = async <T>(ask: (source: LanguageSource) => Promise<T>): Promise<T> => {
    try {
      return await ask(first)
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'TOOL_FAILED') throw error
      return await ask(other).catch(() => Promise.reject(error))
    }
  }
  return {
    name: first.name,
    diagnostics: (paths, signal) => either(source => source.diagnostics(paths, signal)),
    definition: (at, signal) => either(source => source.definition(at, signal)),
    references: (at, signal) => either(source => source.references(at, signal)),
    hover: (at, signal) => either(source => source.hover(at, signal)),
    symbols: (wanted, signal) => either(source => source.symbols(wanted, signal)),
  }
}

type Answering = Pick<Workspace, 'editor' | 'languages'>
