import { spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync, statfsSync, statSync } from 'node:fs'
import { realpath } from 'node:fs/promises'
import { dirname } from 'node:path'
import { projectConfig } from '../config/load.ts'
import { printable } from '../config/printable.ts'
import { messageOf } from '../errors.ts'
import { findExecutable } from '../tools/shell/executable.ts'
import { configure } from './configure.ts'
import { createLogger } from './logger.ts'
import type { Process } from './process.ts'
import { type Style, styleFor } from './terminal.ts'
import { createWorld } from './world.ts'

type Finding = { ok: boolean | null; what: string; remedy?: string; details?: string[] }

/** What is configured and what answers; each failure with its remedy. Exit code 1 when something needs mending. */
export async function doctor(flags: { config_file?: string }, outside: Process): Promise<number> {
  const { env, dirs, version, sweeper } = outside
  const style = styleFor(outside)
  const section = (title: string, findings: Finding[]) => {
    outside.stdout(`${style.bold(title)}\n${findings.map(finding => render(finding, style)).join('')}\n`)
    return findings.some(finding => finding.ok === false)
  }
  outside.stdout(`emacs-agent-backend ${version}, ${process.platform} ${process.arch}\n\n`)

  const loaded = await configure({ env, dirs, flags })
  const log = createLogger('error', outside.stderr)
  const world = createWorld({ env, dirs, loaded, log, version, sweeper, secrets: () => [] })
  const project = (await projectConfig(loaded, outside.cwd)).project_file
  const results = [
    section('Configuration', [
      ...Object.entries(loaded.provenance)
        .filter(([, origin]) => origin !== 'default')
        .map(([key, origin]) => ({ ok: null, what: `${key} from ${printable(origin)}` })),
      ...loaded.notices.map(notice => ({ ok: null, what: printable(notice) })),
      ...(project && project.status !== 'absent' ? [projectFinding(project)] : []),
      { ok: null, what: `state in ${printable(dirs.state)}` },
    ]),
    section('Models', await modelFindings(world)),
    section('MCP servers', await serverFindings(world, outside.cwd)),
    section('Disk', [writable(loaded.config.transcript_path), writable(dirs.state)]),
    section('Programs', await programs(env, outside.cwd)),
  ]
  await world.close()
  return results.some(Boolean) ? 1 : 0
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

/** A provider without a key is no failure: nobody needs all of them. Having none but the guide is worth a hint. */
async function modelFindings({ models }: ReturnType<typeof createWorld>): Promise<Finding[]> {
  const { default: chosen, notice } = await models.list()
  const findings: Finding[] = (await models.doctor()).map(
    ({ provider, key, usable, models: count, remedy, base_url }) => {
      const source = key ? `key from ${key.source}${key.name ? ` ${printable(key.name)}` : ''}` : 'no key'
      const details = [
        base_url && printable(base_url),
        provider !== 'offline' && source,
        count !== undefined && `${count} models`,
      ]
      return {
        ok: usable || null,
        what: `${provider}: ${details.filter(Boolean).join(', ') || 'built in'}`,
        ...(!usable && remedy && { remedy }),
      }
    },
  )
  const hint =
    chosen === 'offline/guide'
      ? 'It is no language model: set ANTHROPIC_API_KEY, or start Ollama, for a real one.'
      : notice
  return [...findings, { ok: true, what: `new sessions use ${chosen}`, remedy: hint }]
}

/** Lines of a failing server's stderr that are shown. */
const LAST_LINES = 5

async function serverFindings(world: ReturnType<typeof createWorld>, cwd: string): Promise<Finding[]> {
  const project = await realpath(cwd)
  const { mcp_servers } = await world.projectConfig(project)
  if (mcp_servers.length === 0) return [{ ok: null, what: 'none configured' }]
  const pool = await world.pool()
  await Promise.all(mcp_servers.map(({ name }) => pool?.restart(name, project).catch(() => {}))) // the status says why
  return ((await pool?.status(project)) ?? []).map(server => ({
    ok: server.status === 'failed' ? false : server.status === 'disabled' ? null : true,
    what: `${server.name}: ${server.status}${server.tool_count === null ? '' : `, ${server.tool_count} tools`}`,
    ...(server.last_error && {
      remedy: printable(server.last_error),
      details: server.stderr.slice(-LAST_LINES).map(line => `stderr: ${printable(line)}`),
    }),
  }))
}

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
