import * as v from 'valibot'
import { AppError } from '../base/errors.ts'
import { head } from '../base/text.ts'
import { defineTool } from './define.ts'
import type { Tool } from './tool.ts'

/** Gives a task to another agent. What that agent does is judged call by call, so the tool itself asks nobody. */
export const delegateTool = (agents: readonly string[]): Tool => ({
  ...defineTool({
    name: 'delegate',
    category: 'agents',
    level: 'read',
    description: `Give another agent a task. It sees nothing of this conversation; its report is the result. Several in one message run side by side.${agents.length > 0 ? ` Agents: ${agents.join(', ')}` : ''}`,
    params: v.object({
      agent: v.string(),
      task: v.pipe(v.string(), v.nonEmpty()),
      context: v.optional(v.pipe(v.string(), v.description('What it needs to know'))),
      background: v.optional(v.pipe(v.boolean(), v.description('Go on; the report comes as a message'))),
    }),
    aliases: { subagent_type: 'agent', prompt: 'task', description: 'context', run_in_background: 'background' },
    async effect(task, { delegate }) {
      if (!delegate) throw new AppError('TOOL_FAILED', 'There is no session here in which another agent could work.')
      delegate.check(task)
      const reason = `Give ${task.agent} a task: ${head(task.task, 200)}`
      return { level: 'read', reason, reads: [], writes: [], session_only: true }
    },
    run: (task, { delegate }) => delegate!.run(task),
  }),
  settles: true,
})
