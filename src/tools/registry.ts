import { filesystemTools } from './filesystem.ts'
import { gitTools } from './git.ts'
import { searchTools } from './search.ts'
import { shellTools } from './shell.ts'
import type { Tool } from './tool.ts'

/** The built-in tools, in the order in which models get them: it is part of the prefix that provider caches live on. */
export const builtinTools: readonly Tool[] = [...filesystemTools, ...searchTools, ...gitTools, ...shellTools]
