import { personTools } from './ask-user.ts'
import { delegateTool } from './delegate.ts'
import { editorTools } from './editor/editor-tools.ts'
import { filesystemTools } from './files/filesystem.ts'
import { gitTools } from './git/git.ts'
import { searchTools } from './search/search.ts'
import { shellTools } from './shell/shell.ts'
import { todoTool } from './todo.ts'
import type { Tool } from './tool.ts'
import { webTools } from './web/web.ts'

/*
 * Tools: `tool` is the type of all of them, `define` makes one from a schema, and a folder holds each family: files/, search/,
 * git/, shell/, web/, editor/. `arguments` and `aliases` read what models send. permission/ decides from the effect of a call whether it runs,
 * asks or is refused; `paths` keeps every path inside the allowed directories.
 */

/** The built-in tools, in the order in which models get them: it is part of the prefix that provider caches live on. */
export const builtinTools: readonly Tool[] = [
  ...filesystemTools,
  ...searchTools,
  ...gitTools,
  ...shellTools,
  ...personTools,
  ...webTools,
]

/** Those that work on the session itself, and so are none without one. */
export const sessionTools: readonly Tool[] = [todoTool, delegateTool([])]

/** What permission rules need to know of a tool. */
export type Traits = Pick<Tool, 'name' | 'level' | 'takes'>

/** Tools that only some sessions have, made elsewhere: rules and agents may name them all the same. */
const elsewhere: Traits[] = [
  ...'skill read_resource'.split(' ').map((name): Traits => ({ name, level: 'dangerous' })),
  { name: 'web_search', level: 'read' },
]
const traits = new Map<string, Traits>(
  [...elsewhere, ...builtinTools, ...sessionTools, ...editorTools].map(tool => [tool.name, tool]),
)

/** Undefined for tools of MCP servers, and for names that no tool has. */
export const traitsOf = (name: string): Traits | undefined => traits.get(name)
export const knownTools = (): string[] => [...traits.keys()]
