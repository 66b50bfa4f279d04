import { isAbsolute, resolve } from 'node:path'
import { createInterface, type Interface } from 'node:readline/promises'
import { messageOf } from '../errors.ts'
import type { Stored, ToolCallAnnounced } from '../event.ts'
import type { TurnOutcome } from '../session/outcomes.ts'
import type { Session } from '../session/session.ts'
import { Store } from '../session/store.ts'
import type { Command } from './args.ts'
import type { Process } from './process.ts'
import { createScreen } from './screen.ts'
import { inert, type Style, styleFor } from './terminal.ts'
import { configure, createLogger, createWorld } from './world.ts'

type Options = Extract<Command, { command: 'run' }>

/** One session in the terminal. Resolves with the exit code: 0 done, 1 failed or limit reached, 130 interrupted twice. */
export async function run(options: Options, outside: Process): Promise<number> {
  const { env, dirs, version } = outside
  const loaded = await configure({ env, dirs, flags: options })
  const log = createLogger(loaded.config.log_level === 'info' ? 'warn' : loaded.config.log_level, outside.stderr)
  const world = createWorld({ env, dirs, loaded, log, version, secrets: () => [] })
  const store = new Store(world, () => {})
  const style = styleFor(outside.terminal.output && !env.NO_COLOR)
  const terminal = outside.terminal.input && outside.terminal.output && !options.json
  const reader = terminal ? createInterface({ input: outside.stdin, output: outside.terminal_output }) : null
  const ask = (question: string) => reader!.question(question)

  const session = await open(store, options, outside.cwd)
  const screen = createScreen(outside.stdout, style)
  const show = options.json
    ? (event: object) => outside.stdout(`${JSON.stringify(withoutProviderData(event))}\n`)
    : screen.show
  if (options.json) session.log.events.forEach(show)
  session.subscribe(show)
  session.subscribe(event => {
    if (event.type === 'tool.call' && event.requires_approval)
      void decide(event, session, { options, reader, style, screen })
  })

  let interrupts = 0
  outside.onInterrupt(() => {
    if (++interrupts > 1 || session.agent_state.state === 'idle') return outside.exit(130)
    void session.interrupt()
  })

  if (!options.json) {
    screen.line(
      `${style.bold('emacs-agent')} ${style.dim(`${session.state.model} · agent ${session.state.agent} · ${session.state.project_path}`)}\n`,
    )
  }
  const first = options.prompt ?? (terminal ? undefined : (await readAll(outside.stdin)).trim())
  let outcome: TurnOutcome | null = null
  if (first !== undefined) outcome = await turn(session, first || TOUR)
  else {
    screen.line(style.dim('Ask for something, or press Enter for a tour of the project. Control-D ends the session.'))
    outcome = await converse(session, ask, () => (interrupts = 0))
  }
  reader?.close()
  const failed = outcome !== null && outcome.status !== 'success'
  const limited = session.log.events.findLast(event => event.type === 'turn.end')?.outcome === 'limit'
  const path = await store.close(session.id)
  await world.close()
  if (path && !options.json) screen.line(`\nTranscript: ${inert(path)}`)
  return failed || limited ? 1 : 0
}

const TOUR = 'Give me a short tour of this project'

async function open(store: Store, options: Options, cwd: string): Promise<Session> {
  if (options.resume) return (await store.resume(options.resume)).session
  const project = options.project ?? cwd
  return store.create({
    project_path: isAbsolute(project) ? project : resolve(cwd, project),
    model: options.model,
    agent: options.agent,
  })
}

async function turn(session: Session, text: string): Promise<TurnOutcome> {
  return (await session.prompt({ text })).outcome
}

async function converse(
  session: Session,
  ask: (question: string) => Promise<string>,
  started: () => void,
): Promise<TurnOutcome | null> {
  let outcome: TurnOutcome | null = null
  for (;;) {
    const text = await ask('\n> ').catch(() => null) // Control-D closes the reader
    if (text === null || text.trim() === '/quit') return outcome
    started()
    outcome = await turn(session, text.trim() || TOUR)
  }
}

type Asking = { options: Options; reader: Interface | null; style: Style; screen: ReturnType<typeof createScreen> }

/** Puts the decision to the person; without one, only `--yes` says yes. */
async function decide(call: Stored<ToolCallAnnounced>, session: Session, asking: Asking): Promise<void> {
  const { tool_call_id } = call
  const preview_hash = call.preview?.hash
  const { approvals } = session
  try {
    if (asking.options.yes) return await approvals.approve({ tool_call_id, preview_hash })
    if (!asking.reader)
      return approvals.reject(tool_call_id, 'there is no terminal to ask on (--yes approves what asks).')
    const answer = await asking.reader.question(question(call, asking.style))
    const [key, ...reason] = answer.trim().split(/\s+/)
    if (key === 'y' || key === 'yes') await approvals.approve({ tool_call_id, preview_hash })
    else if (key === 's' && call.remember) await approvals.approve({ tool_call_id, preview_hash, remember: 'session' })
    else if (key === 'p' && call.remember) await approvals.approve({ tool_call_id, preview_hash, remember: 'project' })
    else approvals.reject(tool_call_id, (key === 'n' || key === 'no' ? reason.join(' ') : answer.trim()) || undefined)
  } catch (error) {
    // A stale preview is announced again, and asked about again; what was decided elsewhere needs no answer.
    asking.screen.line(asking.style.yellow(messageOf(error)))
  }
}

function question({ remember }: Stored<ToolCallAnnounced>, style: Style): string {
  const rule = remember ? `, [s]ession or [p]roject to remember ${inert(remember.project)}` : ''
  return `  ${style.bold('Approve?')} [y]es, [n]o and why${rule}: `
}

function withoutProviderData(event: object) {
  const { provider_data: _, ...shown } = event as { provider_data?: unknown }
  return shown
}

async function readAll(stream: NodeJS.ReadableStream): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(Buffer.from(chunk as Uint8Array))
  return Buffer.concat(chunks).toString('utf8')
}
