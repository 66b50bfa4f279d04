import { promises } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { printable } from '../base/controls.ts'
import { AppError, UsageError } from '../base/errors.ts'
import { readRegular } from '../base/files.ts'
import { withRemedy } from '../base/remedy.ts'
import type { LoadValidateRule } from './check.ts'
import type { Config, Dirs } from './config.ts'
import { describeFile } from './describe.ts'
import type { Env } from './dirs.ts'
import { fileLayer } from './entries.ts'
import { expandHome } from './expand.ts'
import { LARGEST_FILE, type ParsedFile, parseFile } from './file.ts'
import { type Layer, mergeLayers } from './layers.ts'
import { envLayer, type Flags, flagLayer, strayVariables } from './overrides.ts'
import { type ConfigProblem, problemLines } from './problem.ts'
import { defaultConfig } from './settings.ts'
import { type ProjectRead, readProjectFiles, type TrustStatus, trustStatus } from './trust.ts'

/** Not imported from node:fs/promises, which takes the start a millisecond more. */
const { stat } = promises

/*
 * Configuration, layer by layer; per key the first that has it wins:
 *   1. flags of the command line (`overrides`)
 *   2. environment variables (`overrides`)
 *   3. the project's emacs-agent.toml, once its owner trusts it (`trust`), and only what a project may set
 *   4. the user's emacs-agent.toml, or the file of `--config`
 *   5. defaults (`settings`)
 * `file` reads one TOML file by the schemas of `schema`; `sift` leaves out broken entries, each reported with its line
 * (`locate`, `problem`); `expand` fills in `~` and `${ENV}`; `environment` says what of the environment children get.
 */

export type LoadOptions = {
  env: Env
  dirs: Dirs
  /** As `cli/args.ts` gives them; other members are ignored. `config_file` takes the place of the user's file. */
  flags?: Flags
  /** A project whose `emacs-agent.toml` counts, if trusted. */
  project?: string
  validateRule?: LoadValidateRule
}

type ProjectFile = {
  path: string
  status: 'absent' | TrustStatus
  hash: string | null
  /** What it would do, a line each (see `describe.ts`). */
  summary: string[]
}

export type LoadedConfig = {
  config: Config
  /** For each key and entry (`port`, `providers.local`): `--port`, `EMACS_AGENT_PORT`, `/home/u/…/emacs-agent.toml:3`, `default`. */
  provenance: Record<string, string>
  project_file: ProjectFile | null
  /** What was ignored, and why: for the log and `doctor`. */
  notices: string[]
  /** Entries that are left out of the user's file, and of the project's. */
  problems: ConfigProblem[]
  /** What `projectConfig` needs again. Holds the environment: not for showing. */
  base: Base
}

type Base = { options: LoadOptions; overrides: Layer[]; user: FoundFile | null }
type FoundFile = { path: string; layer: Layer; left_out: ConfigProblem[] }

/**
 * The configuration in force. Per key, the first layer that has it wins: flags, EMACS_AGENT_<KEY>, the project's file if
 * trusted, the user's file, defaults; an entry comes whole from one layer, permission lists add up. Keys in the usual
 * variables (ANTHROPIC_API_KEY …) are no part of it: the models find them. Without files, neither
 * a TOML parser nor a validator is loaded. Throws UsageError for a mistake in a variable or the user's file, and AppError
 * for one in a trusted project's file or in `trust.json`.
 */
export async function loadConfig(options: LoadOptions): Promise<LoadedConfig> {
  const { env, dirs, flags = {} } = options
  const notices = strayVariables(env)
  const overrides = [flagLayer(flags), envLayer(env, dirs.home)]
  const user = await userFile(options, notices)
  const loaded = await assemble({ options, overrides, user }, options.project)
  return { ...loaded, notices: [...notices, ...loaded.notices] }
}

/** The same for another project: only its layer differs, nothing else is read again. Its notices are the project's alone. */
export const projectConfig = (loaded: LoadedConfig, project: string): Promise<LoadedConfig> =>
  assemble(loaded.base, project)

async function assemble(base: Base, project: string | undefined): Promise<LoadedConfig> {
  const found = project === undefined ? null : await projectFiles(base, project)
  const { own, servers } = found?.layers ?? {}
  const layers = [...base.overrides, own, base.user?.layer, servers].filter(layer => layer != null)
  const merged = mergeLayers(layers, defaultConfig(base.options.dirs))
  const problems = [...(base.user?.left_out ?? []), ...(found?.left_out ?? [])]
  merged.config.project_trusted = found?.file.status === 'trusted'
  return { ...merged, project_file: found?.file ?? null, notices: found?.notices ?? [], problems, base }
}

