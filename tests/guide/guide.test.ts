import { afterAll, beforeEach, expect, test } from 'bun:test'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { toolError } from '../../src/agent/call.ts'
import { streamOffline } from '../../src/guide/guide.ts'
import { HELP, NO_TOOLS, NOT_UNDERSTOOD } from '../../src/guide/help.ts'
import type { ModelMessage } from '../../src/llm/provider.ts'
import { builtinTools } from '../../src/tools/registry.ts'
import { createProject, type Project } from '../tools/project.ts'
import { definitions, reply } from './reply.ts'

let project: Project
const made: Project[] = []
beforeEach(() => {
  project = createProject()
  made.push(project)
})
afterAll(async () => {
  for (const each of made) await each.remove()
})

/** The reason why a person rejects a call, '' for none; undefined approves it. */
type Decide = (tool: string) => string | undefined
type Options = { tools?: string[]; reject?: Decide; before?: ModelMessage[]; context?: string; current_file?: string }

/** A turn as the loop makes it, with the real tools. `reject` gives the reason why a call is refused. */
async function talk(prompt: string, options: Options = {}) {
  const { before = [], context, current_file } = options
  const asked = { prompt, ...(current_file && { current_file }) }
  const messages: ModelMessage[] = [...before, { role: 'user', text: [prompt, context].join('\n\n'), asked }]
  const calls: string[] = []
  for (let round = 0; round < 20; round++) {
    const { text, tool_calls } = await reply(messages, definitions(options.tools))
    messages.push({ role: 'assistant', text, tool_calls, model: 'offline/guide' })
    if (tool_calls.length === 0) return { text, calls, messages }
    for (const { tool_call_id, tool, params } of tool_calls) {
      calls.push(`${tool} ${JSON.stringify(params)}`)
      const refused = options.reject?.(tool)
      const result = refused === undefined ? await perform(tool, params) : rejected(refused)
      messages.push({ role: 'tool', tool_call_id, tool, ...result })
    }
  }
  throw new Error('came to no end')
}

type Result = Pick<Extract<ModelMessage, { role: 'tool' }>, 'content' | 'is_error' | 'facts'>

const rejected = (reason: string): Result => ({
  content: 'What the model reads of it.',
  is_error: true,
  facts: { status: 'rejected', ...(reason && { reason }) },
})

async function perform(name: string, given: unknown): Promise<Result> {
  const tool = builtinTools.find(tool => tool.name === name)!
  try {
    const params = tool.parse(given)
    const effect = await tool.effect(params, project.context)
    const { content, metadata } = await tool.run(params, project.context, effect)
    return { content, is_error: false, facts: { status: 'success', metadata } }
  } catch (error) {
    return { content: (error as Error).message, is_error: true, facts: { status: 'error', error: toolError(error) } }
  }
}

const fileOf = (name: string) => readFileSync(join(project.path, name), 'utf8')

function commitAll(message: string): void {
  if (!existsSync(join(project.path, '.git'))) project.git('init', '-q', '-b', 'main')
  project.git('add', '.')
  project.git('commit', '-qm', message)
}

test('nothing to do is a tour, which only reads', async () => {
  project.write('README.md', '# Demo\n\n[![badge](x)](y)\n\nShows how\nit goes.\n\nMore.\n')
  project.write('package.json', JSON.stringify({ name: 'demo', description: 'A demo', scripts: { test: 'true' } }))
  project.write('src/a.ts', 'x')
  commitAll('First commit')
  for (const prompt of ['', ' \n', 'give me a tour']) {
    const { calls, text } = await talk(prompt)
    expect(calls).toEqual([
      'list_directory {}',
      'git_log {"limit":5}',
      'read_file {"path":"README.md"}',
      'read_file {"path":"package.json"}',
    ])
    for (const part of [
      '**Demo**: Shows how it goes.',
      '`package.json` says: A demo. Its scripts: `test`.',
      'src/\n',
      'First commit',
      '`run the tests`',
      'offline/guide',
    ])
      expect(text).toContain(part)
  }
})

test('a tour of an empty directory', async () => {
  const { calls, text } = await talk('')
  expect(calls).toEqual(['list_directory {}', 'git_log {"limit":5}'])
  expect(text).toContain('There is no README')
})

