// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables as other clients write them
import { expect, test } from 'bun:test'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Backend, makeHome } from '../../support/backend.ts'
import { run } from '../../support/program.ts'
import { tempDir } from '../../support/temp.ts'

test("a project's .mcp.json counts once it is trusted, below our own files; what is broken costs only itself", async () => {
  const home = makeHome('[[mcp_servers]]\nname = "mine"\ncommand = "of-the-user"\n')
  const project = tempDir({
    '.mcp.json':
      '{\n  "mcpServers": {\n    "web": {"command": "node", "args": ["web.js"], "env": {"A": "${UNSET_A:-x}"}},\n    "mine": {"command": "of-the-project"},\n    "broken": {"args": []}\n  }\n}\n',
  })
  const servers = async () => {
    const backend = await Backend.start(home)
    const { body } = await backend.call(`GET /api/mcp?project=${encodeURIComponent(project)}`)
    const stderr = backend.stderr
    await backend.stop()
    return { names: body.servers.map((server: any) => server.name).sort(), problems: body.problems, stderr }
  }
  const before = await servers()
  expect(before).toMatchObject({ names: ['mine'], problems: [] })
  expect(before.stderr).toContain(`${join(project, '.mcp.json')} is not trusted`)

  const shown = await run(['trust', '.'], { home, cwd: project })
  expect(shown.stdout).toContain('MCP server web: starts node web.js')
  expect(shown.stdout).toContain(
    `is left out: ${join(project, '.mcp.json')}:5: mcpServers.broken needs a command or a url`,
  )
  expect(await run(['trust', '.', '--yes'], { home, cwd: project })).toMatchObject({ code: 0 })
  expect(await servers()).toMatchObject({
    names: ['mine', 'web'],
    problems: [
      { file: join(project, '.mcp.json'), line: 5, key: 'mcpServers.broken', message: 'needs a command or a url' },
    ],
  })

  // Either file changes it: trust is bound to both.
  writeFileSync(join(project, 'emacs-agent.toml'), '[[mcp_servers]]\nname = "web"\ncommand = "ours"\n')
  expect((await servers()).names).toEqual(['mine'])
  expect((await run(['trust', '.', '--yes'], { home, cwd: project })).stdout).toContain('MCP server web: starts ours')
  expect((await servers()).names).toEqual(['mine', 'web'])
  writeFileSync(join(project, '.mcp.json'), '{"mcpServers": {"other": {"command": "x"}}}')
  expect((await servers()).names).toEqual(['mine'])

  // No JSON at all: named, and nothing else suffers.
  writeFileSync(join(project, '.mcp.json'), '{"mcpServers":\n nonsense')
  await run(['trust', '.', '--yes'], { home, cwd: project })
  expect(await servers()).toMatchObject({
    names: ['mine', 'web'],
    problems: [{ line: 2, message: expect.stringContaining('is no JSON') }],
  })
})
