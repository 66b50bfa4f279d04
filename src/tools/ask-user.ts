import * as v from 'valibot'
import { AppError } from '../base/errors.ts'
import { defineTool } from './define.ts'
import type { Tool } from './tool.ts'

const MOST_OPTIONS = 20
const choice = v.pipe(v.string(), v.nonEmpty())

const askUser = defineTool({
  name: 'ask_user',
  proposals: 'sees',
  category: 'person',
  level: 'read',
  description: 'Ask the user one question that you cannot answer yourself.',
  params: v.object({
    question: v.pipe(v.string(), v.nonEmpty()),
    options: v.optional(v.pipe(v.array(choice), v.maxLength(MOST_OPTIONS))),
    multiple: v.optional(v.boolean()),
    free_text: v.optional(v.pipe(v.boolean(), v.description('Also another answer than the options'))),
  }),
  async effect({ question }) {
    return { level: 'read', reason: `Ask: ${question}`, reads: [], writes: [], session_only: true }
  },
  async run({ question, options, multiple = false, free_text = false }, context) {
    if (!context.ask) throw new AppError('TOOL_FAILED', NOBODY)
    const schema = formOf([...new Set(options ?? [])], multiple, free_text)
    const { action, content } = await context.ask({ server: 'The agent', message: question, schema })
    if (action !== 'accept') return { content: DECLINED, metadata: { action } }
    const answers = Object.values(Object(content)).flat().map(String).filter(Boolean)
    return { content: answers.join('\n') || EMPTY, metadata: { action, answers: answers.length } }
  },
})

export const personTools: readonly Tool[] = [askUser]

const NOBODY = 'There is nobody to ask here. Decide by yourself what is most likely meant, and say what you assumed.'
const DECLINED = 'The user gave no answer. Go on with what is most likely meant, say what you assumed, or stop.'
const EMPTY = 'The answer was left empty.'

/** The form as MCP elicitation has it (2025-11-25, enum schemas), so that every client can show it already. */
function formOf(options: string[], multiple: boolean, free_text: boolean): object {
  if (options.length === 0) return form({ answer: { type: 'string' } }, ['answer'])
  const answer = multiple
    ? { type: 'array', items: { type: 'string', enum: options } }
    : { type: 'string', enum: options }
  if (!free_text) return form({ answer }, ['answer'])
  return form({ answer, other: { type: 'string', description: 'or in your own words' } }, [])
}

const form = (properties: object, required: string[]) => ({ type: 'object', properties, required })
