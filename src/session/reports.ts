import { newId } from '../base/ids.ts'
import type { DelegateEnd, Prompt } from '../event.ts'
import type { Session } from './session.ts'

/** Something that the model has to learn and no person says. */
export const fromAgent = (text: string): Prompt => ({ type: 'prompt', turn_id: newId('turn'), text, source: 'agent' })

/** What agents in the background came to, as it enters the history. */
export const reportsOf = (session: Session): Prompt[] => [...session.state.reports.values()].map(reportPrompt)

export const reportPrompt = ({ agent, parent_tool_call_id, outcome, report, reason }: DelegateEnd): Prompt => ({
  ...fromAgent(
    `${outcome === 'completed' ? 'Report' : `It ended with "${outcome}"; the last words`} of the agent ${agent}, which you started in the background as ${parent_tool_call_id}:\n\n${report || reason || 'none'}`,
  ),
  report_of: parent_tool_call_id,
})