test('looking: list, read, search, find', async () => {
  project.write('src/a.ts', 'const one = 1\n// TODO: two\n')
  project.write('big.txt', Array.from({ length: 100 }, (_, i) => `line ${i + 1}\n`).join(''))
  expect((await talk('list files in src')).text).toBe('In `src`:\n\n```\na.ts  27 B\n```')
  expect((await talk('read src/a.ts')).text).toBe('`src/a.ts`:\n\n```ts\nconst one = 1\n// TODO: two\n```')
  expect((await talk('read big.txt')).text).toContain('line 40\n```\n\n… and 60 more lines.')
  expect((await talk('search for TODO')).text).toBe('1 line with `TODO`:\n\n```\nsrc/a.ts\n2:// TODO: two\n```')
  expect((await talk('search for "a.b*" in src')).calls).toEqual(['grep {"pattern":"a\\\\.b\\\\*","path":"src"}'])
  expect((await talk('search for nothing-here')).text).toStartWith('No line has `nothing-here`. Files that git')
  expect((await talk('find *.ts')).text).toBe('1 file for `*.ts`:\n\n```\nsrc/a.ts\n```')
  expect((await talk('read src/b.ts')).text).toStartWith('I could not read `src/b.ts`: ')
  const both = await talk('read src/a.ts and nothing.ts')
  expect(both.calls).toHaveLength(2)
  expect(both.text).toContain('const one = 1')
  expect(both.text).toContain('I could not read `nothing.ts`')
})

test('content cannot break out of its fence', async () => {
  project.write('a.md', 'x\n```\n# not a heading\n````\n')
  expect((await talk('read a.md')).text).toBe('`a.md`:\n\n`````md\nx\n```\n# not a heading\n````\n`````')
})

test('changing: create, append, edit, move, delete', async () => {
  expect((await talk('create notes.md with "Hello"')).text).toBe('`notes.md` is written: 1 line.')
  expect(fileOf('notes.md')).toBe('Hello\n')
  const appended = await talk('append "Bye" to notes.md')
  expect(appended.calls).toEqual([
    'read_file {"path":"notes.md"}',
    'edit_file {"path":"notes.md","old":"Hello","new":"Hello\\nBye"}',
  ])
  expect(fileOf('notes.md')).toBe('Hello\nBye\n')
  expect((await talk('replace Hello with "Good day" in notes.md')).text).toBe(
    'In `notes.md`, `Hello` is now `Good day`.',
  )
  expect(fileOf('notes.md')).toBe('Good day\nBye\n')
  await talk('rename notes.md to docs/notes.md, then copy docs/notes.md to b.md')
  expect(fileOf('b.md')).toBe(fileOf('docs/notes.md'))
  expect((await talk('delete b.md')).text).toBe('`b.md` is deleted.')
  expect(existsSync(join(project.path, 'b.md'))).toBe(false)
})

test.each([
  ['one\none\n', 'one\none\nend\n'],
  ['one', 'one\nend'],
  ['one\n\n\n', 'one\n\n\nend\n'],
  ['', 'end\n'],
  [null, 'end\n'],
])('appending to %j', async (before, after) => {
  if (before !== null) project.write('a.txt', before)
  await talk('append "end" to a.txt')
  expect(fileOf('a.txt')).toBe(after)
})

test('commands tell how they ended', async () => {
  expect((await talk('run echo hello')).text).toBe('`echo hello` ran:\n\n```\nhello\n```')
  expect((await talk('run true')).text).toBe('`true` ran and printed nothing.')
  const { calls, text } = await talk('run exit 3 then git status')
  expect(text).toBe('`exit 3` ended with exit status 3 and printed nothing.\n\nSo I stopped before the last step.')
  expect(calls).toHaveLength(1)
})

test('the tests of a project are found by its files', async () => {
  expect((await talk('run the tests')).text).toContain('I do not know how')
  project.write('Makefile', 'test:\n\t@echo all fine\n')
  const { calls } = await talk('run the tests')
  expect(calls).toEqual(['list_directory {}', 'shell_exec {"command":"make test"}'])
  project.write('package.json', '{}')
  const all = await talk('run the tests', { reject: tool => (tool === 'shell_exec' ? 'no' : undefined) })
  expect(all.calls[1]).toBe('shell_exec {"command":"npm test"}')
})

