import * as v from 'valibot'
import { AppError } from '../base/errors.ts'
import { MOST_STEPS, numbered } from '../transcript/plan.ts'
import { defineTool } from './define.ts'
import type { Tool } from './tool.ts'

const STATUSES = ['pending', 'in_progress', 'done', 'dropped'] as const
type Status = (typeof STATUSES)[number]
/** What the lists of other agents call a status. */
const OTHERS = {
  todo: 'pending',
  'in-progress': 'in_progress',
  completed: 'done',
  complete: 'done',
  cancelled: 'dropped',
} as const
const WORDS = [...STATUSES, ...(Object.keys(OTHERS) as (keyof typeof OTHERS)[])]

const todo = defineTool({
  name: 'todo',
  proposals: 'sees',
  category: 'person',
  level: 'read',
  description: 'Set your steps: title, status, files?, check?',
  params: v.object({
    items: v.array(
      v.object({
        title: v.pipe(v.string(), v.nonEmpty()),
        status: v.picklist(WORDS),
        files: v.optional(v.array(v.string())),
        check: v.optional(v.string()),
      }),
    ),
  }),
  aliases: { todos: 'items', plan: 'items', steps: 'items', list: 'items' },
  async effect({ items }) {
    if (items.length > MOST_STEPS)
      throw new AppError('INVALID_PARAMS', `items: at most ${MOST_STEPS} steps. Put what belongs together in one.`)
    return { level: 'read', reason: `List ${items.length} steps`, reads: [], writes: [], session_only: true }
  },
  async run({ items: given }, { plan }) {
    if (!plan) throw new AppError('TOOL_FAILED', 'There is no session here that could keep a list.')
    const items = given.map(item => ({
      ...item,
      status: item.status in OTHERS ? OTHERS[item.status as keyof typeof OTHERS] : (item.status as Status),
    }))
    plan.set(numbered(items, plan.items()))
    const done = items.filter(({ status }) => status === 'done' || status === 'dropped').length
    return { content: `${items.length} steps, ${items.length - done} to do.`, metadata: { items: items.length, done } }
  },
})

/**
 * Keeps the list of steps of an agent: each call has the whole list. What models are shown of its parameters is short (under 80
 * tokens with the rest), since every request carries it.
 */
export const todoTool: Tool = {
  ...todo,
  parameters: {
    type: 'object',
    properties: {
      items: { type: 'array', items: { type: 'object', properties: { status: { enum: [...STATUSES] } } } },
    },
  },
}
