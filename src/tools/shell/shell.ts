import * as v from 'valibot'
import { escapeInvisible } from '../../base/controls.ts'
import { AppError } from '../../base/errors.ts'
import { defineTool } from '../define.ts'
import { absent, hostOf } from '../host/local.ts'
import { locate } from '../paths.ts'
import { leadsOf } from '../permission/leads.ts'
import type { Look } from '../sandbox/confinement.ts'
import { boundsOf, limitedNote, mayBeLimited } from '../sandbox/limit.ts'
import type { Effect, Job, Tool, ToolContext } from '../tool.ts'
import { excerpt } from './capture.ts'
import { variable } from './executable.ts'
import { startJob } from './job.ts'
import { createLiveOutput } from './live.ts'
import { exitCodeOf, run } from './process.ts'
import { plain } from './terminal.ts'

const TIMEOUT_SECONDS = 120
const MAX_TIMEOUT_SECONDS = 3600
const MAX_JOBS = 16
/** How long shell_output waits for a job that has nothing to say: less often asked is less paid for. */
const PATIENCE_MS = 2000

/** The line as it will be run, and where. */
async function lineEffect(
  level: Effect['level'],
  verb: string,
  { command, cwd, outside_sandbox }: LineParams,
  context: ToolContext,
): Promise<Effect & { cwd: string }> {
  if (command.trim() === '') throw new AppError('INVALID_PARAMS', 'The command is empty.')
  if (command.includes('\0')) throw new AppError('INVALID_PARAMS', 'A command cannot contain a NUL byte.')
  const directory = cwd === undefined ? context.roots.project : await locate(cwd, context.roots)
  const host = hostOf(context.roots)
  const found = await host.files.stat(directory).catch(absent) // said below
  if (!found?.isDirectory()) throw new AppError('TOOL_FAILED', '`cwd` is not an existing directory.')
  const look = await context.sandbox?.look()
  const leaves = look?.isolation != null && outside_sandbox === true
  return {
    level,
    reason: `${verb} \`${shown(command)}\`${look ? placeOf(look, leaves) : host.machine ? ` on ${host.machine}` : ''}`,
    reads: [],
    writes: [],
    command,
    cwd: directory,
    leads: await leadsOf(command, directory, host.home(context.env), context.roots),
    ...(look?.isolation && !leaves && { sandbox: look.isolation }),
    ...(leaves && { leaves_sandbox: true }),
  }
}

const placeOf = (look: Look, leaves: boolean): string =>
  leaves
    ? ', outside of the sandbox'
    : look.isolation
      ? ` in the sandbox (${boundsOf(look.isolation)})`
      : `, not isolated: ${look.reason.replace(/\.$/, '')}`

/** The line for the person who decides: both ends of one that is too long to be read; the call's `params` have the whole. */
function shown(command: string): string {
  if (command.length <= LONGEST_SHOWN) return escapeInvisible(command)
  const [start, end] = [command.slice(0, LONGEST_SHOWN / 2), command.slice(-LONGEST_SHOWN / 2)].map(part =>
    escapeInvisible(part.toWellFormed()),
  )
  return `${start} [… ${command.length - LONGEST_SHOWN} characters …] ${end}`
}
const LONGEST_SHOWN = 4000

/**
 * The argument vector for a shell line: bash where there is one, since that is what models write, else sh; never the user's
 * `$SHELL`. The first shell only makes one pipe of both outputs, so that they come in the order they were written.
 */
async function shellFor(line: string, context: ToolContext): Promise<Shell> {
  if (process.platform === 'win32') {
    if (line.length > LONGEST_LINE_OF_CMD) throw new AppError('INVALID_PARAMS', TOO_LONG_FOR_CMD)
    const shell = `${variable(context.env, 'SystemRoot') ?? 'C:\\Windows'}\\System32\\cmd.exe`
    return { command: [shell, '/d', '/s', '/c', `"${line}"`], verbatim: true }
  }
  const { env, roots } = context
  const shell = (await hostOf(roots).find('bash', env, roots.project)) ?? '/bin/sh'
  const run = (script: string) => ['/bin/sh', '-c', 'exec "$0" -c "$1" 2>&1', shell, script]
  if (Buffer.byteLength(line) <= LONGEST_ARGUMENT) return { command: run(line) }
  // The line is read before stdin is turned away from it: what the line starts finds an empty one, as always.
  return { command: run('eval "$(cat)" </dev/null'), stdin: line }
}