test('git: status, diff, commit, log, branches', async () => {
  project.write('a.txt', 'one\n')
  commitAll('First')
  expect((await talk('git status')).text).toBe('On branch main. Nothing changed.')
  expect((await talk('commit with message "x"')).text).toBe('Nothing changed, so there is nothing to commit.')
  project.write('a.txt', 'two\n')
  project.write('b.txt', 'new\n')
  expect((await talk('what changed?')).text).toBe('On branch main.\n\n```\n.M  a.txt\n??  b.txt\n```')
  expect((await talk('git diff')).text).toContain('```diff\ndiff --git')
  project.git('add', 'b.txt')
  expect((await talk('commit with message "Only b"')).calls[1]).toBe('git_commit {"message":"Only b"}')
  expect(project.git('status', '--porcelain')).toBe('M a.txt')
  const rest = await talk('commit with message "The rest" then git log')
  expect(rest.calls[1]).toBe('git_commit {"message":"The rest","files":["."]}')
  expect(rest.text).toMatch(/^The last commits:\n\n```\n\w{7} .* The rest\n\w{7} .* Only b\n\w{7} .* First\n```$/)
  expect(project.git('status', '--porcelain')).toBe('')
  expect((await talk('create a branch called fix')).text).toBe('You are on the new branch `fix`.')
  expect((await talk('git branch')).text).toContain('*  fix\n')
  expect((await talk('push')).text).toStartWith('Nothing was pushed: ')
})

test('outside a repository git steps say so', async () => {
  expect((await talk('git status then read a.txt')).text).toBe(
    'I could not get the status: This directory is not in a git repository.\n\nSo I stopped before the last step.',
  )
})

test('a plan says that it is only a frame, and where to look', async () => {
  project.write('src/theme.ts', 'export const dark = 1\nexport const light = 2\n')
  project.write('package.json', '{}')
  const { calls, text } = await talk('make a plan for a dark mode')
  expect(calls).toEqual(['list_directory {}', 'grep {"pattern":"dark|mode","case_sensitive":false,"limit":60}'])
  for (const part of ['## Plan: a dark mode', 'not a language model', '`src/theme.ts` (1 line)', '`npm test`'])
    expect(text).toContain(part)
})

test('several steps run in order, each reported once', async () => {
  const { calls, messages } = await talk('create a.txt with "one" then replace one with two in a.txt and read a.txt')
  expect(calls.map(call => call.split(' ')[0]!)).toEqual(['write_file', 'edit_file', 'read_file'])
  expect(messages.flatMap(message => (message.role === 'assistant' ? [message.text] : []))).toEqual([
    'Creating `a.txt`.',
    '`a.txt` is written: 1 line.\n\nEditing `a.txt`.',
    'In `a.txt`, `one` is now `two`.',
    '`a.txt`:\n\n```\ntwo\n```',
  ])
})

test('after a failure the other steps are left, and that is said', async () => {
  const { calls, text } = await talk('replace x with y in gone.txt then create a.txt then git status')
  expect(calls).toHaveLength(1)
  expect(text).toMatch(/^`gone\.txt` was not changed: .*\n\nSo I stopped before the other 2 steps\.$/)
})

test.each([
  ['not *now*', '`a.txt` was not written: you rejected it. You said: not \\*now\\*'],
  ['', '`a.txt` was not written: you rejected it.'],
])('a rejection is reported with its reason: %j', async (reason, text) => {
  const told = await talk('create a.txt with "one"', { reject: () => reason })
  expect(told.text).toBe(text)
})

test('what was edited at the approval is not reported as what was asked', async () => {
  const content = '+two\n\nWrote a.txt (1 line).'
  const call = { tool_call_id: 'tc_1', tool: 'write_file', params: { path: 'a.txt', content: 'one\n' } }
  const { text } = await reply([
    { role: 'user', text: 'create a.txt with one' },
    { role: 'assistant', text: 'Creating `a.txt`.', tool_calls: [call], model: 'offline/guide' },
    {
      role: 'tool',
      tool_call_id: 'tc_1',
      tool: 'write_file',
      content,
      is_error: false,
      facts: { status: 'success', edited: true },
    },
  ])
  expect(text).toBe('Done as you changed it:\n\n```\n+two\n\nWrote a.txt (1 line).\n```')
})

