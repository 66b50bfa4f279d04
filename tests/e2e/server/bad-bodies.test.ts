import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Backend, makeHome } from '../../support/backend.ts'
import { ECHO, expectError, LONG, NOBODY } from '../../support/refused.ts'
import { tempDir } from '../../support/temp.ts'

let backend: Backend

let id: string

const project = tempDir({ 'a.txt': 'a\n' })

beforeAll(async () => {
  backend = await Backend.start(makeHome())
  id = await backend.session(project)
})

/** No request of this file, however wrong, is our fault. */
afterAll(() => {
  expect(backend.stderr).not.toMatch(/ error | {4}at /)
})

const refuses = async (line: string, body: unknown, field: string) =>
  expectError(await backend.call(line, body), 400, 'INVALID_REQUEST', field)

type Bodies = [field: string, body: unknown][]

/** What is wrong with a body for each route that takes one; `:id` is a live session, then one that never was. */
const WRONG: Record<string, Bodies> = {
  'POST /api/sessions': [
    ['project_path', {}],
    ['project_path', { project_path: null }],
    ['project_path', { project_path: 7 }],
    ['project_path', { project_path: [ECHO] }],
    ['project_path', { project_path: '' }],
    ['project_path', { project_path: `relative/${ECHO}` }],
    ['project_path', { project_path: `~/${ECHO}` }],
    ['project_path', { project_path: `/${ECHO}\0` }],
    ['project_path', { project_path: join(project, 'a.txt') }],
    ['project_path', { project_path: join(project, 'a.txt', ECHO) }],
    ['project_path', { project_path: join(project, ECHO) }],
    ['project_path', { project_path: `/${LONG}` }],
    ['project_path', { project_path: `/${'y'.repeat(3_000)}` }],
    ['model', { project_path: project, model: 7 }],
    ['model', { project_path: project, model: '' }],
    ['model', { project_path: project, model: LONG }],
    ['provider/model', { project_path: project, model: `${ECHO}/x` }],
    ['provider/model', { project_path: project, model: 'constructor/x' }],
    ['provider/model', { project_path: project, model: '__proto__/x' }],
    ['provider/model', { project_path: project, model: '/' }],
    ['agent', { project_path: project, agent: ECHO }],
    ['agent', { project_path: project, agent: 'constructor' }],
    ['agent', { project_path: project, agent: {} }],
    ['title', { project_path: project, title: 1 }],
    ['title', { project_path: project, title: LONG }],
    ['env', { project_path: project, env: [] }],
    ['env', { project_path: project, env: ECHO }],
    ['env', { project_path: project, env: { [ECHO]: 1 } }],
    ['env', { project_path: project, env: { [`A-${ECHO}`]: 'x' } }],
    ['env', { project_path: project, env: { A: `${ECHO}\0` } }],
    ['config', { project_path: project, config: [] }],
    ['config', { project_path: project, config: true }],
    ['config.auto_approve_readonly', { project_path: project, config: { auto_approve_readonly: ECHO } }],
    ['config.auto_approve_tools', { project_path: project, config: { auto_approve_tools: ECHO } }],
    ['config.auto_approve_tools.0', { project_path: project, config: { auto_approve_tools: [1] } }],
    ['config.save_transcript', { project_path: project, config: { save_transcript: 'no' } }],
  ],
  'PATCH /api/sessions/:id': [
    ['model', { model: 1 }],
    ['agent', { agent: [] }],
    ['title', { title: LONG }],
    ['config', { config: [] }],
    ['config.auto_approve_readonly', { config: { auto_approve_readonly: 1 } }],
  ],
  'POST /api/sessions/:id/prompt': [
    ['text', {}],
    ['text', { text: null }],
    ['text', { text: [ECHO] }],
    ['text', { text: '' }],
    ['text', { text: ' \n\t' }],
    ['prompt_id', { text: 'x', prompt_id: '' }],
    ['prompt_id', { text: 'x', prompt_id: LONG }],
    ['context', { text: 'x', context: [] }],
    ['context', { text: 'x', context: ECHO }],
    ['context.current_file', { text: 'x', context: { current_file: 1 } }],
    ['context.cursor_position.line', { text: 'x', context: { cursor_position: { line: 0, column: 0 } } }],
    ['context.cursor_position.line', { text: 'x', context: { cursor_position: { line: 1.5, column: 0 } } }],
    ['context.cursor_position.column', { text: 'x', context: { cursor_position: { line: 1, column: -1 } } }],
    ['context.visible_region.end', { text: 'x', context: { visible_region: { start: 1 } } }],
    ['context.region.text', { text: 'x', context: { region: { start: 1, end: 2 } } }],
    ['context.files', { text: 'x', context: { files: ECHO } }],
    ['context.buffers.0.text', { text: 'x', context: { buffers: [{ path: ECHO }] } }],
    ['context.diagnostics.0.severity', { text: 'x', context: { diagnostics: [{ path: 'a', line: 1, message: 'm' }] } }],
    ['attachments', { text: 'x', attachments: ECHO }],
    ['attachments.0', { text: 'x', attachments: [ECHO] }],
    ['attachments.0', { text: 'x', attachments: [{}] }],
    ['attachments.0', { text: 'x', attachments: [{ media_type: 'image/png', data: `!${ECHO}` }] }],
    ['attachments.0', { text: 'x', attachments: [{ media_type: ECHO, data: '' }] }],
    ['attachments', { text: 'x', attachments: Array(51).fill({ path: 'a.txt' }) }],
    ['agent', { text: 'x', agent: '' }],
    ['effort', { text: 'x', effort: ECHO }],
    ['when_busy', { text: 'x', when_busy: ECHO }],
    ['wait', { text: 'x', wait: 'yes' }],
  ],
  'POST /api/sessions/:id/approve': [
    ['tool_call_id', {}],
    ['tool_call_id', { tool_call_id: null }],
    ['tool_call_id', { tool_call_id: 1 }],
    ['tool_call_id', { tool_call_id: '' }],
    ['tool_call_id', { tool_call_id: LONG }],
    ['preview_hash', { tool_call_id: 'x', preview_hash: 1 }],
    ['params', { tool_call_id: 'x', params: [] }],
    ['params', { tool_call_id: 'x', params: ECHO }],
    ['content', { tool_call_id: 'x', content: {} }],
    ['remember', { tool_call_id: 'x', remember: ECHO }],
    ['remember', { tool_call_id: 'x', remember: true }],
  ],
  'POST /api/sessions/:id/reject': [
    ['tool_call_id', {}],
    ['tool_call_id', { tool_call_id: [] }],
    ['reason', { tool_call_id: 'x', reason: 1 }],
    ['reason', { tool_call_id: 'x', reason: 'y'.repeat(10_001) }],
  ],
  'POST /api/sessions/:id/answer': [
    ['question_id', { action: 'accept' }],
    ['question_id', { question_id: null, action: 'accept' }],
    ['action', { question_id: 'q' }],
    ['action', { question_id: 'q', action: ECHO }],
  ],
  'PUT /api/sessions/:id/buffers': [
    ['unsaved', {}],
    ['unsaved', { unsaved: null }],
    ['unsaved', { unsaved: {} }],
    ['unsaved.0', { unsaved: [[]] }],
    ['unsaved.0.path', { unsaved: [{ text: '' }] }],
    ['unsaved.0.path', { unsaved: [{ path: '', text: '' }] }],
    ['unsaved.0.path', { unsaved: [{ path: LONG, text: '' }] }],
    ['unsaved.0.text', { unsaved: [{ path: ECHO }] }],
  ],
  'PUT /api/providers/anthropic/key': [
    ['key', {}],
    ['key', { key: null }],
    ['key', { key: 1 }],
    ['key', { key: '  ' }],
    ['key', { key: `a ${ECHO}` }],
    ['key', { key: `${ECHO}\n${ECHO}` }],
    ['key', { key: LONG }],
  ],
}