/** The same inside of the sandbox, where the call has one. */
async function confined(shell: Shell, context: ToolContext, { cwd, sandbox }: Effect): Promise<Shell & { env: Env }> {
  const env = shellEnv(context)
  return sandbox ? { ...shell, ...(await context.sandbox!.confine(shell.command, cwd!, env)) } : { ...shell, env }
}

type Env = Record<string, string>
type Shell = { command: string[]; verbatim?: boolean; stdin?: string }
/** Linux takes no argument of 128 KiB or more (MAX_ARG_STRLEN, execve(2)). */
const LONGEST_ARGUMENT = 100_000
const LONGEST_LINE_OF_CMD = 8000
const TOO_LONG_FOR_CMD =
  'cmd.exe takes no line of over 8,000 characters. Write it into a .cmd file with write_file, and run that file.'

/** Nothing may wait for a terminal that is not there. */
const shellEnv = (context: ToolContext): Record<string, string> => ({
  ...context.env,
  TERM: 'dumb',
  NO_COLOR: '1',
  PAGER: 'cat',
  GIT_PAGER: 'cat',
  GIT_TERMINAL_PROMPT: '0',
})

const line = {
  command: v.string(),
  cwd: v.optional(v.string()),
  outside_sandbox: v.optional(
    v.pipe(v.boolean(), v.description('Only after the sandbox made it fail: asks the user to run it outside')),
  ),
}
type LineParams = { command: string; cwd?: string; outside_sandbox?: boolean }

const confinedExec = defineTool({
  name: 'shell_exec',
  category: 'shell',
  description: 'Run a shell command to its end',
  level: 'dangerous',
  takes: 'line',
  params: v.object({ ...line, timeout_seconds: v.optional(v.number()) }),
  effect: (params, context) => lineEffect('dangerous', 'Run', params, context),
  async run(params, context, effect) {
    const seconds = Math.min(Math.max(params.timeout_seconds ?? TIMEOUT_SECONDS, 1), MAX_TIMEOUT_SECONDS)
    const live = createLiveOutput(context)
    const shell = await confined(await shellFor(params.command, context), context, effect)
    const options = {
      cwd: effect.cwd!,
      env: shell.env,
      signal: context.signal,
      timeout_ms: seconds * 1000,
      merge: true,
      children: context.children,
      verbatim: shell.verbatim,
      stdin: shell.stdin,
      spill: context.spillPath(context.tool_call_id),
      redactor: context.redactor,
      onLive: live.add,
    }
    const result = await run(shell.command, options, hostOf(context.roots).start).finally(live.end)
    const exit_code = exitCodeOf(result)
    const limited = effect.sandbox !== undefined && !result.timed_out && mayBeLimited(exit_code, result.stdout)
    const notes = [
      result.timed_out && `[timed out after ${seconds} s and was ended; shell_background has no limit]`,
      !result.timed_out && exit_code !== 0 && `[exit status ${exit_code}]`,
      limited && limitedNote(effect.sandbox!),
      result.leftovers && '[processes left in the background were ended; use shell_background for those]',
    ].filter(note => note !== false)
    const output = excerpt(plain(result.stdout), result, context.tool_call_id).trimEnd()
    return {
      content: [output || (notes.length === 0 ? '(no output)' : ''), ...notes].filter(part => part !== '').join('\n'),
      metadata: {
        exit_code: result.timed_out ? null : exit_code,
        output_chars: output.length,
        ...(result.signal !== null && { signal: result.signal }),
        ...(effect.sandbox && { sandbox: { ...effect.sandbox, ...(limited && { limited }) } }),
        ...(result.timed_out && { timed_out: true }),
        ...(result.dropped > 0 && { dropped_bytes: result.dropped }),
      },
    }
  },
})

