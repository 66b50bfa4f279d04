import { AppError } from '../base/errors.ts'
import { hashOf } from '../base/files.ts'
import type { RemoteName } from '../base/remote-name.ts'
import { fitInstructions } from '../conventions/budget.ts'
import { NAMES } from '../conventions/instructions.ts'
import { withoutComments } from '../conventions/references.ts'
import type { Attachment, EditorContext, Storable } from '../event.ts'
import { inward, isElsewhere } from '../tools/editor/there.ts'
import type { Remote } from '../tools/host/remote/remote.ts'
import type { Roots } from '../tools/tool.ts'
import type { NetChange, Outcome } from '../undo/outcome.ts'
import type { Session } from './session.ts'
import type { SessionUndo } from './undo.ts'

/*
 * What is different for a session whose project is on another machine: its files are reached through the editor (`tools/host/remote`),
 * and nothing of this machine's disk is the project's.
 */

const LARGEST_INSTRUCTIONS = 1024 * 1024

/** The instructions in the directory of the project; empty where there are none. Throws what the machine throws. */
export async function instructionsThere(
  remote: Remote,
  roots: Roots,
  budget: number,
  hidden: (path: string) => boolean,
  signal: AbortSignal,
): Promise<string> {
  const { files } = remote.host(signal)
  await remote.arrive(signal)
  const { locate } = await import('../tools/paths.ts')
  const names = new Set((await files.entries(roots.project)).map(({ name }) => name))
  for (const name of NAMES.filter(name => names.has(name))) {
    const path = await locate(name, roots).catch(() => null) // a link that leads out of the project
    if (path === null || hidden(path)) continue
    const bytes = await files.read(path, LARGEST_INSTRUCTIONS).catch(() => null)
    const text = bytes && !bytes.includes(0) ? withoutComments(bytes.toString()).trimEnd() : ''
    if (text === '') continue
    return fitInstructions([{ path, shown: name, text, hash: hashOf(bytes!), isWhole: true }], budget).text
  }
  return ''
}

type Body = { context?: EditorContext; attachments?: Attachment[] }

/** A prompt with the paths that tools have. Throws INVALID_REQUEST for an attached file that is not on the machine of the project. */
export const promptThere = <B extends Body>(name: RemoteName, body: B): B => ({
  ...body,
  ...(body.context && { context: contextThere(name, body.context) }),
  ...(body.attachments && { attachments: attachmentsThere(name, body.attachments) }),
})

function contextThere(name: RemoteName, context: EditorContext): EditorContext {
  const take = (path: string) => inward(name, path)
  const { current_file, region, files, buffers, diagnostics } = context
  return {
    ...context,
    ...(current_file && { current_file: take(current_file) }),
    ...(region?.path && { region: { ...region, path: take(region.path) } }),
    ...(files && { files: files.map(take) }),
    ...(buffers && { buffers: buffers.map(buffer => ({ ...buffer, path: take(buffer.path) })) }),
    ...(diagnostics && { diagnostics: diagnostics.map(each => ({ ...each, path: take(each.path) })) }),
  }
}

const attachmentsThere = (name: RemoteName, attachments: readonly Attachment[]): Attachment[] =>
  attachments.map(attachment => {
    if ('data' in attachment) return attachment
    const path = inward(name, attachment.path)
    if (!isElsewhere(path)) return { ...attachment, path }
    throw new AppError(
      'INVALID_REQUEST',
      `attachments: the project is on ${name.machine}, and that file is not. Send its bytes as \`data\`.`,
    )
  })

/** What a person should know of such a session: what of the configuration cannot work there. */
export function limitsThere(
  { machine }: RemoteName,
  { servers, formats, sandboxed }: { servers: readonly string[]; formats: boolean; sandboxed: boolean },
): Storable {
  const missing = [
    'undo',
    ...(servers.length > 0 ? [`the MCP servers that are programs (${servers.join(', ')})`] : []),
    ...(formats ? ['formatters'] : []),
    ...(sandboxed ? ['the sandbox'] : []),
    'the configuration and hooks of the project',
  ]
  return {
    type: 'notice',
    code: 'REMOTE_PROJECT',
    message: `The project is on ${machine}; its files and commands are reached through Emacs. Without effect there: ${missing.join(', ')}.`,
  }
}

/** Nothing is kept of another machine's files: what was changed is known by the log alone. */
export function undoThere(session: Session, { machine }: RemoteName): SessionUndo {
  const nothing = (): Promise<never> =>
    Promise.reject(
      new AppError(
        'NOTHING_TO_UNDO',
        `What was changed on ${machine} is not kept. Use git there, or ask the agent to take it back.`,
      ),
    )
  async function changes(since?: string | number): Promise<NetChange[]> {
    const { events } = session.log
    const from =
      typeof since === 'string' ? events.findIndex(event => 'turn_id' in event && event.turn_id === since) : 0
    if (from < 0) throw new AppError('NOT_FOUND', 'There is no such turn in the session.')
    /** The hash before the first change and after the last: null where nothing was or is, empty where it is not known. */
    const found = new Map<string, NetChange & { first: string | null; last: string | null }>()
    for (const event of events.slice(from)) {
      if (event.type !== 'file.changed' || (typeof since === 'number' && event.id <= since)) continue
      const known = found.get(event.path)
      const first = known ? known.first : event.change === 'created' ? null : (event.before_hash ?? '')
      const last = event.change === 'deleted' ? null : (event.after_hash ?? '')
      const lines = (event.diff ?? '').split('\n')
      found.set(event.path, {
        path: event.path,
        ...(event.from !== undefined && { from: event.from }),
        change: first === null ? 'created' : last === null ? 'deleted' : 'modified',
        added: (known?.added ?? 0) + lines.filter(line => /^\+(?!\+\+ )/.test(line)).length,
        removed: (known?.removed ?? 0) + lines.filter(line => /^-(?!-- )/.test(line)).length,
        ...(!known && event.diff !== undefined && { diff: event.diff }),
        calls: [...(known?.calls ?? []), event.tool_call_id],
        state: 'not_undoable',
        first,
        last,
      })
    }
    return [...found.values()].flatMap(({ first, last, ...change }) => (first === last && first !== '' ? [] : [change]))
  }
  return {
    keeper: {
      foresee: async () => ({ undo: 'none', names: [] }),
      keep: async () => ({ settle: async () => ({ not_undoable: [] }) }),
    },
    changes,
    undo: nothing,
    redo: nothing,
    async rewind(_turn_id, to_event_id, also): Promise<Omit<Outcome, 'undo_id'>> {
      const reason = `What was changed on ${machine} is not kept, and so cannot be taken back.`
      const refused = (await changes(to_event_id)).map(({ path }) => ({ path, reason }))
      for (const event of also) session.append(event)
      await session.sync()
      return { restored: [], refused }
    },
    recover: async () => {},
    close: async () => {},
  }
}
