import { AppError } from '../../base/errors.ts'
import { nearest } from '../../config/nearest.ts'
import { type ConfigProblem, problemLine } from '../../config/problem.ts'
import { expand, type Segment, splitArguments } from '../../conventions/expansion.ts'
import { referencesIn } from '../../conventions/references.ts'
import type { AgentState, Attachment } from '../../event.ts'
import type { Ask } from '../../tools/tool.ts'
import type { Runtime } from '../runtime.ts'
import type { Session } from '../session.ts'
import type { Store } from '../store.ts'
import type { PromptRequest, Taken } from '../turns.ts'
import type { Done } from './built-in.ts'
import { type Command, type Commands, findAllCommands } from './list.ts'

export type CommandRequest = Omit<PromptRequest, 'text' | 'command' | 'segments' | 'model'> & {
  command: { name: string; arguments?: string }
}
/** Of a command that is no prompt: it is done by now. */
export type Finished = Done & { status: 'done'; agent_state: AgentState }

/**
 * Runs a command: a built-in one does what it does, every other one becomes a prompt. Throws NOT_FOUND with what is near, and
 * what the prompt or the command throws.
 */
export async function invoke(
  store: Store,
  runtime: Runtime,
  id: string,
  request: CommandRequest,
): Promise<Taken | Finished> {
  const session = await store.get(id)
  const key = request.prompt_id
  const done = key === undefined ? undefined : finishedOf(session).get(key)
  if (done) return done
  const running = run(store, runtime, session, request)
  if (key === undefined) return running
  remember(session, key, running)
  // What failed may be sent again.
  await running.catch(() => finishedOf(session).delete(key))
  return running
}

const MOST_REMEMBERED = 100

function remember(session: Session, key: string, running: Promise<Taken | Finished>) {
  const kept = finishedOf(session)
  kept.set(key, running)
  const [oldest] = kept.keys()
  if (kept.size > MOST_REMEMBERED) kept.delete(oldest!)
}

const finished = new WeakMap<Session, Map<string, Promise<Taken | Finished>>>()
function finishedOf(session: Session) {
  const kept = finished.get(session) ?? new Map<string, Promise<Taken | Finished>>()
  finished.set(session, kept)
  return kept
}

async function run(
  store: Store,
  runtime: Runtime,
  session: Session,
  { command, ...request }: CommandRequest,
): Promise<Taken | Finished> {
  const all = (servers: boolean) => findAllCommands(runtime, session.state.project_path, { servers })
  // Servers are asked last: most commands are none of theirs.
  const { row, source } = exactly(await all(false), command.name) ?? look(await all(true), command.name)
  const given = command.arguments ?? ''
  if (source.kind === 'action') {
    const commands = async () => (await all(true)).commands.map(({ row }) => row)
    const did = await source.action.run({ store, runtime, session, given: given.trim(), commands })
    return 'outcome' in did ? did : { status: 'done', agent_state: session.agent_state.state, ...did }
  }
  const called = { name: row.name, ...(given !== '' && { arguments: given }) }
  if (source.kind === 'skill') {
    const { skill } = source
    const [{ openSkill }, { skillText }] = await Promise.all([
      import('../../conventions/skills.ts'),
      import('../../conventions/skill-tool.ts'),
    ])
    const opened = await openSkill(skill)
    if (!opened) throw new AppError('NOT_FOUND', `The skill ${skill.name} cannot be read any more.`)
    const text = `${skillText(skill, opened)}\n\n${given.trim() || 'Use this skill now.'}`
    const { allowed_tools } = skill
    return store.prompt(session.id, {
      ...request,
      text,
      command: { ...called, ...(allowed_tools && { allowed_tools }) },
    })
  }
  if (source.kind === 'mcp') {
    const context = {
      session_id: session.id,
      signal: AbortSignal.timeout(LONGEST_PROMPT_MS),
      progress: () => {},
      ask: ((question, elsewhere) => session.questions.ask(question, context.signal, elsewhere)) as Ask,
    }
    const asked = { server: source.server, prompt: source.prompt.name, words: splitArguments(given) }
    const { text, images } = await (await runtime.pool())!.prompt(session.place.project, asked, context)
    const attachments = [...(request.attachments ?? []), ...images]
    return store.prompt(session.id, {
      ...request,
      text,
      ...(attachments.length > 0 && { attachments }),
      command: called,
    })
  }
  const segments = expand(source.command.body, given)
  const own = source.kind === 'markdown' ? source.command : undefined
  if (own?.ignored_model) notice(session, own.ignored_model)
  const attachments = [...(request.attachments ?? []), ...(await attachedBy(segments, session))]
  return store.prompt(session.id, {
    ...request,
    ...(attachments.length > 0 && { attachments }),
    ...(own?.agent && { agent: request.agent ?? own.agent }),
    ...(own?.model && { model: (await runtime.models.resolve(own.model)).id }),
    command: called,
    ...(segments.some(({ kind }) => kind === 'shell')
      ? { text: `/${row.name} ${given}`.trim(), segments }
      : {
          text: segments
            .map(segment => (segment.kind === 'text' ? segment.text : ''))
            .join('')
            .trim(),
        }),
  })
}