const cases = Object.entries(WRONG).flatMap(([line, bodies]) =>
  bodies.map(([field, body]) => [line, JSON.stringify(body).slice(0, 80), field, body] as const),
)

test.each(cases)('%s %s is 400, about %s', async (line, _, field, body) => {
  await refuses(line.replace(':id', id), body, field)
  // Validation comes before look-up.
  if (line.includes(':id')) await refuses(line.replace(':id', NOBODY), body, field)
})

describe('what only a live session can know is wrong', () => {
  test.each([
    ['PATCH', '', { model: `${ECHO}/x` }, 'provider/model'],
    ['PATCH', '', { agent: ECHO }, 'agent'],
    ['POST', '/prompt', { text: 'x', agent: ECHO }, 'agent'],
    ['POST', '/prompt', { text: 'x', attachments: [{ path: ECHO }] }, 'attachments'],
    ['POST', '/prompt', { text: 'x', attachments: [{ path: '../../etc/passwd' }] }, 'attachments'],
    ['POST', '/prompt', { text: 'x', attachments: [{ path: '.' }] }, 'attachments'],
    ['POST', '/prompt', { text: 'x', attachments: [{ path: 'a\0' }] }, 'attachments'],
    ['POST', '/approve', { tool_call_id: 'x', params: {}, content: '' }, 'params'],
    ['POST', '/approve', { tool_call_id: 'x', params: {}, remember: 'session' }, 'remember'],
  ])('%s …%s %p', async (method, path, body, field) => {
    await refuses(`${method} /api/sessions/${id}${path}`, body, field)
    expectError(await backend.call(`${method} /api/sessions/${NOBODY}${path}`, body), 404, 'SESSION_NOT_FOUND')
  })

  test.each([
    ['POST', '/approve', { tool_call_id: ECHO }, 'INVALID_TOOL_CALL'],
    ['POST', '/reject', { tool_call_id: ECHO }, 'INVALID_TOOL_CALL'],
    ['POST', '/answer', { question_id: ECHO, action: 'accept' }, 'NOT_FOUND'],
    ['DELETE', `/queue/${ECHO}`, undefined, 'NOT_FOUND'],
  ])('%s …%s %p is 404', async (method, path, body, code) =>
    expectError(await backend.call(`${method} /api/sessions/${id}${path}`, body), 404, code),
  )

  test('nothing of all that left a trace in the session', async () => {
    const stream = await backend.events(`/api/sessions/${id}/events`, 0)
    await stream.next('agent.state')
    expect(stream.types()).toBe('session.created idle')
    stream.close()
  })
})

