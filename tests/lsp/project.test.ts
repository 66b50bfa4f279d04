import { afterEach, expect, test } from 'bun:test'
import { existsSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { createChildren } from '../../src/base/children.ts'
import { startTimeOf } from '../../src/base/processes.ts'
import { languageOf } from '../../src/lsp/known.ts'
import { createProjectServers, type ProjectServers } from '../../src/lsp/project.ts'
import { textAt } from '../../src/lsp/text.ts'
import { compileGlob } from '../../src/tools/search/glob.ts'
import { tempDir } from '../support/temp.ts'

const BUN = join(import.meta.dir, '../../node_modules/.bin/bun')
const SERVER = join(import.meta.dir, '../support/lsp-server.ts')
const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

/** The servers of a project; `found` are the names of programs that PATH has. */
function serversOf(
  project: string,
  {
    configured = {},
    found = [],
    trusted = false,
    idle_ms = 60_000,
  }: {
    configured?: Parameters<typeof createProjectServers>[0]['configured']
    found?: string[]
    trusted?: boolean
    idle_ms?: number
  },
): ProjectServers & { pids(): number[] } {
  const root = tempDir({})
  const log = join(root, 'log')
  const children = createChildren(join(root, 'children'))
  const servers = createProjectServers(
    {
      project,
      configured,
      trusted,
      programFor: async name => (name === BUN ? BUN : found.includes(name) ? `/bin/${name}` : null),
      compile: compileGlob,
    },
    { children, env: () => ({ LSP_LOG: log, PATH: process.env.PATH ?? '' }), idle_ms, log: () => {} },
  )
  closing.push(async () => {
    await servers.close()
    await children.close()
  })
  const pids = () =>
    existsSync(log) ? [...readFileSync(log, 'utf8').matchAll(/^start (\d+)$/gm)].map(([, pid]) => Number(pid)) : []
  return { ...servers, pids }
}

test('finds servers whose files the project has, and that may run; the user’s come first', async () => {
  const project = tempDir({
    'deep/er/a.py': '',
    'b.rs': '',
    'node_modules/x/c.go': '',
    '.hidden/d.sh': '',
    'e.fk': '',
  })
  const found = ['pyright-langserver', 'pylsp', 'rust-analyzer', 'gopls', 'bash-language-server', 'clangd']
  expect(await serversOf(project, { found }).names()).toEqual(['pyright'])
  expect((await serversOf(project, { found, trusted: true }).names()).toSorted()).toEqual(['pyright', 'rust-analyzer'])
  const configured = { mine: { command: ['pylsp'], files: ['*.py'] }, gone: { command: ['none'], files: ['*.fk'] } }
  expect(await serversOf(project, { found, configured }).names()).toEqual(['mine'])
  expect(await serversOf(tempDir({}), { found }).names()).toEqual([])
})

test('a link to a file outside is no file of the project', async () => {
  const project = tempDir({})
  symlinkSync(join(tempDir({ 'a.py': '' }), 'a.py'), join(project, 'a.py'))
  expect(await serversOf(project, { found: ['pylsp'] }).names()).toEqual([])
})

test('one that is not used is stopped, and started again when it is', async () => {
  const project = tempDir({ 'a.fk': 'wrong: x\n' })
  const configured = { fake: { command: [BUN, SERVER, 'pull'], files: ['*.fk'] } }
  const servers = serversOf(project, { configured, idle_ms: 100 })
  const source = servers.source(textAt)
  const { signal } = new AbortController()
  const look = () => source.diagnostics([join(project, 'a.fk')], signal)
  expect(await look()).toHaveLength(1)
  while (startTimeOf(servers.pids()[0]!) !== null) await delay(20)
  expect(await look()).toHaveLength(1)
  expect(servers.pids()).toHaveLength(2)
})

test('one that dies is started again, but not for ever', async () => {
  const project = tempDir({ 'a.fk': 'x\n' })
  const configured = { fake: { command: [BUN, SERVER, 'pull', 'garbage'], files: ['*.fk'] } }
  const servers = serversOf(project, { configured })
  const source = servers.source(textAt)
  const { signal } = new AbortController()
  for (let i = 0; i < 6; i++)
    await expect(source.diagnostics([join(project, 'a.fk')], signal)).rejects.toMatchObject({ code: 'TOOL_FAILED' })
  expect(servers.pids()).toHaveLength(3)
})

test('names of languages', () => {
  const row = { name: 'x', command: ['x'], files: ['*'] }
  const fits = (path: string) => (pattern: string) => compileGlob(pattern)(path)
  const named = (path: string, languages?: Record<string, string> | string) =>
    languageOf(path, { ...row, ...(languages !== undefined && { languages }) }, fits(path))
  expect(named('/p/a.tsx')).toBe('typescriptreact')
  expect(named('/p/a.odd')).toBe('odd')
  expect(named('/p/a.odd', 'mine')).toBe('mine')
  for (const key of ['*.odd', '.odd', 'odd']) expect(named('/p/a.odd', { '*.x': 'x', [key]: 'mine' })).toBe('mine')
})
