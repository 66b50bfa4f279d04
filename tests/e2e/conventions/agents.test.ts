import { expect, test } from 'bun:test'
import { join } from 'node:path'
import { open, results, systemOf, toolsOf, write } from '../../support/conventions.ts'
import { run, withModel } from '../../support/program.ts'
import { tempDir } from '../../support/temp.ts'

test('agents as files: their tools are ours, a project restricts only, built-in names stay', async () => {
  const { home, model, says } = await withModel(
    '[models."test/big"]\ncontext_window = 1000\n[agents.mine]\nread_only = true',
  )
  const project = tempDir({
    '.claude/agents/reviewer.md':
      '---\nname: Code Reviewer\ndescription: Reviews code\ntools: Read, Grep, Bash(git diff:*), mcp__github__get_issue, Sorcery\nmodel: opus\n---\nYou review.',
    '.agents/agents/build.md': '---\ndescription: Not the builder\n---\nI build.',
    '.agents/agents/mine.md': 'I am not the one of the configuration.',
    '.opencode/agent/careful.md': '---\ndescription: Careful\ntools:\n  write: false\n  bash: false\n---\nBe careful.',
    '.agents/agents/empty.md': '---\ndescription: Says nothing\n---\n',
    '.agents/agents/tabs.md': '---\n\tname: x\n---\nText',
  })
  write(home.root, {
    '.claude/agents/helper.md': '---\nname: helper\ndescription: Helps\nmodel: test/big\n---\nYou help.',
  })
  const { backend, id, stream } = await open(home, project)
  const { body } = await backend.call(`GET /api/agents?project=${encodeURIComponent(project)}`)
  const row = (name: string) => body.agents.find((agent: any) => agent.name === name)
  expect(row('code-reviewer')).toEqual({
    name: 'code-reviewer',
    description: 'Reviews code',
    read_only: false,
    tools: ['read_file', 'grep', 'shell_exec'],
    origin: join(project, '.claude/agents/reviewer.md'),
  })
  expect(row('helper')).toMatchObject({ model: 'test/big', origin: join(home.root, '.claude/agents/helper.md') })
  expect(row('careful').tools).toContain('read_file')
  for (const tool of ['write_file', 'shell_exec', 'shell_background']) expect(row('careful').tools).not.toContain(tool)
  expect(body.agents.filter((agent: any) => agent.problem).map((agent: any) => agent.name)).toEqual(['build', 'mine'])
  const file = (path: string) => join(project, path)
  expect(body.problems).toEqual([
    { file: file('.agents/agents/empty.md'), line: 4, key: '', message: expect.stringContaining('has no text') },
    { file: file('.agents/agents/tabs.md'), line: 2, key: '', message: expect.stringContaining('Tabs') },
    { file: file('.claude/agents/reviewer.md'), line: 5, key: 'model', message: expect.stringContaining('is ignored') },
    { file: file('.claude/agents/reviewer.md'), line: 4, key: 'tools', message: expect.stringContaining('Sorcery') },
  ])
  expect((await backend.call('GET /api/agents')).body.agents.map((agent: any) => agent.name)).toEqual([
    'build',
    'plan',
    'ask',
    'helper',
    'mine',
  ])

  says({ calls: [{ name: 'write_file', args: { path: 'x', content: 'x' } }] }, { text: 'Done.' }, { text: 'Helped.' })
  await backend.call(`POST /api/sessions/${id}/prompt`, { text: 'Review', agent: 'code-reviewer', wait: true })
  expect(systemOf(model.requests[0]!)).toContain('You review.')
  expect(toolsOf(model.requests[0]!)).toEqual(['read_file', 'grep', 'shell_exec'])
  expect(model.requests[0]!.body.model).toBe('model')
  expect(results(stream)[0]).toMatchObject({ status: 'error', error: { code: 'UNKNOWN_TOOL' } })
  await backend.call(`POST /api/sessions/${id}/prompt`, { text: 'Help', agent: 'helper', wait: true })
  expect(model.requests[2]!.body.model).toBe('big')
  await backend.stop()
})

test('doctor names what is wrong with files of conventions', async () => {
  const { home } = await withModel()
  const project = tempDir({
    '.claude/agents/good.md': 'You are good.',
    '.claude/agents/empty.md': '',
    '.claude/skills/broken/SKILL.md': '---\nname: broken\n\tdescription: x\n---\n',
    '.claude/commands/fine.md': '---\nmodel: opus\n---\nFine.',
  })
  const { stdout, code } = await run(['doctor'], { home, cwd: project })
  expect(stdout).toContain('0 skills, 1 commands and 1 agents from files')
  expect(stdout).toContain(`✗ ${join(project, '.claude/skills/broken/SKILL.md')}:3: is no YAML`)
  expect(stdout).toContain(`✗ ${join(project, '.claude/agents/empty.md')}:1: has no text`)
  expect(stdout).toContain(`· ${join(project, '.claude/commands/fine.md')}:2: model is ignored`)
  expect(code).toBe(1)
})
