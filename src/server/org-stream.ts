import { lazily } from '../base/once.ts'
import { countCharacters, slice } from '../base/text.ts'
import type { Stored } from '../event.ts'
import { OrgFlow, type Patch } from '../org/flow.ts'
import type { Session } from '../session/session.ts'
import type { Broadcast, InProgress } from '../session/subscribers.ts'
import { liveOrgTexts, type OrgTexts, orgTextsOf } from '../transcript/shown.ts'
import { AHEAD } from './frames.ts'
import { type Encoding, encode, encodeStored, LONGEST_DELTA } from './sse.ts'

/**
 * Events with what a client shows of them as Org beside it (see `OrgTexts`). On `message.delta` and `thinking.delta`, `org`
 * is appended to the Org that the client has of that message, or of its thinking; with `org_from` it replaces that Org from
 * that character on. A character is a code point, as in Emacs. What the client has is always whole Org: a block of code that
 * is still open has its last line, which the next delta replaces. A delta with `replace` has `org_from` 0. A delta whose
 * `content` is empty brings Org alone: more of what a late subscriber missed, or, just before `message`, what only the end
 * of the text decides. So the deltas always add up to `org` of `message`. A `tool.progress` with output has the same for the
 * output of its call so far, in a block.
 */
export function orgEncoding(session: Session): Encoding {
  const shared = join(session)
  /** Of each message in progress, what this reader has. */
  const had = new Map<string, Had>()
  const hadOf = (key: string): Had => had.get(key) ?? NOTHING
  const forget = (message_id: string) => {
    for (const kind of KINDS) had.delete(`${kind} ${message_id}`)
  }

  return {
    stored(event) {
      if (event.type === 'message') forget(event.message_id)
      return shared.storedFrame(event)
    },
    inProgress() {
      for (const partial of session.partials) {
        const key = keyOf(partial)
        const next = catchUp(partial, shared.growing(partial), hadOf(key))
        if (!next) continue
        had.set(key, next.had)
        return next.frame
      }
      return undefined
    },
    live(event) {
      const { frame, delta, endings } = shared.latest(event)
      if (event.type === 'message') {
        const all = endings.filter(({ key, version }) => hadOf(key).version === version).map(ending => ending.frame)
        return all.length === 0 ? frame() : Buffer.concat([...all, frame()])
      }
      if (!delta || delta.replaces || hadOf(delta.key).version === delta.before) return frame()
      // This reader missed something: it gets all that it does not have.
      return encode({ ...event, ...liveOrgTexts(event), ...restOf(delta.growing, hadOf(delta.key)) })
    },
    sent(event) {
      if (event.type === 'message') forget(event.message_id)
      const { delta } = shared.latest(event)
      if (event.type === 'tool.result') had.delete(outputKey(event))
      if (!delta) return
      const more = 'content' in event ? String(event.content).length : 0
      had.set(delta.key, upToDate(delta.growing, (delta.replaces ? 0 : hadOf(delta.key).content) + more))
    },
    close: () => shared.leave(),
  }
}

const KINDS = ['thinking.delta', 'message.delta'] as const
const keyOf = ({ type, message_id }: { type: string; message_id: string }) => `${type} ${message_id}`

const outputKey = ({ tool_call_id }: { tool_call_id: string }) => `tool.progress ${tool_call_id}`
/** UTF-16 units of a call's live output that come as Org; `tool.result` has what is shown of it in the end. */
const MOST_OUTPUT = 200_000

/** The Org of a message in progress, or of a call's output. `version` grows by one with each delta. */
type Growing = { flow: OrgFlow; version: number }

/**
 * What a reader has of a message in progress: UTF-16 units of its content; of its stable Org, UTF-16 units and characters,
 * and the epoch of those; the version if it is up to date, else -1.
 */
type Had = { content: number; version: number; epoch: number; units: number; characters: number }
const NOTHING: Had = { content: 0, version: 0, epoch: 0, units: 0, characters: 0 }

const upToDate = ({ flow, version }: Growing, content: number): Had => ({
  content,
  version,
  epoch: flow.epoch,
  ...flow.stable,
})

function restOf({ flow }: Growing, had: Had): Required<Patch> {
  const { units, characters } = had.epoch === flow.epoch ? had : NOTHING
  return { org: flow.org.slice(units), org_from: characters }
}

/** The next part of what a reader does not have, in parts of at most LONGEST_DELTA of content and of Org. */
function catchUp(partial: InProgress, growing: Growing, had: Had): { frame: Uint8Array; had: Had } | undefined {
  if (partial.content.length <= had.content && had.version === growing.version) return undefined
  const { replace: _, ...delta } = partial as InProgress & { replace?: true }
  const content = slice(partial.content, had.content, had.content + LONGEST_DELTA)
  const { epoch, org, stable } = growing.flow
  const { units, characters } = had.epoch === epoch ? had : NOTHING
  const replace = partial.type === 'message.delta' && had.content === 0 && { replace: true }
  const frame = (part: string) => encode({ ...delta, content, ...replace, org: part, org_from: characters })
  const reached = had.content + content.length
  if (stable.units - units <= LONGEST_DELTA) return { frame: frame(org.slice(units)), had: upToDate(growing, reached) }
  const part = slice(org, units, units + LONGEST_DELTA)
  const next = { units: units + part.length, characters: characters + countCharacters(part) }
  return { frame: frame(part), had: { content: reached, version: -1, epoch, ...next } }
}

