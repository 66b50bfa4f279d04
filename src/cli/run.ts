import { resolve } from 'node:path'
import { printableJson } from '../base/controls.ts'
import { AppError, messageOf, UsageError } from '../base/errors.ts'
import { looksRemote, ONLY_EMACS } from '../base/remote-name.ts'
import type { ToolCallAnnounced } from '../event.ts'
import type { Archive } from '../session/archive.ts'
import { readMode } from '../session/mode.ts'
import type { TurnOutcome } from '../session/outcomes.ts'
import type { Session } from '../session/session.ts'
import { Store } from '../session/store.ts'
import { answer } from './answer.ts'
import { decide } from './approve.ts'
import type { Options } from './commands.ts'
import { configure } from './configure.ts'
import { type History, openHistory } from './history.ts'
import { createKeyboard, type Keyboard } from './keyboard.ts'
import { createLogger } from './logger.ts'
import type { Process } from './process.ts'
import { createRuntime } from './runtime.ts'
import { brief, createScreen } from './screen.ts'
import { type Answered, isSlash, slash } from './slash.ts'
import { createSpinner } from './spinner.ts'
import { inert, isDumb, styleFor } from './terminal.ts'

/** One session in the terminal. Resolves with the exit code: 0 done, 1 failed or limit reached, 130 interrupted twice. */
export async function run(options: Options<'run'>, outside: Process): Promise<number> {
  const { env, dirs, version, sweeper, sandbox } = outside
  const loaded = await configure({ env, dirs, flags: options })
  const log = createLogger(loaded.config.log_level === 'info' ? 'warn' : loaded.config.log_level, outside.stderr)
  const runtime = createRuntime({ env, dirs, loaded, log, version, sweeper, sandbox, secrets: () => [] })
  const store = new Store(runtime, () => {})
  const style = styleFor(outside)
  const terminal = outside.terminal.input && outside.terminal.output && !options.json

  const session = await open(store, runtime.archive, options, outside.cwd)
  const draws = outside.terminal.output && !options.json && !isDumb(env)
  const spinner = draws ? createSpinner(outside.stdout, style, () => keyboard?.busy ?? false) : null
  const markdown = draws ? (await import('./markdown.ts')).renderMarkdown : null
  const render = (text: string) => markdown!(text, { style, columns: outside.terminal_output.columns || 80 })
  const screen = createScreen(spinner?.print ?? outside.stdout, style, markdown ? render : undefined)
  const show = options.json
    ? (event: object) => outside.stdout(`${printableJson(JSON.stringify(withoutProviderData(event)))}\n`)
    : screen.show
  if (options.json) session.log.events.forEach(show)
  session.subscribe(show)
  if (spinner) session.subscribe(spinner.watch)

  let interrupts = 0
  const interrupt = () => {
    if (++interrupts > 1) leave(130)
    else if (session.agent_state.state === 'idle') return style.dim('Control-C again leaves.')
    else void session.turns.interrupt()
  }
  let leaving: Promise<number> | null = null
  /** The session stays as it is in its log, to be resumed. What it runs gets the second that it has to stop. */
  const leave = (code: number) => {
    leaving ??= (async () => {
      setTimeout(() => outside.exit(code), 1000)
      spinner?.stop()
      keyboard?.close()
      await store.shutdown()
      await runtime.close()
      const { path } = session.log
      if (code === 130 && path && keyboard && session.state.conversation.message_count > 0)
        screen.line(`\nThe session can go on: run --resume ${session.id}`)
      return code
    })()
    void leaving.then(outside.exit, () => outside.exit(code))
  }
  const marks_pastes = !isDumb(env)
  const keyboard = terminal
    ? createKeyboard(outside.stdin, outside.terminal_output, { onInterrupt: interrupt, marks_pastes })
    : null
  outside.onInterrupt(() => void (keyboard?.lent || interrupt()))
  void outside.untilStopped({ output: true, signals: ['SIGTERM', 'SIGHUP'] }).then(() => leave(1))
  const unasked: string[] = []
  const asking = {
    yes: options.yes,
    keyboard,
    nobody: options.json ? 'with --json there is no terminal to ask on' : 'there is no terminal to ask on',
    env,
    style,
    line: options.json ? () => {} : screen.line,
    unasked: (call: ToolCallAnnounced) => unasked.push(`${call.tool} ${brief(call.params)}`),
  }
  session.subscribe(event => {
    if (event.type === 'tool.call' && event.requires_approval) void decide(event, session, asking)
    if (event.type === 'question')
      void answer(event, session, asking).catch(error => screen.line(style.yellow(messageOf(error))))
  })

  if (!options.json) {
    const { mode } = session.state.config
    screen.line(
      `${style.bold('emacs-agent')} ${style.dim(`${session.state.model} · agent ${session.state.agent}${mode === 'ask' ? '' : ` · mode ${mode}`} · ${session.state.project_path}`)}\n`,
    )
  }
  const first = options.prompt ?? (terminal ? undefined : (await readAll(outside.stdin)).trim())
  let outcome: TurnOutcome | null = null
  const command = async (typed: string) => {
    const { invoke } = await import('../session/commands/invoke.ts')
    const answered = await slash(typed, request => invoke(store, runtime, session.id, request))
    if (answered && 'said' in answered) screen.line(answered.said)
    return answered
  }
  let refused = false
  if (first !== undefined && isSlash(first)) {
    const answered = await command(first)
    refused = answered !== null && 'failed' in answered
    if (answered && 'outcome' in answered) outcome = await finished(session, await followed(session, answered.outcome))
  } else if (first !== undefined) outcome = await finished(session, await turn(session, first || TOUR))
  else {
    screen.line(style.dim('Ask for something, or press Enter for a tour of the project. Control-D ends the session.'))
    const history = await openHistory(dirs.state, () => session.log.path !== null)
    outcome = await converse(session, keyboard!, history, command, () => (interrupts = 0))
    await history.saved()
  }
  if (leaving) return leaving
  keyboard?.close()
  const failed = refused || (outcome !== null && outcome.status !== 'success')
  const limited = session.log.events.findLast(event => event.type === 'turn.end')?.outcome === 'limit'
  const path = await store.close(session.id)
  await runtime.close()
  if (path && !options.json) screen.line(`\nTranscript: ${inert(path)}`)
  for (const call of unasked)
    outside.stderr(`emacs-agent-backend: rejected, for ${asking.nobody}: ${call} (--yes approves what asks)\n`)
  return failed || limited || unasked.length > 0 ? 1 : 0
}

