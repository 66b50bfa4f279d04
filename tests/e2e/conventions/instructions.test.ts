import { expect, test } from 'bun:test'
import { rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Backend } from '../../support/backend.ts'
import { announced, notices, open, systemOf, write } from '../../support/conventions.ts'
import { withModel } from '../../support/program.ts'
import { tempDir } from '../../support/temp.ts'

const READ = (path: string) => ({ calls: [{ name: 'read_file', args: { path } }] })

test('the user first, then from the root of the repository down, with imports and without comments', async () => {
  const { home, model, says } = await withModel()
  const repository = tempDir({
    '.git/HEAD': 'ref: refs/heads/main\n',
    'AGENTS.md':
      'Root rules. <!-- secret remark --> See @docs/style.md and ask @someone about `@docs/code.md`.\n```\n<!-- kept -->\n@docs/fenced.md\n```\n',
    'CLAUDE.md': 'Never read: AGENTS.md is there.',
    'docs/style.md': 'Style rules.\n\n@more.md\n',
    'docs/more.md': 'More rules, and back to @style.md\n',
    'docs/code.md': 'Named in code.',
    'docs/fenced.md': 'Named in a fence.',
    'app/GEMINI.md': 'App rules.',
    'app/CLAUDE.local.md': 'My own app rules.',
    'app/sub/AGENTS.md': 'Not yet.',
  })
  write(home.config, { 'AGENTS.md': 'User rules.\n@own.md\n@emacs-agent.toml\n', 'own.md': 'From my own directory.' })
  says({ text: 'Yes.' })
  const { backend, stream, ask } = await open(home, join(repository, 'app'))
  await ask('Hello')
  const system = systemOf(model.requests[0]!)
  const order = [
    'User rules.',
    'From my own directory.',
    'Root rules.',
    'Style rules.',
    'More rules',
    'App rules.',
    'My own app rules.',
  ]
  const places = order.map(text => system.indexOf(text))
  expect(places).not.toContain(-1)
  expect(places).toEqual([...places].sort((a, b) => a - b))
  expect(system).toContain('<!-- kept -->')
  for (const text of ['secret remark', 'Never read', 'Named in', 'Not yet', 'base_url'])
    expect(system).not.toContain(text)
  expect(notices(stream).map(({ code, path, line }) => ({ code, path, line }))).toEqual([
    { code: 'IMPORT_LEFT_OUT', path: '~/.config/emacs-agent/AGENTS.md', line: 3 },
    { code: 'IMPORT_CYCLE', path: '../docs/more.md', line: 1 },
  ])
  await backend.stop()
})

test('what does not fit is named to the user and to the model, and costs only itself', async () => {
  const { home, model, says } = await withModel('instructions_budget = 1000')
  const project = tempDir({
    'AGENTS.md': `Small project rules.\n@big.md\n@binary.md\n@../outside.md\n@missing.md\n@.env.md\n`,
    'AGENTS.local.md': 'Local rules.',
    '.env.md': 'TOKEN',
    'big.md': Array.from({ length: 200_000 }, (_, i) => `Rule ${i} of the long file.`).join('\n'),
  })
  write(project, { 'binary.md': new Uint8Array([1, 0, 2, 255]) })
  writeFileSync(join(project, '..', 'outside.md'), 'Outside.')
  says({ text: 'Yes.' })
  const { backend, stream, ask } = await open(home, project)
  await ask('Hello')
  rmSync(join(project, '..', 'outside.md'))
  const system = systemOf(model.requests[0]!)
  expect(system).toContain('Small project rules.')
  expect(system).toContain('Local rules.')
  expect(system).toContain('Rule 0 of the long file.')
  expect(system).not.toContain('Outside.')
  expect(system).not.toContain('TOKEN')
  const kept = Number(/Rule (\d+) of the long file\.(?![\s\S]*Rule \d)/.exec(system)![1])
  expect(system).toContain(`big.md from line ${kept + 2} on`)
  expect(notices(stream).map(({ code, path, line }) => [code, path, line])).toEqual([
    ['IMPORT_LEFT_OUT', 'AGENTS.md', 3],
    ['IMPORT_LEFT_OUT', 'AGENTS.md', 4],
    ['IMPORT_LEFT_OUT', 'AGENTS.md', 5],
    ['IMPORT_LEFT_OUT', 'AGENTS.md', 6],
    ['INSTRUCTIONS_CUT', 'big.md', kept + 2],
  ])
  expect(notices(stream)[0].message).toBe('AGENTS.md:3 imports binary.md, which is no UTF-8 text.')
  await backend.stop()
})

