import { expect, test } from 'bun:test'
import { Backend, makeHome } from '../../support/backend.ts'
import { PEER } from '../../support/mcp.ts'
import { tempDir } from '../../support/temp.ts'

test('broken entries cost themselves: /health and GET /api/mcp name them, the others work', async () => {
  const args = JSON.stringify([PEER, '{}'])
  const home = makeHome(`[[mcp_servers]]
name = "x1"
url = "localhost:3000/mcp"
[[mcp_servers]]
name = "@scope/git"
command = ${JSON.stringify(process.execPath)}
args = ${args}
[agents.a]
colour = 1
[agents.build]
colour = 1
[lsp.one]
command = "pylsp"
files = ["*.py"]
[lsp.two]
command = ["pylsp"]
[format]
"*.js" = []
"*.ts" = ["cat"]
`)
  const backend = await Backend.start(home)
  const expected = [
    { line: 3, key: 'mcp_servers[0].url', message: 'must be an http:// or https:// URL (server x1)' },
    { line: 9, key: 'agents.a.colour', message: 'is an unknown key' },
    { line: 11, key: 'agents.build.colour', message: 'is an unknown key' },
    { line: 13, key: 'lsp.one.command', message: 'must be a list of strings, not a string' },
    { line: 15, key: 'lsp.two', message: 'needs "files"' },
    { line: 18, key: 'format."*.js"', message: 'must be a program and its arguments' },
  ].map(problem => expect.objectContaining(problem))
  const health = await backend.call('GET /health')
  expect(health.body.problems).toEqual(expected)
  expect(await (await fetch(`${backend.handshake.url}/health`)).json()).toEqual({ status: 'ok' })
  const project = encodeURIComponent(tempDir())
  const { body } = await backend.call(`GET /api/mcp?project=${project}`)
  expect(body.problems).toEqual(expected)
  expect(body.servers.map((server: { name: string }) => server.name)).toEqual(['@scope/git'])
  const restarted = await backend.call(
    `POST /api/mcp/${encodeURIComponent('@scope/git')}/restart?project=${project}`,
    {},
  )
  expect(restarted.status).toBe(200)
  const { agents } = (await backend.call('GET /api/agents')).body
  const build = agents.find((agent: { name: string }) => agent.name === 'build')
  // What the entry would have taken away is not known: until it is mended, everything that changes something.
  expect(build.read_only).toBe(true)
  expect(agents.some((agent: { name: string }) => agent.name === 'a')).toBe(false)
  expect(await backend.stop()).toBe(0)
}, 60_000)
