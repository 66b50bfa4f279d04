import { stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { AppError } from '../../base/errors.ts'
import { makePrivateDir, readRegular, writeAtomic } from '../../base/files.ts'
import type { McpServerEntry } from '../config.ts'
import { LARGEST_FILE, parseFile } from '../file.ts'
import { problemLines } from '../problem.ts'

/** The servers as TOML, as they stand in our file. */
export async function serversToml(entries: readonly McpServerEntry[]): Promise<string> {
  const { stringify } = await import('smol-toml')
  return entries.map(entry => stringify({ mcp_servers: [entry] }).trim()).join('\n\n')
}

export type Target = { path: string; text: string; mode: number; names: Set<string> }

/**
 * The file that servers are added to, and the names it has. It need not exist. Throws INVALID_REQUEST when it has mistakes:
 * nothing is added to a file that does not count.
 */
export async function openTarget(path: string, from_project: boolean): Promise<Target> {
  const info = await stat(path).catch(() => null) // it is made
  const bytes = info ? await readRegular(path, LARGEST_FILE) : Buffer.from('')
  const { data, problems } = await parseFile(bytes, path, { from_project })
  if (problems.length > 0) throw new AppError('INVALID_REQUEST', `${problemLines(problems)} Correct it first.`)
  const names = new Set((data.mcp_servers ?? []).map(({ name }) => name))
  return { path, text: bytes.toString(), mode: info ? info.mode & 0o777 : from_project ? 0o644 : 0o600, names }
}

/** Appends `toml`, and leaves the rest of the file as it is. Throws INVALID_REQUEST when the whole would be wrong. */
export async function addToml({ path, text, mode }: Target, toml: string, from_project: boolean): Promise<void> {
  const before = text === '' || text.endsWith('\n\n') ? text : text.endsWith('\n') ? `${text}\n` : `${text}\n\n`
  const whole = `${before}${toml}\n`
  const { problems } = await parseFile(Buffer.from(whole), path, { from_project })
  if (problems.length > 0)
    throw new AppError(
      'INVALID_REQUEST',
      `${path} cannot take them, so it was left as it is: ${problemLines(problems)}`,
    )
  await (from_project ? Promise.resolve() : makePrivateDir(dirname(path)))
  await writeAtomic(path, whole, mode)
}
