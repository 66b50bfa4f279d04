import { expect, test } from 'bun:test'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { AUTHOR } from '../support/committed.ts'
import { FULL, figure } from '../support/figures.ts'
import { HOSTILE, hostileRepository } from '../support/hostile-repositories.ts'
import { many } from '../support/model-session.ts'
import { startScripted } from '../support/scripted.ts'
import { tempDir } from '../support/temp.ts'

/** Everything that is done without a person: no command, no commit, no approval. */
const LOOKS: [string, object][] = [
  ['git_status', {}],
  ['git_diff', {}],
  ['git_diff', { staged: true }],
  ['git_log', {}],
  ['git_branch', {}],
  ['list_directory', { path: '.' }],
  ['search_files', { pattern: '**/*' }],
  ['grep', { pattern: 'o' }],
  ['read_file', { path: 'a.txt' }],
  ['read_file', { path: 'src/b.ts' }],
]
const EDITS: [string, object][] = [
  ['edit_file', { path: 'src/b.ts', old: 'b', new: 'c' }],
  ['write_file', { path: 'w.ts', content: 'export {}\n' }],
  ['move_file', { source: 'w.ts', dest: 'v.ts' }],
]

test('hostile repositories: reading and editing them runs nothing of theirs, and asks for no approval', async () => {
  let requests = 0
  const server = createServer((_, response) => {
    requests++
    response.end()
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const traps = tempDir()
  const { backend, says, model } = await startScripted()
  const all = Object.keys(HOSTILE)
  const names = FULL ? all : all.filter((_, i) => i % 6 === 0)
  const seen = { repositories: names.length, calls: 0, armed_for_plain_git: 0, processes: 0, requests: 0 }
  const faults: string[] = []
  for (const name of names) {
    const file = join(traps, name.replace(/\W/g, '_'))
    const root = hostileRepository(name, { command: `touch ${file}; curl -s -m 2 ${url}/ran`, url })
    // What git itself ran while the repository was made.
    for (const made of readdirSync(traps)) await Bun.file(join(traps, made)).delete()
    requests = 0
    const id = await backend.session(root, { config: { mode: 'accept-edits' } })
    const stream = await backend.events(`/api/sessions/${id}/events`, 0)
    says(many(...LOOKS), many(...EDITS), many(...LOOKS.slice(0, 3)), { text: 'done' })
    const asked = stream.until(({ event, data }) => event === 'tool.call' && data.requires_approval)
    asked.catch(() => {}) // there is none
    const turn = backend.call(`POST /api/sessions/${id}/prompt`, { text: 'look at @a.txt', wait: true })
    const first = await Promise.race([turn, asked])
    if ('event' in first) faults.push(`${name}: ${first.data.tool} asked`)
    else if (first.body.status !== 'success') faults.push(`${name}: ${JSON.stringify(first.body)}`)
    seen.calls += stream.stored.filter(({ type }) => type === 'tool.result').length
    const project = encodeURIComponent(root)
    for (const what of ['tools', 'agents', 'commands', 'skills', 'mcp', 'rules'])
      await backend.call(`GET /api/${what}?project=${project}`)
    await backend.call(`GET /api/sessions/${id}/changes`)
    await backend.call(`POST /api/sessions/${id}/undo`, {})
    expect([name, (await backend.call(`GET /api/sessions/${id}`)).body.config?.mode]).toEqual([name, 'accept-edits'])
    await backend.call(`DELETE /api/sessions/${id}`)
    const ran = readdirSync(traps)
    seen.processes += ran.length
    seen.requests += requests
    if (ran.length > 0 || requests > 0) faults.push(`${name}: ran ${ran}, ${requests} requests`)
    model.clear()
    expect(readFileSync(join(root, 'a.txt'), 'utf8')).toBe('two\n')
    // That it is one: what plain git does there runs it.
    const plain = 'git status; git diff; git log -p; git add -A; git commit -m x; git checkout -b y; git fetch --all'
    const env = { PATH: process.env.PATH, HOME: traps, ...AUTHOR }
    const git = spawn('bash', ['-c', plain], { cwd: root, env, timeout: 20_000, stdio: 'ignore' })
    await once(git, 'exit')
    if (existsSync(file)) seen.armed_for_plain_git++
  }
  figure('hostile repositories', seen)
  expect(faults).toEqual([])
  expect(seen.armed_for_plain_git).toBeGreaterThan(FULL ? 15 : 0)
  server.close()
}, 1_800_000)
