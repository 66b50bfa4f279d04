import { AppError } from '../../base/errors.ts'
import type { ToolContext } from '../tool.ts'
import type { Editor, EditorTool } from './editor.ts'

/** The editor that answers this tool. Throws TOOL_FAILED when it left, or registers the tool no more. */
export function editorFor(tool: EditorTool, context: ToolContext): Editor {
  const editor = context.editor?.()
  if (editor?.answers(tool)) return editor
  throw new AppError('TOOL_FAILED', `No editor is attached that answers ${tool}. Go on without it.`)
}
