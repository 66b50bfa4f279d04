import { expect } from 'bun:test'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { call, type Scripted, startScripted } from './scripted.ts'
import { tempDir } from './temp.ts'

const BUN = join(import.meta.dir, '../../node_modules/.bin/bun')
const SERVER = join(import.meta.dir, 'lsp-server.ts')
export const LANGUAGE_TOOLS = ['diagnostics', 'definition', 'references', 'hover', 'symbols']

/** An `[lsp.fake]` for `*.fk`, which `lsp-server.ts` serves; and what it was sent. */
export function fakeServer(...args: string[]) {
  const log = join(tempDir({}), 'log')
  const command = JSON.stringify(['/usr/bin/env', `LSP_LOG=${log}`, BUN, SERVER, ...args])
  const lines = () => (existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : [])
  return {
    config: `[lsp.fake]\ncommand = ${command}\nfiles = ["*.fk"]\nlanguages = ["fakish"]\nsettings = { fake = { deep = { level = 3 } } }\n`,
    lines,
    pids: () => lines().flatMap(line => (line.startsWith('start ') ? Number(line.slice(6)) : [])),
  }
}

/** A backend with that server. */
export async function startWith(...args: string[]) {
  const fake = fakeServer(...args)
  return { ...fake, ...(await startScripted({ config: fake.config })) }
}

/** A session in a directory with these files, in which edits do not ask. */
export async function open(here: Scripted, files: Record<string, string> | string) {
  const project = typeof files === 'string' ? files : tempDir(files)
  const id = await here.backend.session(project, { config: { auto_approve_tools: ['write_file', 'edit_file'] } })
  const stream = await here.backend.events(`/api/sessions/${id}/events`)
  return {
    project,
    id,
    stream,
    /** Makes one call; returns its result, what the model read of it, and the tools it is offered. */
    async make(name: string, args: object) {
      const from = stream.frames.length
      here.says(call(name, args), { text: 'ok' })
      const { status } = await here.backend.call(`POST /api/sessions/${id}/prompt`, { text: 'go', wait: true })
      expect(status).toBe(200)
      const { data } = await stream.next('tool.result', from)
      const { body } = here.model.requests.at(-1)!
      const told: string = body.messages.at(-1).content
      const tools: string[] = body.tools.map(({ function: { name } }: { function: { name: string } }) => name)
      return { result: data, told, tools, diagnostics: data.result?.metadata.diagnostics }
    },
  }
}