const confinedBackground = defineTool({
  name: 'shell_background',
  category: 'shell',
  description: 'Start a command that keeps running; returns job_id',
  level: 'write',
  takes: 'line',
  params: v.object(line),
  effect: (params, context) => lineEffect('write', 'Start in the background', params, context),
  async run({ command }, context, effect) {
    makeRoom(context)
    const shell = await confined(await shellFor(command, context), context, effect)
    const options = {
      cwd: effect.cwd!,
      env: shell.env,
      children: context.children,
      verbatim: shell.verbatim,
      stdin: shell.stdin,
      redactor: context.redactor,
    }
    const job = await startJob(shell.command, command, options, hostOf(context.roots).start)
    context.jobs.set(job.job_id, job)
    const metadata = { job_id: job.job_id, pid: job.pid, ...(effect.sandbox && { sandbox: effect.sandbox }) }
    return { content: `Started ${job.job_id}.`, metadata }
  },
})

/** Jobs that ended make place for new ones, the oldest first. Throws TOOL_FAILED when all still run. */
function makeRoom({ jobs }: ToolContext): void {
  const ended = [...jobs.values()].filter(job => job.exit_code !== null)
  while (jobs.size >= MAX_JOBS) {
    const oldest = ended.shift()
    if (!oldest) throw new AppError('TOOL_FAILED', `${MAX_JOBS} background jobs are running. End one with shell_kill.`)
    jobs.delete(oldest.job_id)
  }
}

const jobParams = v.object({ job_id: v.string() })

export const shellOutput = defineTool({
  name: 'shell_output',
  category: 'shell',
  description: 'New output of a background job, and whether it ended',
  level: 'read',
  params: jobParams,
  effect: async ({ job_id }, context) => jobEffect('Read the output of', jobOf(job_id, context)),
  async run({ job_id }, context) {
    const job = jobOf(job_id, context)
    await job.news?.(PATIENCE_MS, context.signal)
    return report(job)
  },
})

/** Needs no approval: the approval of the job covers it. */
export const shellKill = defineTool({
  name: 'shell_kill',
  category: 'shell',
  description: 'End a background job',
  level: 'read',
  params: jobParams,
  effect: async ({ job_id }, context) => jobEffect('End', jobOf(job_id, context)),
  async run({ job_id }, context) {
    const job = jobOf(job_id, context)
    await job.kill()
    return report(job)
  },
})

function report(job: Job) {
  const { output, dropped } = job.read()
  const lost = dropped > 0 ? `[${dropped} earlier bytes left out]\n` : ''
  const state = job.exit_code === null ? '[running]' : `[ended with exit status ${job.exit_code}]`
  const text = plain(output).trimEnd()
  return {
    content: `${lost}${text}${text === '' ? '' : '\n'}${state}`,
    metadata: { job_id: job.job_id, running: job.exit_code === null, exit_code: job.exit_code },
  }
}

const jobEffect = (verb: string, job: Job): Effect => ({
  level: 'read',
  reason: `${verb} the background job \`${shown(job.command)}\``,
  reads: [],
  writes: [],
})

function jobOf(job_id: string, { jobs }: ToolContext): Job {
  const job = jobs.get(job_id)
  if (job) return job
  throw new AppError('INVALID_PARAMS', `There is no such job. The jobs are: ${[...jobs.keys()].join(', ') || 'none'}.`)
}

/** Without a sandbox the parameter would only lengthen each request. */
function unconfined<T extends Tool>(tool: T): T {
  const { outside_sandbox: _, ...properties } = tool.parameters.properties as Record<string, unknown>
  return { ...tool, parameters: { ...tool.parameters, properties } }
}

export const shellExec = unconfined(confinedExec)
export const shellBackground = unconfined(confinedBackground)
export const shellTools: Tool[] = [shellExec, shellBackground, shellOutput, shellKill]

/** In their place where there is a sandbox. */
export const confinedTools: Tool[] = [confinedExec, confinedBackground]
