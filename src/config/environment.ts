import { existsSync } from 'node:fs'
import { isAbsolute } from 'node:path'
import type { Config } from './config.ts'
import type { Env } from './dirs.ts'

/**
 * What child processes inherit, of whatever command and whether they are tools or MCP servers (the contract,
 * "Configuration"): the environment without EMACS_AGENT_*, without names like those of secrets, and without variables that
 * hold a secret whatever their name: one of `secrets` (see `secretsOf`), or the value of a usual provider variable. `extra`
 * is what someone asked for by name (a session's `env`, an MCP server's), so it is added as it is.
 */
export function childEnv(
  env: Env,
  { secrets = [], extra = {} }: { secrets?: readonly string[]; extra?: Record<string, string> } = {},
): Record<string, string> {
  const given = Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined)
  const keys = given.flatMap(([name, value]) => (/API_?KEY$/i.test(name) ? [value.trim()] : []))
  const hidden = [...secrets, ...keys].filter(secret => secret.length >= SHORTEST_SECRET)
  const kept = given.filter(([name, value]) => !isSecretName(name) && !hidden.some(secret => value.includes(secret)))
  return { ...Object.fromEntries(kept), ...extra }
}

/** Shorter ones (`x`, `none`, as local servers want) would match ordinary words and values. */
export const SHORTEST_SECRET = 8

/** Whether a variable of this name is likely to hold a secret. */
export const isSecretName = (name: string): boolean => SECRET_NAME.test(name)

const SECRET_NAME =
  /^EMACS_AGENT_|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIAL|API_?KEY|ACCESS_?KEY|PRIVATE_?KEY|(^|_)(KEY|PAT|JWT|AUTH)$|TOKEN$/i

/**
 * Whether a variable that the configuration uses for a server may hold a secret: not those that say where things are, who
 * the user is and what mode a program runs in, whose values stand everywhere.
 */
export const mayBeSecret = (name: string, value: string): boolean =>
  value.length >= SHORTEST_SECRET && !(ORDINARY.test(name) || (isAbsolute(value) && existsSync(value)))

const ORDINARY =
  /^(?:HOME|USER|USERNAME|LOGNAME|PATH|SHELL|PWD|OLDPWD|LANG|LANGUAGE|LC_\w+|TZ|TERM|COLORTERM|TMPDIR|TEMP|TMP|EDITOR|VISUAL|PAGER|DISPLAY|WAYLAND_DISPLAY|HOST|HOSTNAME|XDG_\w+|USERPROFILE|APPDATA|LOCALAPPDATA|PROGRAMFILES|SYSTEMROOT|COMPUTERNAME|(?:\w+_)?(?:ENV|ENVIRONMENT|REGION|PROFILE|MODE|LOG_LEVEL))$/i

/** What is masked in events, transcripts and replies: every secret, and what servers are given from the environment. */
export const maskedOf = (config: Config): string[] => [
  ...new Set([
    ...secretsOf(config),
    ...[...Object.values(config.providers), ...config.mcp_servers].flatMap(({ taken = [] }) => taken),
  ]),
]

/** Values of a session's `env` whose names are those of secrets. */
export const secretsIn = (extra: Record<string, string>): string[] =>
  Object.entries(extra).flatMap(([name, value]) => (isSecretName(name) ? [value] : []))

/** Every secret the configuration holds: for the redactor, and for `childEnv`. */
export const secretsOf = (config: Pick<Config, 'providers' | 'mcp_servers' | 'web_search'>): string[] => [
  ...new Set(
    [
      config.web_search?.api_key ?? '',
      ...Object.values(config.providers).flatMap(({ api_key = '', headers = {}, oauth }) => [
        api_key,
        oauth?.client_secret ?? '',
        ...credentials(headers),
      ]),
      ...config.mcp_servers.flatMap(({ env, headers, oauth }) => [
        ...credentials(env),
        ...credentials(headers),
        oauth?.client_secret ?? '',
      ]),
    ].filter(secret => secret !== ''),
  ),
]

/** `Authorization: Bearer abc` is known whole and as `abc`. */
const credentials = (values: Record<string, string>): string[] =>
  Object.entries(values)
    .filter(
      ([name]) => isSecretName(name.replaceAll('-', '_')) || /authorization$|cookie$|(^|[-_])auth[-_]/i.test(name),
    )
    .flatMap(([, value]) => [value, value.replace(/^[A-Za-z]+ +/, '')])
