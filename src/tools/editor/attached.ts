import { AppError } from '../../base/errors.ts'
import type { ToolContext } from '../tool.ts'
import type { Editor, EditorTool, Request } from './editor.ts'

/** The editor that answers this tool. Throws TOOL_FAILED when none is attached, or it no longer registers the tool. */
export function editorFor(tool: EditorTool, context: ToolContext): Editor {
  const editor = context.editor?.()
  if (editor?.answers(tool)) return editor
  throw new AppError('TOOL_FAILED', `No editor is attached that answers ${tool}. Go on without it.`)
}

/** The parsed result of a request to the editor that answers its tool. Throws as `editorFor` and `Editor.ask` do. */
export const askEditor = async <T>(request: Request<T>, context: ToolContext): Promise<T> =>
  editorFor(request.tool, context).ask(request, context.signal)