async function userFile(options: LoadOptions, notices: string[]): Promise<FoundFile | null> {
  const { env, dirs, flags = {}, validateRule } = options
  const path =
    flags.config_file === undefined
      ? join(dirs.config, 'emacs-agent.toml')
      : resolve(expandHome(flags.config_file, dirs.home))
  const bytes = await readUserFile(path, flags.config_file === undefined)
  if (bytes === null) return null
  const file = await parseFile(bytes, path, { from_project: false, validateRule })
  const { layer, problems } = fileLayer(file, { env, home: dirs.home, base: dirname(path) })
  const all = [...file.problems, ...problems]
  if (all.length > 0) throw new UsageError(problemLines(all))
  const holdsKey = Object.values(file.data.providers ?? {}).some(({ api_key }) => api_key && !api_key.includes('${'))
  if (holdsKey && (await isOpenToOthers(path)))
    notices.push(`${path} holds a key and others may read it: chmod 600 it.`)
  return { path, layer, left_out: file.left_out }
}

async function readUserFile(path: string, optional: boolean): Promise<Uint8Array | null> {
  try {
    return await readRegular(path, LARGEST_FILE)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === undefined) throw error
    if (optional && (code === 'ENOENT' || code === 'ENOTDIR')) return null
    if (code === 'EFBIG') throw new UsageError(`${path} is larger than 1 MiB: that is no configuration.`)
    throw new UsageError(withRemedy(`Cannot read the configuration ${path} (${code}).`, error))
  }
}

/** Windows has no such bits. */
const isOpenToOthers = async (path: string) => process.platform !== 'win32' && ((await stat(path)).mode & 0o077) !== 0

type FoundProject = {
  file: ProjectFile
  /** Its own file, and below all other files the servers that it keeps for other clients. */
  layers?: { own?: Layer; servers?: Layer }
  left_out?: ConfigProblem[]
  notices: string[]
}

async function projectFiles({ options, user }: Base, project: string): Promise<FoundProject> {
  const { env, dirs } = options
  const { own, servers, trusted } = await readProjectFiles(project)
  // Started in the directory of the user's own file: it is not a project's.
  if (own.path === user?.path) return absent(own.path)
  const found = [own, servers].filter(({ kind }) => kind !== 'absent')
  if (found.length === 0) return absent(own.path)
  const refusals = found.flatMap(read =>
    read.kind === 'refused' ? [`${printable(read.path)} is ignored: ${read.reason}.`] : [],
  )
  const { path } = found[0]!
  if (!trusted) return { file: { path, status: 'untrusted', hash: null, summary: refusals }, notices: refusals }

  const status = await trustStatus(dirs.state, trusted)
  const parsed = await parseProjectFiles(own, servers, options.validateRule)
  const summary = [...parsed.flatMap(describeFile), ...refusals]
  const file: ProjectFile = { path, status, hash: trusted.hash, summary }
  if (status !== 'trusted') {
    const which = parsed.map(({ path }) => printable(path)).join(' and ')
    const changed = status === 'changed'
    const [why, so] =
      parsed.length > 1
        ? [changed ? 'have changed since they were trusted' : 'are not trusted', 'they are']
        : [changed ? 'has changed since it was trusted' : 'is not trusted', 'it is']
    const notice = `${which} ${why}, so ${so} ignored: emacs-agent-backend trust ${printable(trusted.project)}`
    return { file, notices: [notice, ...refusals] }
  }
  const layers = parsed.map(one => ({ ...fileLayer(one, { env, home: dirs.home, base: trusted.project }), of: one }))
  const all = layers.flatMap(({ of, problems }) => [...of.problems, ...problems])
  if (all.length > 0) throw new AppError('INVALID_REQUEST', problemLines(all), { problems: all })
  const layerOf = (read: ProjectRead) => layers.find(({ of }) => of.path === read.path)?.layer
  return {
    file,
    layers: { own: layerOf(own), servers: layerOf(servers) },
    left_out: parsed.flatMap(({ left_out }) => left_out),
    notices: [...parsed.flatMap(({ ignored }) => ignored), ...refusals],
  }
}

const absent = (path: string): FoundProject => ({
  file: { path, status: 'absent', hash: null, summary: [] },
  notices: [],
})

/** Those of a project's files that there are. */
export async function parseProjectFiles(
  own: ProjectRead,
  servers: ProjectRead,
  validateRule?: LoadValidateRule,
): Promise<ParsedFile[]> {
  const parsed: ParsedFile[] = []
  if (own.kind === 'read') parsed.push(await parseFile(own.bytes, own.path, { from_project: true, validateRule }))
  if (servers.kind === 'read') {
    const { parseMcpJson } = await import('./server-lists/mcp-json.ts')
    parsed.push(await parseMcpJson(servers.bytes, servers.path))
  }
  return parsed
}
