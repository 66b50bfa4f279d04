import { editorTools } from '../tools/editor/editor-tools.ts'
import { builtinTools, sessionTools } from '../tools/registry.ts'
import { webSearchTool } from '../tools/web/search.ts'
import { fieldList, type JsonSchema } from './json-schema.ts'

const LEVELS = { read: 'runs without asking', write: 'asks', dangerous: 'asks, with a warning' }

/** Every built-in tool with its parameters, as Org: what `help tools` prints behind its page. */
export function toolReference(): string {
  const search = [webSearchTool({ provider: 'brave', api_key: 'configured' })].filter(tool => tool !== null)
  const tools = [...builtinTools, ...search, ...sessionTools, ...editorTools].map(
    ({ name, category, level, level_by_call, description, ...tool }) => {
      const asks = level_by_call ? 'depends on the call' : LEVELS[level]
      const parameters = fieldList(tool.parameters as JsonSchema) || 'No parameters.\n'
      return `** =${name}= (${category}; ${asks})\n\n${inert(description)}\n\n${parameters}`
    },
  )
  return `* Every built-in tool\n\nThe texts are what the model reads.\n\n${tools.join('\n')}`
}

/** Descriptions for models are not Org: the comma keeps a line from being a heading or a keyword. */
const inert = (text: string): string => text.replace(/^(?=\*|#\+)/gm, ',')
