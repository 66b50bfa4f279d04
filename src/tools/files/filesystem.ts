import type { Tool } from '../tool.ts'
import { createDirectoryTool, listDirectoryTool } from './directory.ts'
import { editFileTool, writeFileTool } from './edit.ts'
import { readFileTool } from './read.ts'
import { deleteFileTool } from './remove.ts'
import { copyFileTool, moveFileTool } from './transfer.ts'

/** In the order models see them. */
export const filesystemTools: Tool[] = [
  readFileTool,
  writeFileTool,
  editFileTool,
  listDirectoryTool,
  createDirectoryTool,
  copyFileTool,
  moveFileTool,
  deleteFileTool,
]
