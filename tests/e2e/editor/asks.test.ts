import { beforeAll, expect, test } from 'bun:test'
import { join } from 'node:path'
import { encode } from 'gpt-tokenizer'
import { editorTools } from '../../../src/tools/editor/editor-tools.ts'
import { call, type Scripted, startScripted } from '../../support/scripted.ts'
import { withEditor } from '../../support/stub-editor.ts'
import { tempDir } from '../../support/temp.ts'

let scripted: Scripted
beforeAll(async () => {
  scripted = await startScripted({ config: '[permissions]\nallow = ["eval_elisp"]\n' })
})

const FILES = { 'a.ts': 'a', '.env': 'KEY=x' }
const open = (more: object = {}) => withEditor(scripted, undefined, FILES, more)

test('the definitions of all tools take at most 350 tokens', () => {
  const sent = editorTools.map(({ name, description, parameters }) => ({ name, description, input_schema: parameters }))
  expect(encode(JSON.stringify(sent)).length).toBeLessThanOrEqual(350)
  expect(JSON.stringify(sent).length / 4).toBeLessThanOrEqual(350)
})

test('eval_elisp asks each time, whatever is allowed, and is never remembered', async () => {
  const editor = await open({ config: { auto_approve_tools: ['eval_elisp'] } })
  for (let round = 0; round < 2; round++) {
    const { called, request, told } = await editor.answered(call('eval_elisp', { form: '(+ 1 2)' }), '3')
    expect(called).toMatchObject({
      requires_approval: true,
      category: 'editor',
      reason: 'Evaluate in Stub: (+ 1 2)',
      params: { form: '(+ 1 2)' },
    })
    expect(called.danger).toBeString()
    expect(called).not.toHaveProperty('remember')
    expect(request).toMatchObject({ tool: 'eval_elisp', params: { form: '(+ 1 2)' } })
    expect(told).toBe('3')
  }
})

test('an approval that would be remembered is refused', async () => {
  const editor = await open()
  const { result } = await editor.make(call('eval_elisp', { code: '(+ 1 2)' }), async (stream, from) => {
    const { tool_call_id } = (await stream.next('tool.call', from)).data
    const remembering = await scripted.backend.call(`POST ${editor.path}/approve`, {
      tool_call_id,
      remember: 'session',
    })
    expect(remembering.status).toBe(400)
    await scripted.backend.call(`POST ${editor.path}/reject`, { tool_call_id })
  })
  expect(result.status).toBe('rejected')
})

test('compile asks, and a rejected one reaches no editor', async () => {
  const editor = await open()
  const { called, result } = await editor.judged(call('compile', {}))
  expect(called).toMatchObject({ requires_approval: true, reason: 'Run the compile-command of Stub' })
  expect(called).not.toHaveProperty('remember')
  expect(result.status).toBe('rejected')
  expect(editor.stream.frames.some(({ event }) => event === 'editor.request')).toBe(false)
  const made = await editor.answered(call('compile', {}), 'a.c:3: error: no')
  expect(made.request).toMatchObject({ tool: 'compile', params: { directory: editor.project } })
  expect(made.told).toBe('a.c:3: error: no')
})

test('progress of a compilation is forwarded', async () => {
  const editor = await open()
  const { frames, told } = await editor.make(call('compile', {}), async (stream, from) => {
    const { tool_call_id } = (await stream.next('tool.call', from)).data
    await scripted.backend.call(`POST ${editor.path}/approve`, { tool_call_id })
    const { request_id } = await editor.request(from)
    expect((await editor.reply(request_id, { progress: { message: 'make', output: 'cc a.c\n' } })).status).toBe(200)
    await editor.reply(request_id, { result: 'done' })
  })
  const progress = frames.filter(({ event }) => event === 'tool.progress').map(({ data }) => data)
  expect(progress).toMatchObject([{ message: 'make', output: 'cc a.c\n' }])
  expect(told).toBe('done')
})

test('an agent that only reads is not offered what runs code', async () => {
  const editor = await open({ agent: 'plan' })
  await editor.talk()
  expect(editor.offered()).toContain('diagnostics')
  expect(editor.offered()).not.toContain('eval_elisp')
  expect(editor.offered()).not.toContain('compile')
})

test('buffers are listed without those of closed files', async () => {
  const editor = await open()
  const { called, told } = await editor.answered(call('buffers', {}), {
    buffers: [
      { name: 'a.ts', path: join(editor.project, 'a.ts'), modified: true },
      { name: '.env', path: join(editor.project, '.env'), modified: false },
      { name: 'config', path: '/root/.ssh/config', modified: false },
      { name: '*scratch*', modified: false },
      { path: 'no name' },
    ],
  })
  expect(called.requires_approval).toBe(false)
  expect(told).toBe('a.ts [modified] a.ts\n*scratch*')
})

const outside = join(tempDir({ 'b.ts': 'b' }), 'b.ts')
test.each([
  ['a.ts', false, 'Read the buffer a.ts'],
  ['*scratch*', true, 'Read the buffer *scratch*. It visits no file'],
  ['b.ts', true, `Read the buffer b.ts. It visits ${outside}, outside of the project`],
  ['other', true, 'Read the buffer other. It is not known what it shows'],
])('reading the buffer %s asks: %p', async (name, asks, reason) => {
  const editor = await open()
  const buffers = [
    { name: 'a.ts', path: join(editor.project, 'a.ts'), modified: true },
    { name: 'b.ts', path: outside, modified: false },
    { name: '*scratch*', path: null, modified: false },
  ]
  await editor.answered(call('buffers', {}), { buffers })
  const known = buffers.find(buffer => buffer.name === name)
  const { called, told, request } = await editor.answered(call('buffers', { name, offset: 2, limit: 1 }), {
    ...known,
    name,
    text: 'unsaved text',
  })
  expect(called).toMatchObject({ requires_approval: asks, reason })
  expect(called).not.toHaveProperty('remember')
  expect(request.params).toMatchObject({ name, offset: 2, limit: 1 })
  expect(told).toBe('unsaved text')
})

test('a buffer is also named by its file', async () => {
  const editor = await open()
  const path = join(editor.project, 'a.ts')
  const { called } = await editor.answered(call('buffers', { path }), { name: 'a.ts', path, modified: true, text: 'x' })
  expect(called.requires_approval).toBe(false)
})

test('buffers of closed files stay closed, whatever they are called', async () => {
  const editor = await open()
  const closed = join(editor.project, '.env')
  expect((await editor.judged(call('buffers', { name: closed }))).result.error.code).toBe('PERMISSION_DENIED')
  const { result } = await editor.answered(call('buffers', { name: 'env' }), {
    name: 'env',
    path: closed,
    text: 'KEY=x',
  })
  expect(result.error.code).toBe('PERMISSION_DENIED')
  const path = join(editor.project, 'a.ts')
  await editor.answered(call('buffers', {}), { buffers: [{ name: 'a.ts', path, modified: false }] })
  const swapped = await editor.answered(call('buffers', { name: 'a.ts' }), { name: 'a.ts', path: outside, text: 'b' })
  expect(swapped.result.error.message).toContain('shows another file than before')
})
