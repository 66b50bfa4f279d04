import { filesystemTools } from './files/filesystem.ts'
import { gitTools } from './git/git.ts'
import { searchTools } from './search/search.ts'
import { shellTools } from './shell/shell.ts'
import type { Tool } from './tool.ts'

/** The built-in tools, in the order in which models get them: it is part of the prefix that provider caches live on. */
export const builtinTools: readonly Tool[] = [...filesystemTools, ...searchTools, ...gitTools, ...shellTools]
