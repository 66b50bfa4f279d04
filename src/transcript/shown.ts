import { oneLine, seal, showHidden } from '../base/controls.ts'
import { cut, head } from '../base/text.ts'
import type { Attachment, EditorContext, FileChanged, FileDiff, Params, Preview, Question, Stored } from '../event.ts'
import { codeBlock } from '../org/blocks.ts'
import { convertToOrg, promptToOrg } from '../org/convert.ts'
import { orgFileLink } from '../org/inlines.ts'
import { guardLine, orgBlock, orgBlockLines, orgLine, orgText } from '../org/text.ts'
import { capitalize, excerpt, formatCount, hookLine, shortJson } from './format.ts'
import { planOrg } from './plan.ts'
import { projectName } from './record.ts'

/**
 * What a client shows of an event, as inert Org: it can be inserted as it is. No text has a heading, ends in a line end, or
 * is Emacs's list of local variables. `org` is a body of whole paragraphs, which an empty line sets apart from others; one
 * line may stand with others in a line. The rest is named for what it is of the event.
 */
export type OrgTexts = {
  org?: string
  /** One line, for a heading: the tool and what its call is about; why a call failed; the server that asks. */
  org_title?: string
  org_thinking?: string
  /** One line: why a call asks, or was decided as it was. */
  org_reason?: string
  /** A list: the attachments of a prompt, and what of the editor came with it. */
  org_notes?: string
  /** What a question asks for, while it is open: an address in a block, then a list of fields. */
  org_details?: string
  /** The lines of a diff, one for one, for a block of the client's. */
  org_diff?: string
  /** One line: the delegated agent whose event it is. */
  org_agent?: string
  preview?: Omit<Preview, 'files'> & { files: (FileDiff & { org: string; org_diff: string })[] }
  remember?: { session: string; project: string; org_session: string; org_project: string }
}

/** `project` is where relative paths start from; `known` has what of a message was converted as it came. */
export function orgTextsOf(event: Stored, project: string, known: OrgTexts = {}): OrgTexts {
  const texts = bodyOf(event, project, known)
  if (!('agent' in event && event.agent && 'parent_tool_call_id' in event && event.parent_tool_call_id)) return texts
  return { ...texts, org_agent: line(event.agent, 40) }
}

function bodyOf(event: Stored, project: string, known: OrgTexts): OrgTexts {
  switch (event.type) {
    case 'session.created':
      return { org_title: line(projectName(event.project_path)) }
    case 'session.updated': {
      const { model, agent, rule, action, usage } = event
      const parts = [
        model && !usage && `model ${model}`,
        agent && `agent ${agent}`,
        rule && `rule ${action === 'deny' ? `deny ${rule}` : rule}`,
      ].filter(Boolean)
      return parts.length > 0 ? { org_title: line(parts.join(', ')) } : {}
    }
    case 'session.mode':
      return { org_title: line(`mode ${event.mode}`) }
    case 'prompt':
    case 'prompt.queued': {
      const notes = notesOf(event, project)
      return { org: promptOrg(event.text), ...(notes && { org_notes: notes }) }
    }
    case 'prompt.dropped':
      return { org: promptOrg(event.text) }
    case 'message':
      return {
        org: known.org ?? convertToOrg(event.content, project),
        ...(event.thinking && { org_thinking: known.org_thinking ?? convertToOrg(event.thinking, project) }),
      }
    case 'tool.call': {
      const { tool, params, reason, preview, remember } = event
      return {
        org_title: titleOf(tool, params, project),
        org_reason: line(reason, 500),
        org: paramsOrg(params),
        ...(preview && { preview: { ...preview, files: preview.files.map(file => previewed(file, project)) } }),
        ...(remember && {
          remember: {
            ...remember,
            org_session: line(remember.session, 500),
            org_project: line(remember.project, 500),
          },
        }),
      }
    }
    case 'approval':
      return event.reason ? { org_reason: line(event.reason, 500) } : {}
    case 'tool.result': {
      const { result, error, message } = event
      if (result?.content) return { org: excerptBlock(result.content) }
      const text = error?.message || message
      return { org: text && lines(text), ...(error && { org_title: line(firstLine(text || error.code), 80) }) }
    }
    case 'file.changed':
      return changeOf(event, project)
    case 'question':
      return {
        org_title: line(event.server, 40),
        org: seal(orgText(showHidden(excerpt(event.message).text.trim()))),
        ...detailsOf(event),
      }
    case 'error':
    case 'notice':
      return { org: lines(event.message) }
    case 'hook':
      return { org: lines(hookLine(event)) }
    case 'context.compacted':
      return { org: convertToOrg(event.summary, project) }
    case 'delegate.start':
      return { org: promptOrg(event.task) }
    case 'delegate.end':
      return { org: convertToOrg(event.report, project) }
    case 'plan':
      return { org: planOrg(event.items) }
    case 'undo':
      return { org: event.files.map(({ path }) => `- ${link(path, project)}`).join('\n') }
    case 'session.rewound':
    case 'session.resumed':
    case 'session.closed':
    case 'answer': // what was answered may be a secret
    case 'turn.end':
      return {}
    default:
      event satisfies never
      return {}
  }
}

