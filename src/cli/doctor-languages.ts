import { realpath } from 'node:fs/promises'
import { printable } from '../base/controls.ts'
import type { Runtime } from '../session/runtime.ts'
import type { Finding } from './doctor.ts'

/** The language servers and formatters that the project would have. None is started. */
export async function languageFindings(
  runtime: Pick<Runtime, 'projectConfig' | 'languageServers'>,
  cwd: string,
): Promise<Finding[]> {
  const project = await realpath(cwd)
  const config = await runtime.projectConfig(project)
  const servers = await (await runtime.languageServers(config, project)).found()
  const missing = Object.keys(config.lsp).filter(name => !servers.some(server => server.name === name))
  const found = servers.map(({ name, program, files, present }) => ({
    ok: present || null,
    what: `${printable(name)}: for ${printable(files.join(' '))}, ${printable(program)}${present ? '' : '; no such file here'}`,
  }))
  return [
    ...found,
    ...missing.map(name => ({
      ok: false,
      what: `${printable(name)}: its program is not found`,
      remedy: `Install it, or correct the command of [lsp.${name}]. A program of the project needs your trust.`,
    })),
    ...(found.length + missing.length === 0 ? [{ ok: null, what: 'none found on PATH' }] : []),
    ...config.format.map(({ pattern, command }) => ({
      ok: null,
      what: `${printable(pattern)} is formatted by ${printable(command.join(' '))}`,
    })),
  ]
}
