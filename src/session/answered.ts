import type { LanguageSource, LanguageTool } from '../tools/editor/language.ts'
import { editorSource } from '../tools/editor/source.ts'
import type { Tool } from '../tools/tool.ts'
import type { Workspace } from './workspace.ts'

/**
 * The tools that an editor answers now. They are offered from one turn to the next as they are then, in a constant order: a turn
 * keeps what it began with, and a prefix that was sent before is sent again byte for byte when the same tools are back.
 */
export async function answeredTools({ editor }: Workspace): Promise<Tool[]> {
  const attached = editor.current
  if (!attached) return []
  const { editorTools } = await import('../tools/editor/editor-tools.ts')
  return editorTools.filter(({ name }) => attached.answers(name as Parameters<typeof attached.answers>[0]))
}

/** Who answers a tool about code: an editor that registered it. */
export function languageSource({ editor }: Workspace, tool: LanguageTool): LanguageSource | undefined {
  const attached = editor.current
  return attached?.answers(tool) ? editorSource(attached) : undefined
}
