import { messageOf } from '../base/errors.ts'
import type { Stored, ToolCallAnnounced } from '../event.ts'
import { type ApproveRequest, isNotWaiting } from '../session/approvals.ts'
import type { Session } from '../session/session.ts'
import { byHunks } from './by-hunks.ts'
import { editText } from './editor.ts'
import { filesOf, isByFile, isWhole, type Parts, type Whole } from './hunks.ts'
import type { Keyboard } from './keyboard.ts'
import type { Process } from './process.ts'
import { inert, type Style } from './terminal.ts'
import { readDecision } from './words.ts'

type Call = Stored<ToolCallAnnounced>
export type Asking = {
  /** `--yes`: everything that asks is approved. */
  yes: boolean
  keyboard: Keyboard | null
  /** Why there is no keyboard, as the end of a sentence. */
  nobody: string
  env: Process['env']
  style: Style
  line(text: string): void
  /** Called for each call that was rejected because there was no terminal to ask on. */
  unasked(call: Call): void
}
export type Present = Asking & { keyboard: Keyboard }

/** Puts the decision to the person, until there is one; without a person only `--yes` says yes. */
export async function decide(call: Call, session: Session, asking: Asking): Promise<void> {
  const { approvals } = session
  const { tool_call_id } = call
  const preview_hash = call.preview?.hash
  if (!asking.yes && !asking.keyboard) {
    asking.unasked(call)
    return approvals.reject({
      tool_call_id,
      reason: `Nobody was asked: ${asking.nobody}. --yes approves what asks (here: ${call.reason}).`,
      by: 'config',
    })
  }
  const over = new AbortController() // decided, by an interrupt as well; or announced again, and asked about anew
  const unsubscribe = session.subscribe(event => {
    if (event.type !== 'approval' && event.type !== 'tool.call') return
    if (event.tool_call_id === tool_call_id && event !== call) over.abort() // a subscriber that comes while it is sent receives it, too
  })
  const tell = (error: unknown) => asking.line(`  ${asking.style.yellow(inert(messageOf(error)))}`)
  try {
    if (asking.yes) {
      await approvals.approve({ tool_call_id, preview_hash }).catch(error => {
        if (over.signal.aborted || isNotWaiting(error)) return tell(error)
        approvals.reject({ tool_call_id, reason: messageOf(error), by: 'config' }) // else it would wait without end
      })
      return
    }
    while (!over.signal.aborted) {
      const request = await ask(call, session, asking as Present, over.signal)
      if (over.signal.aborted || request === 'again') continue
      if ('reject' in request) return approvals.reject({ tool_call_id, reason: request.reject, by: request.by })
      try {
        return await approvals.approve({ tool_call_id, preview_hash, ...request })
      } catch (error) {
        tell(error)
        if (isNotWaiting(error)) return
      }
    }
  } catch (error) {
    tell(error)
  } finally {
    unsubscribe()
  }
}

export type Answer = Omit<ApproveRequest, 'tool_call_id'> | { reject: string | undefined; by?: 'config' } | 'again'

/** One question, and the decision. */
async function ask(call: Call, session: Session, asking: Present, over: AbortSignal): Promise<Answer> {
  const { keyboard, style } = asking
  const typed = await keyboard.ask(question(call, style), over)
  if (typed === null) return { reject: 'Nobody decided: the input ended.', by: 'config' }
  const say = (text: string): 'again' => {
    asking.line(`  ${style.dim(text)}`)
    return 'again'
  }
  const decision = readDecision(typed)
  switch (decision.kind) {
    case 'approve':
      if (decision.remember && !call.remember) return say('This call cannot be remembered. Nothing is decided yet.')
      return decision.remember ? { remember: decision.remember } : {}
    case 'reject':
      return { reject: decision.reason }
    case 'edit':
      return edit(call, session, asking, over).catch(error => say(`${inert(messageOf(error))} Nothing is decided yet.`))
    case 'hunks':
      return byHunks(call, session, asking, over, say)
    case 'explain':
      asking.line(explanation(call))
      return 'again'
    case 'unclear':
      return say(
        typed.trim() === ''
          ? 'Nothing is decided by an empty line.'
          : 'That is none of the answers; ? explains them. Nothing is decided yet.',
      )
  }
}

/** The text of a file that the call writes, else its parameters. Throws with what is wrong. */
async function edit(call: Call, session: Session, asking: Present, over: AbortSignal): Promise<Answer> {
  const { keyboard, env } = asking
  const files = await filesOf(call, session.state.project_path)
  const file = typeof files === 'string' ? null : await chosen(files, asking, over)
  const [text, name] = file
    ? [file.withHunks(file.hunks), file.name]
    : [`${JSON.stringify(call.params, null, 2)}\n`, 'parameters.json']
  const edited = await keyboard.lend(() => editText(text, name, env))
  if (edited === text) throw new Error('Nothing was changed in the editor.')
  if (file) return isByFile(call) ? { files: [{ path: file.path, content: edited }] } : { content: edited }
  const params: unknown = parsed(edited)
  if (typeof params !== 'object' || params === null || Array.isArray(params))
    throw new Error('The parameters must be a JSON object.')
  return { params: params as Record<string, unknown> }
}

/** The file that is to be edited. */
async function chosen(files: readonly (Parts | Whole)[], { keyboard, style }: Present, over: AbortSignal) {
  const names = files.map(({ path }, i) => `${i + 1} ${inert(path)}`).join(', ')
  const typed = files.length === 1 ? '1' : await keyboard.ask(`  ${style.bold('Which file?')} ${names}: `, over)
  const file = files[Number(typed) - 1]
  if (!file) throw new Error('That is the number of no file.')
  if (isWhole(file)) throw new Error(`${file.path} cannot be edited: ${file.why}.`)
  return file
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new Error(`The parameters are not JSON (${messageOf(error)}).`)
  }
}

function question(call: Call, style: Style): string {
  const { remember, preview } = call
  const count = preview?.files[0]?.diff.match(/^@@ /gm)?.length ?? 0
  const hunks = count > 1 || (isByFile(call) && preview!.files.length > 1) ? ', [h]unks' : ''
  const rule = remember ? `, [s]ession or [p]roject to remember ${inert(remember.project)}` : ''
  return `  ${style.bold('Approve?')} [y]es, [n]o and why, [e]dit${hunks}${rule}, [?]: `
}

function explanation({ remember }: Call): string {
  const rows = [
    ['y, yes', 'approve this call as it is shown'],
    ['n, no', 'reject it; words after it are told to the model as the reason'],
    ['e, edit', 'edit it in $VISUAL or $EDITOR first: the text of a file it writes, else its parameters'],
    ['h, hunks', 'go through the parts of its diff, and leave some out'],
    ...(remember
      ? [
          ['s, session', `approve, and ask no more in this session for ${inert(remember.session)}`],
          ['p, project', `approve, and ask no more in this project for ${inert(remember.project)}`],
        ]
      : []),
    ['Control-C', 'stop the turn'],
  ]
  return rows.map(([word, means]) => `  ${word!.padEnd(12)}${means}`).join('\n')
}
