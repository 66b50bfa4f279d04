import { isAbsolute } from 'node:path'
import { UsageError } from '../base/errors.ts'
import type { Env } from './dirs.ts'
import { expandPath } from './expand.ts'
import { emptyLayer, type Layer } from './layers.ts'
import { suggestion } from './nearest.ts'
import { LIST_KEYS, type Lists, readSetting, SCALAR_KEYS, SCALARS, type ScalarKey, type Scalars } from './settings.ts'

export type Flags = Partial<Scalars> & { config_file?: string }

/** Flags arrive typed and checked (see `cli/args.ts`). */
export function flagLayer(flags: Flags): Layer {
  const layer = emptyLayer()
  for (const key of SCALAR_KEYS) {
    if (flags[key] === undefined) continue
    Object.assign(layer.settings, { [key]: flags[key] })
    layer.where[key] = `--${key.replaceAll('_', '-')}`
  }
  return layer
}

/** `EMACS_AGENT_<KEY>` for each scalar; an empty one counts as not set. Throws UsageError that names a malformed one. */
export function envLayer(env: Env, home: string): Layer {
  const layer = emptyLayer()
  for (const key of SCALAR_KEYS) {
    const variable = variableOf(key)
    const written = env[variable]
    if (!written?.trim()) continue
    const value = readSetting(key, written)
    if (value === undefined) throw new UsageError(`${variable} must be ${SCALARS[key].expected}.`)
    Object.assign(layer.settings, { [key]: value })
    layer.where[key] = variable
  }
  const { transcript_path } = layer.settings
  if (transcript_path !== undefined) layer.settings.transcript_path = pathFromEnv(transcript_path, env, home)
  return layer
}

const PREFIX = 'EMACS_AGENT_'
const variableOf = (key: ScalarKey | keyof Lists) => `${PREFIX}${key.toUpperCase()}`

/** Relative to what, in a server that Emacs started? So a path must not be. */
function pathFromEnv(written: string, env: Env, home: string): string {
  const unset = new Set<string>()
  const path = expandPath(written, { env, home, base: home }, unset)
  if (unset.size > 0 || !(isAbsolute(written) || /^(~|\$\{)/.test(written)))
    throw new UsageError(
      `${variableOf('transcript_path')} must be an absolute path, or begin with ~/ or a variable that is set.`,
    )
  return path
}

/** One notice per `EMACS_AGENT_…` that looks like a setting and is none. */
export function strayVariables(env: Env): string[] {
  const known = SCALAR_KEYS.map(variableOf)
  const lists = LIST_KEYS.map(variableOf)
  return Object.keys(env)
    .filter(name => name.startsWith(PREFIX) && !known.includes(name))
    .flatMap(name => {
      if (lists.includes(name)) return [`${name} is ignored: lists are set in emacs-agent.toml.`]
      const meant = name === 'EMACS_AGENT_TOKEN' ? '' : suggestion(name, known)
      return meant ? [`${name} is not a setting${meant}.`] : []
    })
}
