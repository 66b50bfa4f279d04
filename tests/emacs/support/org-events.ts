import type { Stored } from '../../../src/event.ts'
import { OrgFlow } from '../../../src/org/flow.ts'
import { liveOrgTexts, orgTextsOf } from '../../../src/transcript/shown.ts'

export type Event = {
  type: string
  message_id?: string
  content?: string
  thinking?: string
  replace?: true
}

const flows = new Map<string, OrgFlow>()
const keyOf = (project: string, type: string, message_id = '') => `${project} ${type} ${message_id}`

function delta(event: Event, project: string): Event[] {
  const key = keyOf(project, event.type, event.message_id)
  const flow = flows.get(key) ?? new OrgFlow(project)
  flows.set(key, flow)
  const content = event.content ?? ''
  const patch = event.replace ? { ...flow.reset(content), org: flow.org, org_from: 0 } : flow.push(content)
  return [{ ...event, ...patch }]
}

/** What only the end of a text decides comes before the message, as a delta. */
function endings({ message_id, content, thinking }: Event, project: string): Event[] {
  return [
    { type: 'thinking.delta', text: thinking },
    { type: 'message.delta', text: content },
  ].flatMap(({ type, text }) => {
    const flow = flows.get(keyOf(project, type, message_id))
    flows.delete(keyOf(project, type, message_id))
    if (!flow || text === undefined) return []
    const patch = flow.finish(text)
    return patch.org === '' && patch.org_from === undefined
      ? []
      : [{ type, message_id, content: '', ...patch } as Event]
  })
}

const LIVE = new Set(['agent.state', 'tool.progress', 'tool.draft', 'reset'])

/** `event`, of a session on `project`, as a stream with `?render=org` has it. The Org of a message in progress lasts until its end. */
export function render(event: Event, project: string): Event[] {
  if (event.type === 'message.delta' || event.type === 'thinking.delta') return delta(event, project)
  const texts = LIVE.has(event.type) ? liveOrgTexts(event) : orgTextsOf(event as unknown as Stored, project)
  return [...(event.type === 'message' ? endings(event, project) : []), { ...event, ...texts }]
}
