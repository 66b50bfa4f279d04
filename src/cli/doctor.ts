import { spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync, statfsSync, statSync } from 'node:fs'
import { realpath } from 'node:fs/promises'
import { dirname } from 'node:path'
import { printable } from '../base/controls.ts'
import { messageOf } from '../base/errors.ts'
import type { Config } from '../config/config.ts'
import { maskedOf } from '../config/environment.ts'
import { projectConfig } from '../config/load.ts'
import { nearest } from '../config/nearest.ts'
import { problemLine } from '../config/problem.ts'
import type { ProviderReport } from '../llm/models/listing.ts'
import type { ServerStatus } from '../mcp/status.ts'
import { createRedactor } from '../session/redact.ts'
import { findExecutable } from '../tools/shell/executable.ts'
import type { Options } from './commands.ts'
import { configure } from './configure.ts'
import { conventionFindings } from './doctor-conventions.ts'
import { languageFindings } from './doctor-languages.ts'
import { unknownAgent, unknownModels } from './doctor-names.ts'
import { createLogger } from './logger.ts'
import type { Process } from './process.ts'
import { createRuntime } from './runtime.ts'
import { type Style, styleFor } from './terminal.ts'

/** `ok` null: nothing is wrong, and nothing needs to be right. */
export type Finding = { ok: boolean | null; what: string; remedy?: string; details?: string[] }
type Found = Finding | Finding[]
type Sections = Record<string, (Found | Promise<Found>)[]>
type Doctored = ReturnType<typeof createRuntime>

/**
 * What is configured, and whether it works when it is tried; each failure with its remedy, shown as soon as it is found.
 * Exit code 1 when a check failed.
 */
export async function doctor(flags: Options<'doctor'>, outside: Process): Promise<number> {
  const { env, dirs, version, sweeper, sandbox } = outside
  const style = styleFor(outside)
  let healthy = true
  const tell = (section: string, found: Finding) => {
    const finding = redactor.value(found)
    if (finding.ok === false) healthy = false
    outside.stdout(flags.json ? `${JSON.stringify({ section, ...finding })}\n` : render(finding, style))
  }
  const say = (text: string) => !flags.json && outside.stdout(text)

  const loaded = await configure({ env, dirs, flags })
  const log = createLogger('error', outside.stderr)
  const runtime = createRuntime({ env, dirs, loaded, log, version, sweeper, sandbox, secrets: () => [] })
  const { project_file, problems } = await projectConfig(loaded, outside.cwd)
  const { config } = loaded
  const redactor = createRedactor(() => maskedOf(config))
  const sections: Sections = {
    Configuration: [
      ...Object.entries(loaded.provenance)
        .filter(([, origin]) => origin !== 'default')
        .map(([key, origin]) => ({ ok: null, what: `${key} from ${printable(origin)}` })),
      ...loaded.notices.map(notice => ({ ok: null, what: printable(notice) })),
      ...problems.map(problem => ({
        ok: false,
        what: problemLine(problem),
        remedy: 'The entry is left out until that is mended.',
      })),
      ...(project_file && project_file.status !== 'absent' ? [projectFinding(project_file)] : []),
      unknownTools(config),
      runtime.projectConfig(outside.cwd).then(unknownAgent),
      { ok: null, what: `state in ${printable(dirs.state)}` },
    ],
    Conventions: await conventionFindings(runtime, outside.cwd),
    Models: await modelFindings(runtime, config),
    'MCP servers': await serverFindings(runtime, outside.cwd),
    'Language servers': await languageFindings(runtime, outside.cwd),
    Sandbox: [await sandboxFinding(runtime, config, outside.cwd)],
    Disk: [writable(config.transcript_path), writable(dirs.state)],
    Programs: [programs(env, outside.cwd)],
  }
  say(`emacs-agent-backend ${version}, ${process.platform} ${process.arch}\n\n`)
  for (const [section, findings] of Object.entries(sections)) {
    say(`${style.bold(section)}\n`)
    for await (const found of inOrderOfTime(findings)) [found].flat().forEach(finding => void tell(section, finding))
    say('\n')
  }
  await runtime.close()
  return healthy ? 0 : 1
}

/** Each as soon as it is there. */
async function* inOrderOfTime<T>(works: (T | Promise<T>)[]): AsyncGenerator<T> {
  const waiting = new Map(
    works.map((work, index) => [index, Promise.resolve(work).then(result => ({ index, result }))]),
  )
  while (waiting.size > 0) {
    const { index, result } = await Promise.race(waiting.values())
    waiting.delete(index)
    yield result
  }
}