test('a link that leads out of the repository is left out and named; the next file of the directory counts', async () => {
  const { home, model, says } = await withModel()
  const project = tempDir({ 'CLAUDE.md': 'From CLAUDE.md.' })
  symlinkSync(join(tempDir({ 'x.md': 'Elsewhere.' }), 'x.md'), join(project, 'AGENTS.md'))
  says({ text: 'Yes.' })
  const { backend, stream, ask } = await open(home, project)
  await ask('Hello')
  expect(systemOf(model.requests[0]!)).toContain('From CLAUDE.md.')
  expect(systemOf(model.requests[0]!)).not.toContain('Elsewhere.')
  expect(notices(stream)).toMatchObject([{ code: 'INSTRUCTIONS_LEFT_OUT', path: 'AGENTS.md' }])
  await backend.stop()
})

test('nested files are announced once, when a tool works below them; the prefix stays as it was', async () => {
  const { home, model, says } = await withModel()
  const project = tempDir({
    'AGENTS.md': 'Root rules.',
    'a/b/AGENTS.md': 'Rules of b. @c/extra.md',
    'a/b/c/extra.md': 'Extra rules.',
    'a/b/c/file.txt': 'text',
    'other/AGENTS.md': 'Rules of other.',
    'other/x.txt': 'needle',
  })
  says({ calls: [{ name: 'grep', args: { pattern: 'needle' } }] }, READ('a/b/c/file.txt'), READ('a/b/c/file.txt'), {
    text: 'Done.',
  })
  const { backend, id, stream, ask } = await open(home, project)
  await ask('Read')
  expect(announced(stream)).toHaveLength(1)
  expect(announced(stream)[0].text).toMatch(/from="a\/b\/AGENTS.md">\nRules of b[\s\S]*Extra rules\./)
  const [, , third, fourth] = model.requests.map(({ body }) => body)
  expect(fourth.messages.slice(0, third.messages.length)).toEqual(third.messages)
  expect(JSON.stringify(third.messages)).toContain('Rules of b')
  expect(JSON.stringify(fourth.messages)).not.toContain('Rules of other')

  // A changed file is announced, in the next turn; a deleted one, too; and a resumed session knows what it told.
  write(project, { 'a/b/AGENTS.md': 'Better rules of b, longer than before. @c/extra.md' })
  rmSync(join(project, 'AGENTS.md'))
  says({ text: 'Fine.' })
  await ask('Go on')
  expect(
    announced(stream)
      .slice(1)
      .map(({ text }) => text),
  ).toEqual([
    'These instructions have changed and replace those before:\n\n<instructions from="a/b/AGENTS.md">\nBetter rules of b, longer than before. @c/extra.md\n</instructions>\n\nThese instructions exist no more: AGENTS.md.',
  ])
  await backend.stop()

  const again = await Backend.start(home)
  await again.call(`POST /api/sessions/${id}/resume`)
  const later = await again.events(`/api/sessions/${id}/events`, 0)
  says(READ('a/b/c/file.txt'), { text: 'Fine.' })
  await again.call(`POST /api/sessions/${id}/prompt`, { text: 'Once more', wait: true })
  expect(announced(later)).toHaveLength(2)
  await again.stop()
})

test('what the model changes itself is not announced to it', async () => {
  const { home, model, says } = await withModel('[permissions]\nallow = ["write_file(**)"]')
  const project = tempDir({ 'a.txt': 'a' })
  says({ calls: [{ name: 'write_file', args: { path: 'AGENTS.md', content: 'New rules.\n' } }] }, { text: 'Done.' })
  const { backend, stream, ask } = await open(home, project)
  await ask('Write it')
  expect(announced(stream)).toEqual([])
  says({ text: 'Yes.' })
  write(project, { 'AGENTS.md': 'Rules of a person.\n' })
  await ask('And now?')
  expect(announced(stream).map(({ text }) => text)).toEqual([expect.stringContaining('Rules of a person.')])
  expect(JSON.stringify(model.requests.at(-1)!.body.messages)).toContain('Rules of a person.')
  await backend.stop()
})