function notice(session: Session, problem: ConfigProblem): void {
  const { file: path, line } = problem
  session.append({ type: 'notice', code: 'MODEL_IGNORED', message: `${problemLine(problem)}.`, path, line })
}

const plain = (written: string) => written.trim().replace(/^\//, '')
const holding = ({ commands }: Commands) => commands.filter(({ row }) => row.problem === undefined)

const exactly = (all: Commands, written: string): Command | undefined =>
  holding(all).find(({ row }) => row.name === plain(written))

/** The command of that name. Of `a:b`, the last part is enough where no other command has it. Throws NOT_FOUND. */
function look(all: Commands, written: string): Command {
  const exact = exactly(all, written)
  if (exact) return exact
  const { problems } = all
  const name = plain(written)
  const known = holding(all)
  const ending = known.filter(({ row }) => row.name.endsWith(`:${name}`))
  if (ending.length === 1) return ending[0]!
  const broken = problems.find(
    ({ file }) => file.endsWith(`/${name.replaceAll(':', '/')}.md`) || file.endsWith(`/${name}/SKILL.md`),
  )
  const near = nearest(
    name,
    known.map(({ row }) => row.name),
  )
  const hint = near ? ` (did you mean "/${near}"?)` : ''
  const why = broken ? ` ${problemLine(broken)}, so it is left out.` : ''
  throw new AppError(
    'NOT_FOUND',
    `There is no such command${hint}.${why} /help lists them.`,
    near ? { near: [near] } : {},
  )
}

/** Its server may ask the person something first. */
const LONGEST_PROMPT_MS = 10 * 60_000
const MOST_FILES = 20

/** The files of the project that the text names as `@file`; what is closed to tools stays a word. */
async function attachedBy(segments: readonly Segment[], session: Session): Promise<Attachment[]> {
  const { roots } = session.place
  const named = segments.flatMap(segment => (segment.kind === 'text' ? referencesIn(segment.text) : []))
  if (named.length === 0) return []
  const [{ locate, relative }, { hostOf }] = await Promise.all([
    import('../../tools/paths.ts'),
    import('../../tools/host/local.ts'),
  ])
  const { files } = hostOf(roots)
  const isHidden = await session.hidden()
  const found = new Set<string>()
  for (const { written } of named) {
    const path = await locate(written, roots).catch(() => null) // outside, or no path at all
    const info = path === null ? null : await files.stat(path).catch(() => null)
    if (path !== null && info?.isFile() && !isHidden(path)) found.add(relative(path, roots))
  }
  return [...found].slice(0, MOST_FILES).map(path => ({ path }))
}