/** What came of one event: its frame for those who have all before it, and how to know them. */
type Latest = {
  event: Broadcast
  /** Made when the first reader needs it. */
  frame: () => Uint8Array
  delta?: { key: string; growing: Growing; before: number; replaces: boolean }
  /** Before a `message`: the deltas that bring the Org of what was in progress to what it is in the end. */
  endings: { key: string; version: number; frame: Uint8Array }[]
}

/**
 * The Org of one session, made once for all who follow it. It subscribes before any of them does, so that it has taken an
 * event in when they get it.
 */
class SessionOrg {
  private readonly session: Session
  private readonly growings = new Map<string, Growing>()
  private readonly large = new WeakMap<Stored, WeakRef<Uint8Array>>()
  private readonly unsubscribe: () => void
  private current: Latest | null = null
  readers = 0

  constructor(session: Session) {
    this.session = session
    this.unsubscribe = session.subscribe(event => (this.current = this.take(event)))
  }

  leave(): void {
    this.readers--
    if (this.readers > 0) return
    this.unsubscribe()
    sessions.delete(this.session)
  }

  latest(event: Broadcast): Latest {
    if (this.current?.event !== event) this.current = this.take(event)
    return this.current
  }

  growing(partial: InProgress): Growing {
    const key = keyOf(partial)
    const known = this.growings.get(key)
    if (known) return known
    const growing = { flow: new OrgFlow(this.project), version: 1 }
    growing.flow.push(partial.content)
    this.growings.set(key, growing)
    return growing
  }

  storedFrame(event: Stored, known: OrgTexts = {}): Uint8Array {
    const kept = this.large.get(event)?.deref()
    if (kept) return kept
    const frame = encodeStored({ ...event, ...orgTextsOf(event, this.project, known) })
    if (frame.length > AHEAD) this.large.set(event, new WeakRef(frame))
    return frame
  }

  private get project(): string {
    return this.session.state.project_path
  }

  private take(event: Broadcast): Latest {
    switch (event.type) {
      case 'message.delta':
      case 'thinking.delta':
        return this.takeDelta(event)
      case 'message':
        return this.takeMessage(event)
      case 'tool.progress':
        if (event.output) return this.takeOutput(event, event.output)
        break
      case 'tool.result':
        this.growings.delete(outputKey(event))
        break
      case 'turn.end':
        this.growings.clear()
    }
    return { event, frame: lazily(() => this.frameOf(event)), endings: [] }
  }

  private frameOf(event: Broadcast): Uint8Array {
    return 'id' in event ? this.storedFrame(event) : encode({ ...event, ...liveOrgTexts(event) })
  }

  private takeDelta(event: InProgress): Latest {
    const key = keyOf(event)
    const replaces = 'replace' in event && event.replace === true
    const growing = this.growings.get(key) ?? this.begin(key, replaces ? '' : this.textBefore(key, event.content))
    const before = growing.version++
    const patch = replaces
      ? { ...growing.flow.reset(event.content), org: growing.flow.org, org_from: 0 }
      : growing.flow.push(event.content)
    return {
      event,
      frame: lazily(() => encode({ ...event, ...patch })),
      delta: { key, growing, before, replaces },
      endings: [],
    }
  }

  private takeOutput(event: Extract<Broadcast, { type: 'tool.progress' }>, output: string): Latest {
    const key = outputKey(event)
    const growing = this.growings.get(key) ?? { flow: OrgFlow.example(), version: 0 }
    this.growings.set(key, growing)
    const { flow } = growing
    if (flow.stable.units > MOST_OUTPUT) return { event, frame: lazily(() => this.frameOf(event)), endings: [] }
    const before = growing.version++
    const patch = flow.push(output)
    return {
      event,
      frame: lazily(() => encode({ ...event, ...liveOrgTexts(event), ...(before === 0 ? { org: flow.org } : patch) })),
      delta: { key, growing, before, replaces: false },
      endings: [],
    }
  }

  private begin(key: string, text: string): Growing {
    const growing = { flow: new OrgFlow(this.project), version: 0 }
    if (text !== '') {
      growing.flow.push(text)
      growing.version++
    }
    this.growings.set(key, growing)
    return growing
  }

  /** What was sent before a subscriber wanted Org. */
  private textBefore(key: string, content: string): string {
    for (const partial of this.session.partials)
      if (keyOf(partial) === key) return partial.content.slice(0, partial.content.length - content.length)
    return ''
  }

  private takeMessage(event: Stored & { type: 'message' }): Latest {
    const { turn_id, message_id, role, agent, parent_tool_call_id, at } = event
    const about = { turn_id, message_id, ...(agent && { agent }), ...(parent_tool_call_id && { parent_tool_call_id }) }
    const known: OrgTexts = {}
    const endings: Latest['endings'] = []
    for (const type of KINDS) {
      const key = `${type} ${message_id}`
      const growing = this.growings.get(key)
      const text = type === 'message.delta' ? event.content : event.thinking
      this.growings.delete(key)
      if (!growing || text === undefined) continue
      const patch = growing.flow.finish(text)
      known[type === 'message.delta' ? 'org' : 'org_thinking'] = growing.flow.org
      if (patch.org === '' && patch.org_from === undefined) continue
      const delta = { type, ...about, ...(type === 'message.delta' && { role }), content: '', ...patch, at }
      endings.push({ key, version: growing.version, frame: encode(delta) })
    }
    return { event, frame: lazily(() => this.storedFrame(event, known)), endings }
  }
}

/** The sessions that somebody follows as Org. */
const sessions = new Map<Session, SessionOrg>()

function join(session: Session): SessionOrg {
  const shared = sessions.get(session) ?? new SessionOrg(session)
  sessions.set(session, shared)
  shared.readers++
  return shared
}