const MARKS = { true: '✓', false: '✗', null: '·' } as const

function render({ ok, what, remedy, details = [] }: Finding, style: Style): string {
  const mark = ok === null ? style.dim(MARKS.null) : ok ? style.green(MARKS.true) : style.red(MARKS.false)
  const lines = details.map(line => `      ${style.dim(line)}\n`).join('')
  return `  ${mark} ${what}\n${remedy ? `      ${style.yellow(remedy)}\n` : ''}${lines}`
}

const projectFinding = (file: { path: string; status: string }): Finding => ({
  ok: file.status === 'trusted' ? true : null,
  what: `${printable(file.path)} is ${file.status === 'trusted' ? 'trusted' : 'ignored: not trusted'}`,
  ...(file.status !== 'trusted' && { remedy: 'Read what it would do, and let it: emacs-agent-backend trust' }),
})

/** A provider without a key is no failure: nobody needs all of them. What is configured and does not work is one. */
async function modelFindings({ models }: Doctored, config: Config): Promise<Sections[string]> {
  const reports = await models.doctor()
  const isUsed = ({ provider, key }: ProviderReport) => key !== null || Object.hasOwn(config.providers, provider)
  const shown = reports.filter(report => isUsed(report) || USUAL.includes(report.provider))
  const others = reports.filter(report => !shown.includes(report)).map(({ provider }) => provider)
  return [
    ...shown.map(async report => providerFinding(report, config, models)),
    { ok: null, what: `known as well, without a key: ${others.join(', ')}` },
    unknownModels(config, models),
    chosenModel(models),
  ]
}

/** Shown also where nothing of them is configured. */
const USUAL = ['anthropic', 'openai', 'gemini', 'local', 'offline']

async function providerFinding(
  { provider, key, usable, models: count, remedy, base_url }: ProviderReport,
  { providers }: Config,
  models: Doctored['models'],
): Promise<Finding> {
  const entry = Object.hasOwn(providers, provider) ? providers[provider] : undefined
  const unset = entry?.key_unset && `Its api_key names variables that are not set: ${entry.key_unset.join(', ')}.`
  const wrong = [await models.checkUp(provider), key ? null : unset, entry && !usable ? remedy : null].find(Boolean)
  const source = key ? `key from ${key.source}${key.name ? ` ${printable(key.name)}` : ''}` : 'no key'
  const details = [
    base_url && printable(base_url),
    provider !== 'offline' && source,
    count !== undefined && `${count} models`,
  ]
  return {
    ok: wrong ? false : usable || null,
    what: `${provider}: ${details.filter(Boolean).join(', ') || 'built in'}`,
    ...((wrong || !usable) && { remedy: printable(wrong ?? remedy ?? '') }),
  }
}

/** Having none but the guide is worth a hint. */
async function chosenModel(models: Doctored['models']): Promise<Finding> {
  const { default: chosen, notice, models: listed } = await models.list()
  const what = `new sessions use ${printable(chosen)}`
  const info = listed.find(({ id }) => id === chosen)
  if (info && !info.usable) return { ok: false, what, remedy: info.reason, ...(notice && { details: [notice] }) }
  const hint = 'It is no language model: set ANTHROPIC_API_KEY, or start Ollama, for a real one.'
  return { ok: true, what, remedy: chosen === 'offline/guide' ? hint : notice }
}

