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
  const source = editorSource(attached)
  const own = languages.source
  return own ? { ...source, diagnostics: orElse(source.diagnostics, own.diagnostics) } : source
}

/** An editor fails for a file that it has not open, or does not check: then a server is asked. */
const orElse =
  (first: LanguageSource['diagnostics'], other: LanguageSource['diagnostics']): LanguageSource['diagnostics'] =>
  async (paths, signal) => {
    try {
      return await first(paths, signal)
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'TOOL_FAILED') throw error
      return await other(paths, signal).catch(() => Promise.reject(error))
    }
  }

type Answering = Pick<Workspace, 'editor' | 'languages'>
