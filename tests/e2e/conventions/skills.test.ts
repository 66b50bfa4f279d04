import { expect, test } from 'bun:test'
import { mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { encode } from 'gpt-tokenizer'
import { notices, open, results, systemOf, toolsOf, write } from '../../support/conventions.ts'
import { withModel } from '../../support/program.ts'
import { tempDir } from '../../support/temp.ts'

const skill = (name: string, description: string, body = 'Do it.', more = '') =>
  `---\nname: ${name}\ndescription: ${description}\n${more}---\n\n${body}\n`
const READ = (args: object) => ({ calls: [{ name: 'skill', args }] })

test('skills of the project and the user, linked and shared ones; broken and second ones cost only themselves', async () => {
  const { home, model, says } = await withModel()
  const shared = tempDir({ 'linked/SKILL.md': skill('linked', 'Shared by a link') })
  const outside = tempDir({ 'stray/SKILL.md': skill('stray', 'Leads out') })
  const project = tempDir({
    '.agents/skills/pdf/SKILL.md': skill('pdf', 'Use when: a PDF is to be read', 'Read scripts/read.py first.'),
    '.agents/skills/pdf/scripts/read.py': 'print("pdf")',
    '.agents/skills/tabs/SKILL.md': '---\nname: tabs\n\tdescription: x\n---\nBody',
    '.agents/skills/bomb/SKILL.md': `---\nname: bomb\na: &a [x,x]\nb: &b [*a,*a]\ndescription: y\n---\nBody`,
    '.agents/skills/endless/SKILL.md': '---\nname: endless\n',
    '.agents/skills/nothing/SKILL.md': '---\nname: nothing\n---\nBody',
    '.agents/skills/long/SKILL.md': `---\nname: long\ndescription: ${'x'.repeat(70_000)}\n---\n`,
    '.claude/skills/other/SKILL.md': skill('other', 'Of another folder'),
  })
  write(project, { '.agents/skills/binary/SKILL.md': new Uint8Array([45, 45, 45, 10, 0]) })
  mkdirSync(join(home.root, '.claude/skills'), { recursive: true })
  write(home.root, { '.claude/skills/pdf/SKILL.md': skill('pdf', 'The second of its name') })
  write(home.config, { 'skills/mine/SKILL.md': skill('mine', 'My own') })
  symlinkSync(join(shared, 'linked'), join(home.root, '.claude/skills/linked'))
  symlinkSync(join(outside, 'stray'), join(project, '.agents/skills/stray'))
  symlinkSync('../../.agents/skills/pdf', join(project, '.claude/skills/pdf'))

  says(
    READ({ name: 'pdf' }),
    READ({ name: 'pdf', file: 'scripts/read.py' }),
    READ({ name: 'pdf', file: '../../../../x' }),
    READ({ name: 'pfd' }),
    { text: 'Done.' },
  )
  const { backend, stream, ask } = await open(home, project)
  const { body } = await backend.call(`GET /api/skills?project=${encodeURIComponent(project)}`)
  expect(body.skills.map((one: any) => [one.name, one.origin, one.problem])).toEqual([
    ['pdf', 'project', undefined],
    ['other', 'project', undefined],
    ['mine', 'user', undefined],
    ['linked', 'user', undefined],
    ['pdf', 'user', expect.stringContaining(join(project, '.agents/skills/pdf/SKILL.md'))],
  ])
  const folder = (name: string) => join(project, '.agents/skills', name, 'SKILL.md')
  expect(body.problems).toEqual([
    { file: join(project, '.agents/skills/stray'), line: 1, key: '', message: expect.stringContaining('leads out') },
    { file: folder('binary'), line: 1, key: '', message: 'is no UTF-8 text' },
    { file: folder('bomb'), line: 3, key: '', message: expect.stringContaining('anchors') },
    { file: folder('endless'), line: 1, key: '', message: expect.stringContaining('no end') },
    { file: folder('long'), line: 1, key: '', message: expect.stringContaining('64 KiB') },
    { file: folder('nothing'), line: 1, key: 'description', message: expect.stringContaining('is missing') },
    { file: folder('tabs'), line: 3, key: '', message: expect.stringContaining('Tabs') },
  ])

  await ask('Read the PDF')
  const system = systemOf(model.requests[0]!)
  expect(system).toContain(
    'pdf: Use when: a PDF is to be read\nother: Of another folder\nmine: My own\nlinked: Shared by a link',
  )
  expect(system).not.toContain('Do it.')
  expect(toolsOf(model.requests[0]!)).toContain('skill')
  expect(notices(stream)).toHaveLength(8)
  expect(results(stream).map(({ status, result, error }) => [status, result?.content ?? error.code])).toEqual([
    [
      'success',
      `Skill pdf, in ${join(project, '.agents/skills/pdf')}\nIts files (skill with file reads one): scripts/read.py\n\nRead scripts/read.py first.`,
    ],
    ['success', 'print("pdf")'],
    ['error', 'PERMISSION_DENIED'],
    ['error', 'INVALID_PARAMS'],
  ])
  await backend.stop()
})

test('allowed-tools of a skill restricts the turn that reads it, and pre-approves nothing', async () => {
  const { home, says } = await withModel()
  const project = tempDir({
    '.claude/skills/look/SKILL.md': skill('look', 'Looks', 'Look.', 'allowed-tools: Read, Bash(git log:*), Sorcery\n'),
    'a.txt': 'text',
  })
  const WRITE = { calls: [{ name: 'write_file', args: { path: 'b.txt', content: 'x' } }] }
  const LOG = { calls: [{ name: 'shell_exec', args: { command: 'git log -1' } }] }
  says(READ({ name: 'look' }), WRITE, { calls: [{ name: 'read_file', args: { path: 'a.txt' } }] }, LOG, {
    text: 'Done.',
  })
  const { backend, id, stream, send } = await open(home, project)
  await send({ text: 'Look' })
  const { data: call } = await stream.until(({ event, data }) => event === 'tool.call' && data.requires_approval)
  expect(call).toMatchObject({ tool: 'shell_exec' })
  await backend.call(`POST /api/sessions/${id}/reject`, { tool_call_id: call.tool_call_id })
  await stream.idle()
  expect(results(stream).map(({ tool, status, error }) => [tool, status, error?.message])).toEqual([
    ['skill', 'success', undefined],
    [
      'write_file',
      'error',
      'The skill look allows no such call of write_file in this turn, but read_file, shell_exec(git log *).',
    ],
    ['read_file', 'success', undefined],
    ['shell_exec', 'rejected', undefined],
  ])
  // The next turn is free again.
  says(WRITE, { text: 'Done.' })
  const from = stream.frames.length
  await send({ text: 'Write' })
  const { data: write } = await stream.until(({ event }) => event === 'tool.call', from)
  expect(write).toMatchObject({ tool: 'write_file', requires_approval: true })
  await backend.stop()
})

test('many skills take at most 400 tokens of the prompt, and none of it where there are none', async () => {
  const { home, model, says } = await withModel()
  const many = Object.fromEntries(
    Array.from({ length: 60 }, (_, i) => [
      `.agents/skills/skill-number-${i}/SKILL.md`,
      skill(`skill-number-${i}`, `Use this one for the task number ${i}, which is described here at some length`),
    ]),
  )
  says({ text: 'Yes.' }, { text: 'Yes.' })
  const empty = await open(home, tempDir({}))
  await empty.ask('Hello')
  await empty.backend.stop()
  expect(toolsOf(model.requests[0]!)).not.toContain('skill')
  expect(systemOf(model.requests[0]!)).not.toContain('Skills')
  const full = await open(home, tempDir(many))
  await full.ask('Hello')
  await full.backend.stop()
  const lines = systemOf(model.requests[1]!)
    .split('\n\n')
    .find(part => part.startsWith('Skills'))!
  expect(encode(lines).length).toBeLessThanOrEqual(400)
  expect(lines).toContain('skill-number-0: Use this one')
  expect(lines).toMatch(/\nOthers: skill-number-\d+, /)
})