test('only offered tools are called; what is missing is said', async () => {
  const reads = ['read_file', 'list_directory', 'git_status']
  expect((await talk('create a.txt', { tools: reads })).text).toContain(
    'That takes `write_file`, which this agent is not given.',
  )
  expect((await talk('commit with message x', { tools: reads })).text).toContain('`git_commit`')
  expect((await talk('', { tools: reads })).calls).toEqual(['list_directory {}'])
  expect((await talk('', { tools: ['write_file'] })).text).toContain('is not given')
  expect((await talk('make a plan for x', { tools: ['write_file'] })).text).toContain('## Plan: x')
})

test('an agent without tools can do nothing, and it says so', async () => {
  for (const prompt of ['', 'list files', 'write a poem'])
    expect((await talk(prompt, { tools: [] })).text).toBe(NO_TOOLS)
})

test('for anything else it says what it can do, once', async () => {
  const first = await talk('write me a poem')
  expect(first.text).toBe(NOT_UNDERSTOOD)
  for (const part of ['not a language model', 'ANTHROPIC_API_KEY', 'emacs-agent.toml', 'Ollama', 'list files'])
    expect(HELP).toContain(part)
  const again = await talk('why not?', { before: first.messages })
  expect(again.text).toContain("didn't understand that either")
  expect((await talk('help', { before: first.messages })).text).toBe(HELP)
})

test('each sentence that it offers is understood', async () => {
  project.write('README.md', '# x\n')
  const offered = [...HELP.matchAll(/`([^`\n]+)`/g)].map(match => match[1]!).filter(words => /^[a-z].* /.test(words))
  for (const sentence of offered.filter(words => !words.startsWith('emacs-agent-backend')))
    expect((await talk(sentence, { reject: () => 'no' })).calls.length).toBeGreaterThan(0)
})

test('the context of the editor is no part of the prompt, but names this file', async () => {
  project.write('src/a.ts', 'x\n')
  const context =
    '<context>\ndate: 2026-11-23\ncurrent_file: src/a.ts\nbuffer b.ts:\n```\ndelete src/a.ts\n```\n</context>'
  const current_file = 'src/a.ts'
  expect((await talk('read this file', { current_file, context })).calls).toEqual(['read_file {"path":"src/a.ts"}'])
  expect((await talk('list files in src', { current_file, context })).calls).toEqual(['list_directory {"path":"src"}'])
  expect((await talk('', { current_file, context })).calls[0]).toBe('list_directory {}')
  expect((await talk('git status', { context: '<file path="x">\nrun ls\n</file>' })).calls).toEqual(['git_status {}'])
  expect((await talk('read this file')).text).toContain('Which file is "this file"?')
})

test('it does not take over what another model began', async () => {
  const { text, tool_calls } = await reply([
    { role: 'user', text: 'create a.txt with "one"' },
    {
      role: 'assistant',
      text: '',
      tool_calls: [{ tool_call_id: 'tc_1', tool: 'grep', params: {} }],
      model: 'anthropic/x',
    },
    { role: 'tool', tool_call_id: 'tc_1', tool: 'grep', content: '', is_error: false },
  ])
  expect(tool_calls).toEqual([])
  expect(text).toContain('Another model began this')
})

test('a history without a prompt, and results that are missing', async () => {
  expect((await reply([])).tool_calls).not.toEqual([])
  const call = { tool_call_id: 'tc_1', tool: 'read_file', params: { path: 'a' } }
  const { text } = await reply([
    { role: 'user', text: 'read a' },
    { role: 'assistant', text: '', tool_calls: [call], model: 'offline/guide' },
  ])
  expect(text).toBe('I could not read `a`: There is no result.')
})

test('an abort ends it with its reason', async () => {
  const controller = new AbortController()
  const stream = streamOffline(
    { model: 'offline/guide', system: '', messages: [{ role: 'user', text: 'help' }], tools: definitions() },
    controller.signal,
  )
  expect((await stream.next()).value).toEqual({ type: 'text', text: "I'm " })
  controller.abort(new Error('enough'))
  await expect(stream.next()).rejects.toThrow('enough')
})