/** Inert text on one line of at most `most` characters, with nothing hidden in it. */
const line = (text: string, most = 200): string =>
  seal(guardLine(orgLine(cut(oneLine(showHidden(head(text, most * 8))), most), true)))

const lines = (text: string): string => seal(orgText(excerpt(text.trim()).text))
const promptOrg = (text: string): string => promptToOrg(text.replace(/^(?:[ \t]*\r?\n)+/, '').trimEnd())
const firstLine = (text: string): string => text.trim().split('\n', 1)[0]!

function excerptBlock(content: string): string {
  const { text, note } = excerpt(content)
  return seal(`${orgBlock('EXAMPLE', text)}${note ? `\n/${note}/` : ''}`)
}

const shortName = (path: string, project: string): string =>
  path.startsWith(`${project.replace(/\/$/, '')}/`) ? path.slice(project.replace(/\/$/, '').length + 1) : path
const link = (path: string, project: string): string =>
  seal(guardLine(orgFileLink(path, project, showHidden(shortName(path, project)))))

/** What a call is about, in the order of what says most. */
const TELLING = ['path', 'command', 'file', 'pattern', 'query', 'url', 'name', 'message', 'title', 'destination']

function titleOf(tool: string, params: Params, project: string): string {
  const told = (name: string) => {
    const value = params[name]
    if (typeof value !== 'string' || value === '') return []
    return [line(name === 'path' ? shortName(value, project) : value, 60)]
  }
  // What is searched for says more than where.
  const about =
    told('pattern').length > 0
      ? [told('pattern'), told('path')]
      : TELLING.map(told)
          .filter(all => all[0])
          .slice(0, 1)
  return [line(tool, 60), ...about.flat()].join('  ')
}

/** A command as it would run, whole; everything else as JSON. */
function paramsOrg(params: Params): string {
  const { command, ...others } = params
  const isCommand = typeof command === 'string' && command !== ''
  const rest = isCommand ? others : params
  const parts = [
    isCommand && orgBlock('EXAMPLE', showHidden(command)),
    (!isCommand || Object.keys(rest).length > 0) && codeBlock('json', showHidden(shortJson(rest))),
  ]
  return seal(parts.filter(Boolean).join('\n'))
}

/** One line for each of the diff's: a lone carriage return must not make two of one. */
const diffLines = (diff: string): string => seal(orgBlockLines(showHidden(diff.replace(/\r(?!\n)/g, '␍'))))

const previewed = (file: FileDiff, project: string) => ({
  ...file,
  org: link(file.path, project),
  org_diff: diffLines(file.diff),
})

function changeOf({ change, path, from, diff }: FileChanged, project: string): OrgTexts {
  const origin = from ? ` from ${link(from, project)}` : ''
  return {
    org: `${capitalize(change)} ${link(path, project)}${origin}`,
    ...(diff !== undefined && { org_diff: diffLines(diff) }),
  }
}

function notesOf(
  { attachments = [], context }: { attachments?: Attachment[]; context?: EditorContext },
  project: string,
): string {
  const { region, buffers, files, diagnostics } = context ?? {}
  const attached = attachments.map(attachment =>
    'path' in attachment ? link(attachment.path, project) : line(attachment.media_type),
  )
  const counted = (list: readonly unknown[] | null | undefined, noun: string) =>
    list?.length ? `${formatCount(list.length)} ${noun}${list.length === 1 ? '' : 's'}` : undefined
  const shown = [
    region && `region of ${region.path ? link(region.path, project) : 'a buffer'}`,
    counted(buffers, 'buffer'),
    counted(files, 'file'),
    counted(diagnostics, 'diagnostic'),
  ].filter(Boolean)
  return [
    ...attached.map(text => `- Attached ${text}`),
    ...(shown.length > 0 ? [`- With ${shown.join(', ')}`] : []),
  ].join('\n')
}

type Field = { title?: unknown; description?: unknown }

function detailsOf({ url, schema }: Question): OrgTexts {
  const { properties, required } = (schema ?? {}) as { properties?: Record<string, Field>; required?: unknown }
  const needed = new Set(Array.isArray(required) ? required : [])
  const fields = Object.entries(properties ?? {}).map(([name, field]) => {
    const { title, description } = field ?? {}
    const about = typeof description === 'string' ? `: ${description}` : ''
    return `- ${line(`${typeof title === 'string' && title ? title : name}${about}${needed.has(name) ? '' : ' (optional)'}`)}`
  })
  const parts = [...(url ? [orgBlock('EXAMPLE', showHidden(url))] : []), ...fields]
  return parts.length > 0 ? { org_details: seal(parts.join('\n')) } : {}
}

/** The same for what is live only and no part of a message. */
export const liveOrgTexts = (event: { type: string; message?: unknown }): OrgTexts =>
  event.type === 'tool.progress' && typeof event.message === 'string' && event.message !== ''
    ? { org_title: line(event.message, 60) }
    : event.type === 'error' && typeof event.message === 'string'
      ? { org: lines(event.message) }
      : {}
