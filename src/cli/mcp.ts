import { realpathSync } from 'node:fs'
import { resolve } from 'node:path'
import { childEnv, secretsOf } from '../config/environment.ts'
import { projectConfig } from '../config/load.ts'
import { AppError, UsageError } from '../errors.ts'
import { type ServedCall, serveTools } from '../mcp/serve.ts'
import { limitOutput } from '../tools/output.ts'
import type { Policy } from '../tools/policy.ts'
import type { Effect, Jobs, Tool, ToolContext } from '../tools/tool.ts'
import type { Allowance, Command } from './args.ts'
import type { Process } from './process.ts'
import { configure, createLogger } from './world.ts'

type Options = Extract<Command, { command: 'mcp' }>

/** Serves the built-in tools over stdin and stdout until stdin ends. Nobody can be asked, so what would ask needs `--allow`. */
export async function mcp(options: Options, outside: Process): Promise<number> {
  const { env, dirs, version } = outside
  const loaded = await configure({ env, dirs, flags: options })
  const log = createLogger(loaded.config.log_level, outside.stderr)
  const project = projectDirectory(resolve(outside.cwd, options.project ?? '.'))
  const { config, notices } = await projectConfig(loaded, project)
  for (const notice of notices) log('warn', notice)
  const [{ builtinTools }, { decide }, { killJobs }] = await Promise.all([
    import('../tools/registry.ts'),
    import('../tools/policy.ts'),
    import('../tools/job.ts'),
  ])
  const jobs: Jobs = new Map()
  const seen = new Map<string, string>()
  const policy: Policy = {
    rules: config.rules.map((rule, i) => ({ rule_id: `config_${i}`, ...rule })),
    agent: { name: 'mcp', read_only: !options.allow.includes('write') && !options.allow.includes('shell') },
    project,
    auto_approve_readonly: true,
    auto_approve_tools: [],
    unsaved: () => false,
  }
  const contextOf = ({ id, signal, progress }: ServedCall): ToolContext => ({
    session_id: 'mcp',
    tool_call_id: `tc_${id}`,
    roots: {
      project,
      allowed: config.allowed_directories,
      forbidden: [dirs.config, dirs.state, config.transcript_path],
    },
    unsaved: new Map(),
    seen,
    env: childEnv(env, { configuredKeys: secretsOf(config) }),
    signal,
    progress,
    spillPath: () => null,
    jobs,
    toon: config.toon,
  })

  await serveTools(
    {
      tools: builtinTools.filter(tool => mayServe(tool, options.allow)),
      version,
      async run(tool, raw, call) {
        const context = contextOf(call)
        const params = tool.parse(raw)
        const effect = await tool.effect(params, context)
        const { decision, reason } = decide(
          { tool: tool.name, category: tool.category, params, effect, level: effect.level },
          policy,
        )
        if (decision === 'deny') throw new AppError('PERMISSION_DENIED', reason)
        if (decision === 'ask') checkAllowed(tool, effect, options.allow)
        const output = await tool.run(params, context, effect)
        return { ...output, content: await limitOutput(output.content, context.tool_call_id, null) }
      },
    },
    outside.stdin,
    outside.stdout,
  )
  await killJobs(jobs)
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
const mayServe = (tool: Tool, allow: Allowance[]): boolean =>
  tool.category === 'shell' ? allow.includes('shell') : tool.level === 'read' || allow.includes('write')

function checkAllowed(tool: Tool, effect: Effect, allow: Allowance[]): void {
  const needed = tool.category === 'shell' ? 'shell' : effect.level === 'read' ? null : 'write'
  if (needed === null || !allow.includes(needed))
    throw new AppError(
      'PERMISSION_DENIED',
      needed === null
        ? 'This call needs a person to approve it, and there is none here. An allow rule in emacs-agent.toml would do.'
        : `This call changes something. Start the server with --allow ${needed} to permit that.`,
    )
}
