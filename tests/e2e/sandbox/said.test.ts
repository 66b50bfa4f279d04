import { describe, expect, test } from 'bun:test'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { BINARY, makeHome } from '../../support/backend.ts'
import { Program, run } from '../../support/program.ts'
import { hasBubblewrap } from '../../support/sandboxes.ts'
import { call, startScripted } from '../../support/scripted.ts'
import { tempDir } from '../../support/temp.ts'
import { working } from '../../support/working-session.ts'

/** A PATH with nothing of a sandbox, and a list of hosts, which Landlock cannot keep to: no machine has one then. */
const NONE = 'network = ["example.org"]\n'
const noPath = () => ({ PATH: tempDir() })

describe('what clients and models get of isolation', () => {
  test.skipIf(!hasBubblewrap)('GET /api/tools and doctor name it (needs bubblewrap)', async () => {
    const { backend, home } = await startScripted({ config: '[sandbox]\nmode = "auto"\nnetwork = "on"\n' })
    const { body } = await backend.call('GET /api/tools')
    const isolation = { by: 'bubblewrap', network: 'on', write: ['$PROJECT', '$TMP'] }
    expect(body.sandbox).toEqual({ mode: 'auto', ...isolation })
    const of = Object.fromEntries(body.tools.map((tool: { name: string }) => [tool.name, tool]))
    expect(of.shell_exec.sandbox).toEqual(isolation)
    expect(of.shell_background.sandbox).toEqual(isolation)
    expect(of.read_file.sandbox).toBeUndefined()
    const { stdout } = await run(['doctor', '--json'], { home })
    const found = stdout
      .split('\n')
      .filter(Boolean)
      .map(line => JSON.parse(line))
    expect(found.find(({ section }) => section === 'Sandbox')).toMatchObject({
      ok: true,
      what: expect.stringContaining('bubblewrap isolates commands and MCP servers: network on'),
    })
  })

  test('auto without one: the call asks, and its reason names that it is not isolated', async () => {
    const scripted = await startScripted({
      config: `[sandbox]\nmode = "auto"\nauto_approve_sandboxed = true\n${NONE}`,
      env: noPath(),
    })
    const { make } = await working(scripted, {})
    const { how, data } = await make(call('shell_exec', { command: 'echo hi' }))
    expect([how, data.sandbox]).toEqual(['ask', undefined])
    expect(data.reason).toContain('not isolated: ')
    const { body } = await scripted.backend.call('GET /api/tools')
    expect(body.sandbox).toEqual({ mode: 'auto', by: null, reason: expect.stringContaining('install') })
  })

  test('required without one: refused, also outside of it', async () => {
    const scripted = await startScripted({ config: `[sandbox]\nmode = "required"\n${NONE}`, env: noPath() })
    const { make } = await working(scripted, {})
    for (const more of [{}, { outside_sandbox: true }]) {
      const { how, told } = await make(call('shell_exec', { command: 'echo hi', ...more }))
      expect(how).toBe('PERMISSION_DENIED')
      expect(told).toContain('bubblewrap')
    }
  })

  test('off: neither the reason nor the tools sent to models mention it', async () => {
    const scripted = await startScripted()
    const { make } = await working(scripted, {})
    const { data } = await make(call('shell_exec', { command: 'echo hi' }))
    expect(data.reason).toBe('Run `echo hi`')
    expect(JSON.stringify(scripted.model.requests.at(-1)!.body.tools)).not.toContain('sandbox')
  })

  test.skipIf(!hasBubblewrap)('tools served over MCP run their commands in it (needs bubblewrap)', async () => {
    const home = makeHome('[sandbox]\nmode = "required"\n')
    const project = join(home.root, 'project')
    mkdirSync(project)
    const say = (id: number, method: string, params: object) =>
      `${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`
    const init = { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 't', version: '1' } }
    const exec = (id: number, more: object) =>
      say(id, 'tools/call', { name: 'shell_exec', arguments: { command: 'echo x > ../escaped; echo done', ...more } })
    const served = new Program([BINARY, 'mcp', '--project', project, '--allow', 'write,shell'], { home })
    served.child.stdin.write(say(1, 'initialize', init) + exec(2, {}) + exec(3, { outside_sandbox: true }))
    for (const id of [2, 3]) await served.until(`"id":${id}`)
    served.child.stdin.end()
    const { stdout } = await served.ended
    const replies = stdout
      .split('\n')
      .filter(Boolean)
      .map(line => JSON.parse(line))
    const text = (id: number) => JSON.stringify(replies.find(reply => reply.id === id))
    expect(text(2)).toContain('Read-only file system')
    expect(text(2)).toContain('done')
    expect(text(3)).toContain('Nothing leaves the sandbox')
  })
})
