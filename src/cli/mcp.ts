import { realpathSync } from 'node:fs'
import { resolve } from 'node:path'
import { createChildren } from '../base/children.ts'
import { AppError, UsageError } from '../base/errors.ts'
import { childrenDir } from '../config/dirs.ts'
import { childEnv, secretsOf } from '../config/environment.ts'
import { projectConfig } from '../config/load.ts'
import { ownFiles } from '../config/own-files.ts'
import { leftOut } from '../config/problem.ts'
import { type ServedCall, serveTools } from '../mcp/serve.ts'
import { createSandboxes } from '../session/sandbox.ts'
import { limitOutput } from '../tools/output.ts'
import type { Policy, Verdict } from '../tools/permission/policy.ts'
import type { Jobs, Tool, ToolContext } from '../tools/tool.ts'
import type { Options } from './commands.ts'
import { configure } from './configure.ts'
import { isolationHere } from './isolation.ts'
import { createLogger } from './logger.ts'
import type { Allowance } from './operands.ts'
import type { Process } from './process.ts'

/** Serves the built-in tools over stdin and stdout until stdin ends. Nobody can be asked, so what would ask needs `--allow`. */
export async function mcp(options: Options<'mcp'>, outside: Process): Promise<number> {
  const { env, dirs, version } = outside
  const loaded = await configure({ env, dirs, flags: options })
  const log = createLogger(loaded.config.log_level, outside.stderr)
  const project = projectDirectory(resolve(outside.cwd, options.project ?? '.'))
  const { config, notices, problems } = await projectConfig(loaded, project)
  for (const notice of [...notices, ...problems.map(leftOut)]) log('warn', notice)
  const [{ builtinTools }, { decide }, { hides }, { killJobs }] = await Promise.all([
    import('../tools/registry.ts'),
    import('../tools/permission/policy.ts'),
    import('../tools/permission/hidden.ts'),
    import('../tools/shell/job.ts'),
  ])
  const children = createChildren(childrenDir(dirs.state), outside.sweeper)
  const jobs: Jobs = new Map()
  const seen = new Map<string, string>()
  const formatting = { formatters: config.format, trusted: config.project_trusted, done: new Map() }
  const roots = {
    project,
    allowed: config.allowed_directories,
    forbidden: ownFiles(dirs, config.transcript_path, loaded.base.user?.path),
  }
  const policy: Policy = {
    rules: config.rules.map((rule, i) => ({ rule_id: `config_${i}`, ...rule })),
    agent: { name: 'mcp', read_only: !options.allow.includes('write') && !options.allow.includes('shell') },
    project,
    auto_approve_readonly: true,
    auto_approve_tools: [],
    unsaved: () => false,
    roots,
    home: dirs.home,
  }
  const childrenEnv = childEnv(env, { secrets: secretsOf(config) })
  const sandboxed = isolationHere({ children, env: () => childrenEnv, dirs, self: outside.sandbox })
  const sandboxes = createSandboxes({ home: dirs.home, available: config => sandboxed(config, project) })
  const contextOf = ({ id, signal, progress }: ServedCall): ToolContext => ({
    session_id: 'mcp',
    tool_call_id: `tc_${id}`,
    roots,
    hidden: hides(policy),
    unsaved: new Map(),
    seen,
    children,
    env: childrenEnv,
    sandbox: sandboxes.of(config.sandbox, roots, hides(policy)),
    signal,
    progress,
    spillPath: () => null,
    jobs,
    formatting,
    toon: config.toon,
  })

  // Some clients end their servers by a signal: then, too, nothing of what was started stays behind.
  void outside.untilStopped({ signals: ['SIGTERM', 'SIGHUP', 'SIGINT'] }).then(() => outside.stdin.destroy())
  await serveTools(
    {
      tools: builtinTools.filter(tool => mayServe(tool, options.allow)),
      version,
      async run(tool, raw, call) {
        const context = contextOf(call)
        const params = tool.parse(raw)
        const effect = await tool.effect(params, context)
        const verdict = decide(
          { tool: tool.name, category: tool.category, params, effect, level: effect.level },
          policy,
        )
        if (effect.leaves_sandbox) throw new AppError('PERMISSION_DENIED', 'Nothing leaves the sandbox over MCP.')
        if (verdict.decision !== 'allow') check(tool, verdict, options.allow)
        const output = await tool.run(params, context, effect)
        return { ...output, content: await limitOutput(output.content, context.tool_call_id, null) }
      },
    },
    outside.stdin,
    outside.stdout,
  )
  await killJobs(jobs)
  await sandboxes.close()
  await children.close()
  return 0
}

function projectDirectory(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    throw new UsageError('The project directory does not exist. Give an existing one with --project.')
  }
}

/** Tools that could never run are not shown. */
/** Whoever calls over MCP has a person of their own to ask. */
const mayServe = (tool: Tool, allow: Allowance[]): boolean =>
  tool.category !== 'person' &&
  (tool.category === 'shell' ? allow.includes('shell') : tool.level === 'read' || allow.includes('write'))

/** Warnings that the kind of tool brings along: `--allow` is given with them in mind. Any other wants a person. */
const EXPECTED = [undefined, 'irreversible', 'shell_command', 'sends_data', 'leaves_project']

function check(tool: Tool, { decision, by, danger, reason }: Verdict, allow: Allowance[]): void {
  if (decision === 'deny') throw new AppError('PERMISSION_DENIED', reason)
  const needed = tool.category === 'shell' ? 'shell' : 'write'
  if (by === 'rule' || !EXPECTED.includes(danger))
    throw new AppError('PERMISSION_DENIED', `${reason} There is no person here to ask.`)
  if (!allow.includes(needed))
    throw new AppError(
      'PERMISSION_DENIED',
      `This call changes something: start the server with --allow ${needed} for that.`,
    )
}
