import { expect, test } from 'bun:test'
import { mkdirSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { open, results, write } from '../../support/conventions.ts'
import { withModel } from '../../support/program.ts'
import { tempDir } from '../../support/temp.ts'

const lastUser = (request: { body: any }): string =>
  request.body.messages.findLast((m: any) => m.role === 'user').content
const command = (name: string, given?: string) => ({
  command: { name, ...(given !== undefined && { arguments: given }) },
})

test('commands of the project and the user, skills among them; what is broken or second is reported', async () => {
  const { home } = await withModel()
  const project = tempDir({
    '.agents/commands/test.md': '---\ndescription: Run the tests\nargument-hint: "[file]"\n---\nRun the tests of $1.',
    '.claude/commands/front/page.md': 'Build a page.\n\nMore about it.',
    '.claude/commands/test.md': 'The second test.',
    '.claude/commands/help.md': 'Not the help.',
    '.opencode/command/stranger.md': '---\nagent: nobody\n---\nDo it.',
    '.opencode/command/modelled.md': '---\ndescription: Wants a model\nmodel: opus\nagent: plan\n---\nDo it.',
    '.agents/skills/pdf/SKILL.md': '---\nname: pdf\ndescription: Reads PDFs\n---\nRead it.',
  })
  write(home.config, { 'commands/mine.md': '---\ndescription: "Mine"\n---\nMine.' })
  const { backend, send } = await open(home, project)
  const { body } = await backend.call(`GET /api/commands?project=${encodeURIComponent(project)}`)
  const rows = body.commands.map((row: any) => [row.name, row.kind, row.origin, row.problem !== undefined])
  for (const name of [
    'help',
    'model',
    'agent',
    'mcp',
    'rewind',
    'fork',
    'retry',
    'compact',
    'context',
    'cost',
    'review',
    'init',
    'commit',
  ])
    expect(rows).toContainEqual([name, 'built_in', 'built in', false])
  expect(rows.filter(([, kind]: any) => kind !== 'built_in')).toEqual([
    ['test', 'markdown', 'project', false],
    ['front:page', 'markdown', 'project', false],
    ['help', 'markdown', 'project', true],
    ['test', 'markdown', 'project', true],
    ['modelled', 'markdown', 'project', false],
    ['pdf', 'skill', 'project', false],
    ['mine', 'markdown', 'user', false],
  ])
  expect(body.commands.find((row: any) => row.name === 'test')).toMatchObject({
    description: 'Run the tests',
    argument_hint: '[file]',
  })
  expect(body.problems.map(({ file, line, key }: any) => [file.slice(project.length + 1), line, key])).toEqual([
    ['.opencode/command/modelled.md', 3, 'model'],
    ['.opencode/command/stranger.md', 2, 'agent'],
  ])
  // Unknown ones never reach a model.
  expect(await send(command('tset'))).toMatchObject({
    status: 404,
    body: { error: { code: 'NOT_FOUND', message: expect.stringContaining('"/test"?') } },
  })
  expect((await send(command('stranger'))).body.error.message).toContain(
    'stranger.md:2: agent names an agent that does not exist',
  )
  expect((await send({ ...command('help'), text: 'x' })).status).toBe(400)
  expect((await send({})).status).toBe(400)
  expect(await send(command('/help'))).toMatchObject({
    status: 200,
    body: { status: 'done', text: expect.stringContaining('/test [file]: Run the tests') },
  })
  await backend.stop()
})

test('arguments, files and agents of a command; a skill by its name', async () => {
  const { home, model, says } = await withModel()
  const project = tempDir({
    '.agents/commands/args.md':
      '---\nagent: plan\n---\nAll: $ARGUMENTS. One: $1. Two: $2. Three: [$3]. See @notes/a.txt, @.env and @../x.',
    '.agents/commands/plain.md': 'Do this.\n```\n!rm -rf x\n```',
    '.agents/skills/pdf/SKILL.md':
      '---\nname: pdf\ndescription: Reads PDFs\nallowed-tools: Read\n---\nRead it with care.',
    'notes/a.txt': 'The notes of a.',
    '.env': 'SECRET=hunter2hunter2',
  })
  const { backend, stream, send, ask } = await open(home, project)
  says({ text: 'One.' }, { text: 'Two.' }, { text: 'Three.' }, { text: 'Four.' })
  expect(await send({ ...command('args', `first "second one"`), wait: true })).toMatchObject({
    status: 200,
    body: { status: 'success', text: 'One.' },
  })
  const sent = lastUser(model.requests[0]!)
  expect(sent).toContain('All: first "second one". One: first. Two: second one. Three: [].')
  expect(sent).toContain('The notes of a.')
  expect(sent).not.toContain('hunter2')
  await send({ ...command('plain', 'now\n!id'), wait: true })
  expect(lastUser(model.requests[1]!)).toBe('Do this.\n```\n!rm -rf x\n```\n\nnow\n!id')
  await send({ ...command('pdf', 'a.pdf'), wait: true })
  expect(lastUser(model.requests[2]!)).toMatch(/^Skill pdf, in .*\n\nRead it with care\.\n\na\.pdf$/)
  await ask('/plain is plain text')
  expect(lastUser(model.requests[3]!)).toBe('/plain is plain text')
  const prompts = stream.stored.filter(event => event.type === 'prompt')
  expect(prompts.map(({ agent, command }) => [agent, command])).toEqual([
    ['plan', { name: 'args', arguments: 'first "second one"' }],
    ['build', { name: 'plain', arguments: 'now\n!id' }],
    ['build', { name: 'pdf', arguments: 'a.pdf', allowed_tools: ['read_file'] }],
    ['build', undefined],
  ])
  await backend.stop()
})

test('shell lines run when the command is sent, in order, each with its approval; a rejection ends it', async () => {
  const { home, model, says } = await withModel('[permissions]\nallow = ["shell_exec(echo *)"]')
  const project = tempDir({
    '.claude/commands/state.md':
      'Before.\n!echo one $1\nIn between: !`echo two` and ![an image](x.png).\n!touch made\nAfter.',
  })
  const { backend, id, stream, send } = await open(home, project)
  says({ text: 'Seen.' })
  const accepted = await send(command('state', 'more'))
  expect(accepted.body).toMatchObject({ status: 'accepted', turn_id: expect.any(String) })
  const isAsked = ({ event, data }: any) => event === 'tool.call' && data.requires_approval
  const { data: call } = await stream.until(isAsked)
  expect(call).toMatchObject({ tool: 'shell_exec', params: { command: 'touch made' }, turn_id: accepted.body.turn_id })
  expect(model.requests).toHaveLength(0)
  await backend.call(`POST /api/sessions/${id}/approve`, { tool_call_id: call.tool_call_id })
  await stream.idle()
  expect(lastUser(model.requests[0]!)).toBe(
    'Before.\none more\nIn between: two and ![an image](x.png).\n(no output)\nAfter.',
  )
  expect(stream.types().replaceAll(' tool.progress', '')).toBe(
    'session.created idle prompt.queued tool.call tool_execution tool.result tool.call tool_execution tool.result tool.call waiting_approval approval tool_execution tool.result file.changed prompt thinking message.delta message turn.end idle'.replace(
      'tool.progress tool.result file',
      'tool.result file',
    ),
  )

  const from = stream.frames.length
  const rejected = send({ ...command('state', 'again'), wait: true })
  const { data: second } = await stream.until(isAsked, from)
  await backend.call(`POST /api/sessions/${id}/reject`, { tool_call_id: second.tool_call_id })
  expect((await rejected).body).toMatchObject({ status: 'interrupted' })
  await stream.idle(from)
  expect(
    stream.stored.filter(event => event.id > stream.frames[from - 1]!.data.id).map(({ type }) => type),
  ).not.toContain('prompt')
  expect(model.requests).toHaveLength(1)
  expect(results(stream).at(-1)).toMatchObject({ status: 'rejected' })

  // An interrupt in mid-command drops it; the session goes on.
  const before = stream.frames.length
  await send(command('state', 'third'))
  await stream.until(isAsked, before)
  const { body } = await backend.call(`POST /api/sessions/${id}/interrupt`)
  expect(body.dropped).toMatchObject([{ text: '/state third' }])
  says({ text: 'Here.' })
  expect((await send({ text: 'Still there?', wait: true })).body).toMatchObject({ status: 'success', text: 'Here.' })
  await backend.stop()
})

test('built-in commands do what their routes do, once for one prompt_id', async () => {
  const { home, model, says } = await withModel('[models."test/other"]\ncontext_window = 1000')
  const project = tempDir({ 'a.txt': 'a' })
  const { backend, id, send, ask } = await open(home, project)
  says({ text: 'One.' }, { text: 'Two.' }, { text: 'Again.' })
  await ask('First')
  await ask('Second')
  expect((await send(command('model', 'test/other'))).body).toMatchObject({ status: 'done', text: 'model test/other' })
  expect((await send(command('agent'))).body.text).toMatch(/^agent build \(there are build, plan, ask\)$/)
  expect((await send(command('mcp'))).body.text).toBe('There are no MCP servers.')
  expect((await send(command('cost'))).body).toMatchObject({ text: expect.stringMatching(/tokens.*cost: unknown|\$/) })
  expect((await send({ ...command('retry'), wait: true })).body).toMatchObject({ status: 'success', text: 'Again.' })
  expect(model.requests[2]!.body).toMatchObject({ model: 'other' })
  const rewind = { ...command('rewind'), prompt_id: 'p1' }
  expect((await send(rewind)).body).toMatchObject({ status: 'done', result: { text: 'Second' } })
  expect((await send(rewind)).body).toMatchObject({ status: 'done', result: { text: 'Second' } })
  expect((await send(command('context'))).body).toMatchObject({
    status: 'done',
    text: expect.stringMatching(/tokens.*\n#+\.* +[\d,]+ {2}system\n/),
    result: { parts: expect.any(Array) },
  })
  const fork = await send(command('fork', 'My fork'))
  expect(fork.body.result).toMatchObject({ title: 'My fork', forked_from: { session_id: id } })
  expect((await send(command('rewind', '7'))).body.error.code).toBe('NOTHING_TO_DO')
  says({ text: 'Reviewed.' })
  await send({ ...command('review', 'main'), wait: true })
  expect(lastUser(model.requests.at(-1)!)).toContain('What to review: main')
  await backend.stop()
})

test('undo and redo, and a rewind that takes the files along', async () => {
  const { home, says } = await withModel('[permissions]\nallow = ["write_file(**)"]')
  const project = tempDir({ 'a.txt': 'before' })
  const { backend, send, ask } = await open(home, project)
  const text = () => readFileSync(join(project, 'a.txt'), 'utf8')
  const WRITE = { calls: [{ name: 'write_file', args: { path: 'a.txt', content: 'after' } }] }
  says({ calls: [{ name: 'read_file', args: { path: 'a.txt' } }] }, WRITE, { text: 'Done.' })
  await ask('Write')
  expect((await send(command('undo'))).body).toMatchObject({ status: 'done', text: 'Undone: a.txt (modified).' })
  expect(text()).toBe('before')
  expect((await send(command('undo'))).body.error.code).toBe('NOTHING_TO_UNDO')
  expect((await send(command('redo'))).body).toMatchObject({ status: 'done', text: 'Done again: a.txt (modified).' })
  expect(text()).toBe('after')
  expect((await send(command('rewind', 'files'))).body.result).toMatchObject({
    text: 'Write',
    restored: [{ path: 'a.txt' }],
  })
  expect(text()).toBe('before')
  await backend.stop()
})

test('links are followed once, and not out of the repository', async () => {
  const { home } = await withModel()
  const project = tempDir({ '.agents/commands/one.md': 'One.' })
  mkdirSync(join(project, '.claude'))
  symlinkSync('../.agents/commands', join(project, '.claude/commands'))
  symlinkSync('.', join(project, '.agents/commands/again'))
  symlinkSync('/', join(project, '.agents/commands/all'))
  symlinkSync(join(tempDir({ 'x.md': 'Elsewhere.' }), 'x.md'), join(project, '.agents/commands/x.md'))
  const { backend } = await open(home, project)
  const { body } = await backend.call(`GET /api/commands?project=${encodeURIComponent(project)}`)
  expect(body.commands.filter((row: any) => row.kind === 'markdown').map((row: any) => row.name)).toEqual(['one'])
  expect(body.problems.map(({ file, message }: any) => [file.slice(project.length + 1), message])).toEqual([
    ['.agents/commands/all', 'is a link that leads out of the repository'],
    ['.agents/commands/x.md', 'is a link that leads out of the repository'],
  ])
  await backend.stop()
})