describe('what is not needed may be null, and what is not known is ignored', () => {
  const NULLS: [string, object, number, string][] = [
    [
      'POST /api/sessions',
      { project_path: project, title: null, model: null, agent: null, env: null, config: null, [ECHO]: 1 },
      201,
      '',
    ],
    [
      'POST /api/sessions',
      {
        project_path: project,
        config: { auto_approve_readonly: null, auto_approve_tools: null, save_transcript: null, [ECHO]: 1 },
      },
      201,
      '',
    ],
    ['PATCH /api/sessions/:id', { title: null, model: null, agent: null, config: null, [ECHO]: 1 }, 200, ''],
    ['PATCH /api/sessions/:id', { config: { auto_approve_readonly: null, save_transcript: null } }, 200, ''],
    ['PATCH /api/sessions/:id', {}, 200, ''],
    [
      'POST /api/sessions/:id/approve',
      { tool_call_id: 'x', preview_hash: null, params: null, content: null, remember: null },
      404,
      'INVALID_TOOL_CALL',
    ],
    ['POST /api/sessions/:id/reject', { tool_call_id: 'x', reason: null }, 404, 'INVALID_TOOL_CALL'],
    ['POST /api/sessions/:id/answer', { question_id: 'x', action: 'accept', content: null }, 404, 'NOT_FOUND'],
    ['PUT /api/sessions/:id/buffers', { unsaved: [], [ECHO]: [] }, 200, ''],
    ['POST /api/sessions/:id/interrupt', { [ECHO]: null }, 200, ''],
  ]
  test.each(NULLS)('%s %p is %d', async (line, body, status, code) => {
    const reply = await backend.call(line.replace(':id', id), body)
    if (code) return expectError(reply, status, code)
    expect(reply.status).toBe(status)
    if (reply.body.config)
      expect(reply.body.config).toEqual({
        auto_approve_readonly: true,
        auto_approve_tools: [],
        save_transcript: true,
        mode: 'ask',
      })
  })

  test('a prompt with every optional field null', async () => {
    const none = { prompt_id: null, attachments: null, agent: null, effort: null, when_busy: null, context: null }
    const context = {
      current_file: null,
      cursor_position: null,
      visible_region: null,
      region: null,
      files: null,
      buffers: null,
      diagnostics: null,
      [ECHO]: 1,
    }
    const own = await backend.session(project)
    for (const more of [
      none,
      { ...none, context },
      { ...none, context: { region: { path: null, start: 1, end: 1, text: 'x' } } },
    ]) {
      const reply = await backend.call(`POST /api/sessions/${own}/prompt`, { text: 'help', wait: true, ...more })
      expect({ ...reply.body }).toMatchObject({ status: 'success' })
    }
  })

  test('fields named like parts of objects are fields like any other', async () => {
    const reply = await backend.call(
      'POST /api/sessions',
      `{"project_path":${JSON.stringify(project)},"__proto__":{"model":"${ECHO}/x"},"constructor":{"agent":"x"}}`,
    )
    expect(reply.status).toBe(201)
    expect(reply.body.agent).toBe('build')
  })
})

test('nothing was written that was not asked for', () => {
  expect(existsSync(join(project, ECHO))).toBe(false)
  expect(readFileSync(join(project, 'a.txt'), 'utf8')).toBe('a\n')
})
