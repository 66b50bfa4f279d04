import { join, resolve } from 'node:path'
import { printable } from '../base/controls.ts'
import { UsageError } from '../base/errors.ts'
import { readRegular } from '../base/files.ts'
import type { McpServerEntry } from '../config/config.ts'
import { expandHome } from '../config/expand.ts'
import { problemLine } from '../config/problem.ts'
import { knownFiles } from '../config/server-lists/found.ts'
import { type ListedServer, readServerList } from '../config/server-lists/list.ts'
import { type Masked, maskSecrets } from '../config/server-lists/secrets.ts'
import { addToml, openTarget, serversToml } from '../config/server-lists/write.ts'
import type { Options } from './commands.ts'
import type { Process } from './process.ts'
import { askOnTerminal } from './trust.ts'

/** Claude Code keeps its sessions in the same file. */
const LARGEST = 64 * 1024 * 1024

type Found = ListedServer & { file: string }

/**
 * `mcp import [--from FILE] [--user|--project] [--yes]`: shows which servers of other clients it would add to our file, with
 * variables in the place of secrets, and adds them when that is confirmed. Resolves with 1 when nothing was added.
 */
export async function mcpImport(options: Options<'mcp import'>, host: Process): Promise<number> {
  const { dirs, cwd, stdout: write, stderr } = host
  const target = options.project
    ? join(cwd, 'emacs-agent.toml')
    : resolve(cwd, options.config_file ?? join(dirs.config, 'emacs-agent.toml'))
  const files =
    options.from === undefined
      ? knownFiles(cwd, dirs, process.platform).map(({ path }) => path)
      : [resolve(cwd, expandHome(options.from, dirs.home))]
  const { found, problems } = await readAll(files, cwd, options.from !== undefined)
  for (const problem of problems) stderr(`emacs-agent-backend: ${problem}\n`)

  const file = await openTarget(target, options.project)
  const fresh: { entry: McpServerEntry; masked: Masked[]; from: Found }[] = []
  for (const server of found) {
    const { name } = server.entry
    if (file.names.has(name)) write(`${printable(name)} is in ${printable(target)} already: left as it is.\n`)
    else if (fresh.some(({ entry }) => entry.name === name))
      write(`${printable(name)} of ${printable(server.file)} is left out: another has its name.\n`)
    else fresh.push({ ...maskSecrets(server.entry), from: server })
  }
  if (fresh.length === 0) {
    write('There is nothing to import.\n')
    return problems.length > 0 ? 1 : 0
  }

  const toml = await serversToml(fresh.map(({ entry }) => entry))
  write(
    `To ${printable(target)} this would be added:\n\n${toml
      .split('\n')
      .map(line => printable(line))
      .join('\n')}\n\n`,
  )
  for (const { entry, masked, from } of fresh) {
    for (const { variable, where } of masked)
      write(
        `Set ${variable} in your environment: ${printable(entry.name)} had it word for word in ${where} of ${printable(from.file)}.\n`,
      )
    if (from.dropped.length > 0)
      write(`${printable(entry.name)}: without a meaning here, and dropped: ${printable(from.dropped.join(', '))}.\n`)
  }
  if (!options.yes && !(await confirmed(host))) return 1
  await addToml(file, toml, options.project)
  write(`Added ${fresh.map(({ entry }) => printable(entry.name)).join(', ')}.\n`)
  if (options.project) write(`It counts once the project is trusted: emacs-agent-backend trust ${printable(cwd)}\n`)
  return problems.length > 0 ? 1 : 0
}

async function readAll(files: string[], project: string, isNamed: boolean) {
  const found: Found[] = []
  const problems: string[] = []
  for (const path of files) {
    const bytes = await readRegular(path, LARGEST).catch((error: NodeJS.ErrnoException) => {
      if (isNamed) throw new UsageError(`Cannot read ${printable(path)} (${error.code ?? error.message}).`)
      return null // most clients are not there
    })
    if (!bytes) continue
    const list = await readServerList(bytes, path, project)
    problems.push(...list.problems.map(problemLine))
    // Settings that hold no servers are no mistake, unless they were asked for.
    if (list.isEmpty && isNamed)
      problems.push(`${printable(path)}:1: holds no list of MCP servers (mcpServers, servers …)`)
    found.push(...list.servers.map(server => ({ ...server, file: path })))
  }
  return { found, problems }
}

async function confirmed({ terminal, stdin, terminal_error, stdout: write }: Process): Promise<boolean> {
  if (!terminal.input) {
    write('Nobody is here to ask: nothing was changed. With --yes they are added without asking.\n')
    return false
  }
  if (await askOnTerminal(stdin, terminal_error)('Add them? [y/N] ')) return true
  write('Nothing was changed.\n')
  return false
}
