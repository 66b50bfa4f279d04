import * as v from 'valibot'
import { AppError } from '../../base/errors.ts'
import type { Image } from '../../llm/provider.ts'
import type { CallContext } from '../connection/calls.ts'
import type { McpServer } from '../connection/server.ts'
import type { McpPrompt } from './others.ts'
import { outputOf } from './result.ts'

const Messages = v.looseObject({
  messages: v.optional(v.array(v.looseObject({ role: v.string(), content: v.unknown() })), []),
})

/** Asks a server for a prompt, filled in. Of a dialogue, what is not the user's is marked. */
export async function getPrompt(
  server: McpServer,
  prompt: McpPrompt,
  words: readonly string[],
  context: CallContext,
): Promise<{ text: string; images: Image[] }> {
  const args = assign(prompt, words)
  const other = { method: 'prompts/get' as const, params: { name: prompt.name, arguments: args } }
  const result = await server.call({ tool: prompt.name, args, schema: {}, other, context })
  const images: Image[] = []
  const parts: string[] = []
  for (const { role, content } of v.parse(Messages, result).messages) {
    const blocks = (Array.isArray(content) ? content : [content]) as { type: string }[]
    const output = await outputOf({ ...result, content: blocks }, false)
    images.push(...(output.images ?? []))
    parts.push(role === 'user' ? output.content : `${role}: ${output.content}`)
  }
  if (parts.length === 0) throw new AppError('MCP_SERVER_ERROR', `${server.config.name} gave an empty prompt.`)
  return { text: parts.join('\n\n'), images }
}

/** Positional words in the order of the arguments, `name=value` anywhere. Throws INVALID_REQUEST for one that is missing. */
function assign({ name, arguments: asked }: McpPrompt, words: readonly string[]): Record<string, string> {
  const given: Record<string, string> = {}
  const positional: string[] = []
  for (const word of words) {
    const at = word.indexOf('=')
    const named = asked.find(argument => at > 0 && argument.name === word.slice(0, at))
    if (named) given[named.name] = word.slice(at + 1)
    else positional.push(word)
  }
  const open = asked.filter(argument => !Object.hasOwn(given, argument.name))
  for (const [index, argument] of open.entries()) {
    // The last one takes what is left: a sentence without quotes is one argument.
    const value = index === open.length - 1 ? positional.slice(index).join(' ') : positional[index]
    if (value) given[argument.name] = value
  }
  const missing = asked.filter(argument => argument.required && !Object.hasOwn(given, argument.name))
  if (missing.length === 0) return given
  const names = missing.map(argument => argument.name).join(', ')
  throw new AppError('INVALID_REQUEST', `The prompt ${name} needs ${names}. Write ${hintOf(asked)}, or name=value.`)
}

/** The arguments as they are typed: `<needed> [other]`. */
export const hintOf = (asked: McpPrompt['arguments']): string =>
  asked.map(({ name, required }) => (required ? `<${name}>` : `[${name}]`)).join(' ')