/** Tools that rules and agents name and that do not exist. Those of MCP servers are known when the server answers. */
async function unknownTools({ rules, agents, mcp_servers }: Config): Promise<Finding[]> {
  const [{ knownTools }, { parseRule }, { lazyTools }] = await Promise.all([
    import('../tools/registry.ts'),
    import('../tools/permission/rule.ts'),
    import('../mcp/catalog/lazy.ts'),
  ])
  const known = new Set([...knownTools(), ...lazyTools(() => []).map(tool => tool.name)])
  const isKnown = (rule: string) => {
    const parsed = parseRule(rule)
    const name = parsed.kind === 'server' ? `${parsed.server}/` : parsed.tool
    return name.includes('/') ? mcp_servers.some(server => name.startsWith(`${server.name}/`)) : known.has(name)
  }
  const written = [
    ...rules.map(({ rule, origin }) => ({ rule, origin })),
    ...Object.entries(agents).flatMap(([name, { allowed_tools = [] }]) =>
      allowed_tools.map(rule => ({ rule, origin: `agents.${name}` })),
    ),
  ]
  return written
    .filter(({ rule }) => !isKnown(rule))
    .map(({ rule, origin }) => {
      const near = nearest(rule.replace(/\(.*$/s, ''), [...known])
      return {
        ok: false,
        what: `${printable(origin)}: there is no tool for the rule ${printable(JSON.stringify(rule))}`,
        remedy: near ? `Did you mean ${near}?` : 'Name a tool of GET /api/tools, or one of a configured MCP server.',
      }
    })
}
/** Lines of a failing server's stderr that are shown. */
const LAST_LINES = 5

async function serverFindings(runtime: Doctored, cwd: string): Promise<Sections[string]> {
  const project = await realpath(cwd)
  const { mcp_servers } = await runtime.projectConfig(project)
  if (mcp_servers.length === 0) return [{ ok: null, what: 'none configured' }]
  const pool = (await runtime.pool())!
  return mcp_servers.map(async ({ name }) => {
    await pool.restart(name, project).catch(() => {}) // the status says why
    const rows = await pool.status(project)
    return rows.filter(server => server.name === name).map(serverFinding)
  })
}

const serverFinding = (server: ServerStatus): Finding => ({
  ok: server.status === 'failed' ? false : server.status === 'disabled' ? null : true,
  what: `${printable(server.name)}: ${server.status}${server.tool_count === null ? '' : `, ${server.tool_count} tools`}`,
  ...(server.last_error && {
    remedy: printable(server.last_error),
    details: server.stderr.slice(-LAST_LINES).map(line => `stderr: ${printable(line)}`),
  }),
})

function writable(path: string): Finding {
  let existing = path
  while (!existsSync(existing)) existing = dirname(existing)
  try {
    if (!statSync(existing).isDirectory()) throw new Error('a file is in the way')
    accessSync(existing, constants.W_OK)
    const { bavail, bsize } = statfsSync(existing)
    const free = (bavail * bsize) / 1024 ** 2
    return free > 100
      ? { ok: true, what: `${printable(path)}: ${Math.round(free).toLocaleString('en')} MiB free` }
      : {
          ok: false,
          what: `${printable(path)}: ${Math.round(free)} MiB free`,
          remedy: 'Free some space: what cannot be written is not acknowledged.',
        }
  } catch (error) {
    return {
      ok: false,
      what: `${printable(path)} cannot be written (${messageOf(error)})`,
      remedy: `Make ${printable(existing)} writable, or set transcript_path.`,
    }
  }
}

async function programs(env: Readonly<Record<string, string | undefined>>, project: string): Promise<Finding[]> {
  const found = async (name: string, remedy: string): Promise<Finding> => {
    const path = await findExecutable(name, { PATH: env.PATH ?? '' }, project)
    if (!path) return { ok: null, what: `${name}: not found`, remedy }
    const { stdout } = spawnSync(path, ['--version'], {
      encoding: 'utf8',
      timeout: 5_000,
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    return { ok: true, what: `${name}: ${printable((stdout ?? '').split('\n')[0] ?? '')}` }
  }
  return [
    await found('emacs', 'Emacs 28.1 or newer is the front end; the terminal (`run`) works without.'),
    await found('git', 'The git tools need it.'),
    await found('rg', 'Searches are faster with ripgrep; they work without.'),
  ]
}

/** What isolates commands here, and whether that is what the configuration wants. */
async function sandboxFinding({ sandbox }: Doctored, { sandbox: config }: Config, project: string): Promise<Finding> {
  const wanted = { ...config, mode: config.mode === 'off' ? ('auto' as const) : config.mode }
  const found = await sandbox(wanted, project)
  const state = found.launcher ? `${found.launcher.by} works here` : 'none works here'
  if (config.mode === 'off')
    return {
      ok: null,
      what: `off: commands are not isolated (${state})`,
      details: found.launcher ? [] : [found.reason],
    }
  if (!found.launcher)
    return {
      ok: false,
      what: `mode = "${config.mode}", and ${state}: commands ${config.mode === 'required' ? 'do not run' : 'are not isolated'}`,
      remedy: found.reason,
    }
  const { boundsOf } = await import('../tools/sandbox/limit.ts')
  const unasked = config.auto_approve_sandboxed ? ', and do not ask' : ''
  return {
    ok: true,
    what: `${found.launcher.by} isolates commands and MCP servers: ${printable(boundsOf({ by: found.launcher.by, ...config }))}${unasked}`,
  }
}