const TOUR = 'Give me a short tour of this project'

/** Throws UsageError where a flag is to blame. */
async function open(
  store: Store,
  archive: Archive,
  { resume, model, agent, mode, project = '.' }: Options<'run'>,
  cwd: string,
): Promise<Session> {
  try {
    const config = mode === undefined ? undefined : { mode: readMode(mode) }
    if (!resume && looksRemote(project)) throw new UsageError(`--project: ${ONLY_EMACS}`)
    if (!resume) return await store.create({ project_path: resolve(cwd, project), model, agent, config })
    const id = await archive.idOf(resume)
    await store.resume(id)
    return await store.update(id, { ...(model && { model }), ...(agent && { agent }), ...(config && { config }) })
  } catch (error) {
    if (error instanceof AppError && error.code === 'INVALID_REQUEST')
      throw new UsageError(error.message.replace(/^project_path/, '--project'))
    throw error
  }
}

async function turn(session: Session, text: string): Promise<TurnOutcome> {
  return followed(session, (await session.turns.prompt({ text })).outcome)
}

/** The last outcome: a plan that was accepted is carried out in a turn of its own. */
async function followed(session: Session, first: Promise<TurnOutcome>): Promise<TurnOutcome> {
  let outcome = await first
  for (let next = session.turns.under_way(); next; next = session.turns.under_way()) outcome = await next
  return outcome
}

/** What works in the background reports in a turn of its own, and nobody comes back later to read it. */
async function finished(session: Session, outcome: TurnOutcome): Promise<TurnOutcome> {
  await session.turns.settled()
  const next = session.turns.under_way()
  return next ? finished(session, await followed(session, next)) : outcome
}

/** `forgive` forgets earlier interrupts: those of a turn are none of the prompt after it, nor the other way round. */
async function converse(
  session: Session,
  keyboard: Keyboard,
  history: History,
  command: (typed: string) => Promise<Answered>,
  forgive: () => void,
): Promise<TurnOutcome | null> {
  let outcome: TurnOutcome | null = null
  for (;;) {
    forgive()
    const text = await readPrompt(keyboard, history)
    if (text === null) return outcome
    history.add(text)
    if (isSlash(text)) {
      const answered = await command(text)
      if (answered === null) return outcome
      if ('outcome' in answered) outcome = await followed(session, answered.outcome)
      continue
    }
    forgive()
    outcome = await turn(session, text.trim() || TOUR)
  }
}

/** A line that ends with a backslash goes on in the next one. */
async function readPrompt(keyboard: Keyboard, history: History): Promise<string | null> {
  let text = await keyboard.askAgain('\n> ', () => history.entries)
  while (text?.endsWith('\\')) {
    const more = await keyboard.ask('… ')
    if (more === null) return null
    text = `${text.slice(0, -1)}\n${more}`
  }
  return text
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
