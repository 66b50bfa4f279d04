import { beforeAll, expect, test } from 'bun:test'
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { committed, git, gitState, worktreesOf } from '../../support/committed.ts'
import { begun, isTask } from '../../support/delegating.ts'
import type { Said } from '../../support/model-replies.ts'
import { many } from '../../support/model-session.ts'
import { call, pending, type Scripted, startScripted } from '../../support/scripted.ts'
import { tempDir } from '../../support/temp.ts'

let scripted: Scripted
beforeAll(async () => {
  scripted = await startScripted({
    config: `[agents.alone]\nisolation = "worktree"\n[permissions]\ndeny = ["write_file(locked/**)"]\n`,
  })
})

const worktrees = () => worktreesOf(scripted.home)

/** A turn that gives the isolated agent a task, which makes its calls one after another. */
async function delegated(
  project: string,
  calls: (Said | (() => Said))[],
  more: object = {},
  requests = calls.length + 3,
) {
  let at = 0
  return await begun(
    scripted,
    {},
    (asked, text) => {
      if (isTask(asked)) {
        const next = calls[at++] ?? { text: 'Done it.' }
        return typeof next === 'function' ? next() : next
      }
      return text === 'go' ? call('delegate', { agent: 'alone', task: 'do it', ...more }) : { text: 'ok' }
    },
    requests,
    project,
  )
}

const files = { 'a.txt': 'one\n', 'b.txt': 'keep\n', '.gitignore': 'ignored/\n' }
const edit: Said = call('write_file', { path: 'a.txt', content: 'two\n' })

test('its edits do not ask; the diff is an approval of the call, and nothing reaches the project before', async () => {
  const project = committed(files)
  writeFileSync(join(project, 'b.txt'), 'uncommitted\n')
  writeFileSync(join(project, 'new.txt'), 'untracked\n')
  const before = gitState(project)
  const { id, stream, asked } = await delegated(project, [
    many(['read_file', { path: 'b.txt' }], ['read_file', { path: 'new.txt' }]),
    call('edit_file', { path: 'a.txt', old: 'one', new: 'two' }),
    call('write_file', { path: 'sub/c.txt', content: 'three\n' }),
    call('delete_file', { path: 'new.txt' }),
  ])
  const { data } = await pending(stream)
  const first = (await stream.next('tool.call')).data
  expect(data).toMatchObject({ tool: 'delegate', tool_call_id: first.tool_call_id, params: first.params })
  expect(data.parent_tool_call_id).toBeUndefined()
  expect(data.reason).toBe('Apply what alone changed: 3 files')
  expect(data.preview.files.map((file: any) => file.path)).toEqual(['a.txt', 'new.txt', 'sub/c.txt'])
  expect(data.preview.files[0].diff).toContain('-one\n+two')
  expect(first.requires_approval).toBe(false)
  // The copy has what is not committed.
  const read = stream.stored.filter(event => event.type === 'tool.result').slice(0, 2)
  expect(read.map((event: any) => event.result.content)).toEqual([
    expect.stringContaining('uncommitted'),
    expect.stringContaining('untracked'),
  ])
  expect(readFileSync(join(project, 'a.txt'), 'utf8')).toBe('one\n')
  expect(existsSync(join(project, 'sub'))).toBe(false)
  expect(stream.stored.some(event => event.type === 'file.changed')).toBe(false)
  expect(git(project, 'worktree', 'list').trim().split('\n')).toHaveLength(2)
  const { backend } = scripted
  const stale = { tool_call_id: data.tool_call_id, preview_hash: 'sha256:0' }
  expect((await backend.call(`POST /api/sessions/${id}/approve`, stale)).body.error.code).toBe('STALE_PREVIEW')
  const decision = { tool_call_id: data.tool_call_id, preview_hash: data.preview.hash }
  expect((await backend.call(`POST /api/sessions/${id}/approve`, decision)).status).toBe(200)
  await stream.idle()
  expect(readFileSync(join(project, 'a.txt'), 'utf8')).toBe('two\n')
  expect(readFileSync(join(project, 'sub/c.txt'), 'utf8')).toBe('three\n')
  expect(existsSync(join(project, 'new.txt'))).toBe(false)
  const changed = stream.stored.filter(event => event.type === 'file.changed')
  expect(changed.map(({ path, change, tool_call_id }: any) => [path, change, tool_call_id])).toEqual([
    ['a.txt', 'modified', data.tool_call_id],
    ['new.txt', 'deleted', data.tool_call_id],
    ['sub/c.txt', 'created', data.tool_call_id],
  ])
  const told = asked().at(-1)!.body.messages.at(-1).content
  expect(told).toBe('Done it.\n\n[Its changes are in the project now: a.txt, new.txt, sub/c.txt.]')
  // Nothing is left of it, and git knows of nothing.
  expect(worktrees()).toEqual([])
  expect(gitState(project)).toBe(before)
  const undone = await backend.call(`POST /api/sessions/${id}/undo`, {})
  expect(undone.body.restored.map(({ path }: any) => path).sort()).toEqual(['a.txt', 'new.txt', 'sub/c.txt'])
  expect(readFileSync(join(project, 'a.txt'), 'utf8')).toBe('one\n')
  expect(readFileSync(join(project, 'new.txt'), 'utf8')).toBe('untracked\n')
  expect(existsSync(join(project, 'sub/c.txt'))).toBe(false)
})

test('a rejection drops the changes, and the result says so', async () => {
  const project = committed(files)
  const { id, stream, asked } = await delegated(project, [edit])
  const { data } = await pending(stream)
  const rejection = { tool_call_id: data.tool_call_id, reason: 'Not so.' }
  await scripted.backend.call(`POST /api/sessions/${id}/reject`, rejection)
  await stream.idle()
  const result: any = stream.stored.findLast(event => event.type === 'tool.result')
  expect(result).toMatchObject({ tool: 'delegate', status: 'rejected', reason: 'Not so.' })
  const told = asked().at(-1)!.body.messages.at(-1).content
  expect(told).toContain('Not so.')
  expect(told).toContain('What alone changed was dropped.')
  expect(told).toContain('Done it.')
  expect(readFileSync(join(project, 'a.txt'), 'utf8')).toBe('one\n')
  expect(worktrees()).toEqual([])
})

test('one file can be approved with other content', async () => {
  const project = committed(files)
  const { id, stream } = await delegated(project, [edit])
  const { data } = await pending(stream)
  const { backend } = scripted
  const other = { tool_call_id: data.tool_call_id, params: { agent: 'build', task: 'something else' } }
  expect((await backend.call(`POST /api/sessions/${id}/approve`, other)).body.error.message).toContain(
    'The task is done',
  )
  await backend.call(`POST /api/sessions/${id}/approve`, { tool_call_id: data.tool_call_id, content: 'mine\n' })
  await stream.idle()
  expect(readFileSync(join(project, 'a.txt'), 'utf8')).toBe('mine\n')
  expect(stream.stored.find(event => event.type === 'approval')).toMatchObject({ decision: 'approved', edited: true })
})

test('a file that changed in the project meanwhile is STALE_FILE, and nothing is applied', async () => {
  const project = committed(files)
  const { stream, asked } = await delegated(project, [
    call('write_file', { path: 'b.txt', content: 'other\n' }),
    () => {
      writeFileSync(join(project, 'a.txt'), 'theirs\n')
      return edit
    },
  ])
  await stream.idle()
  const result: any = stream.stored.findLast(event => event.type === 'tool.result')
  expect(result).toMatchObject({ tool: 'delegate', error: { code: 'STALE_FILE' } })
  expect(asked().at(-1)!.body.messages.at(-1).content).toContain('a.txt was changed in the project while the agent')
  expect(readFileSync(join(project, 'b.txt'), 'utf8')).toBe('keep\n')
})

test('a file that changes while the approval waits is shown afresh', async () => {
  const project = committed(files)
  const { id, stream } = await delegated(project, [edit])
  const { data } = await pending(stream)
  writeFileSync(join(project, 'a.txt'), 'theirs\n')
  const decision = { tool_call_id: data.tool_call_id, preview_hash: data.preview.hash }
  const { status, body } = await scripted.backend.call(`POST /api/sessions/${id}/approve`, decision)
  expect([status, body.error.code]).toEqual([409, 'STALE_PREVIEW'])
  await scripted.backend.call(`POST /api/sessions/${id}/reject`, { tool_call_id: data.tool_call_id })
  await stream.idle()
  expect(readFileSync(join(project, 'a.txt'), 'utf8')).toBe('theirs\n')
})

test('rules hold in the copy', async () => {
  const project = committed(files)
  writeFileSync(join(project, '.env'), 'SECRET=1\n')
  const { stream } = await delegated(project, [
    call('write_file', { path: 'locked/x', content: '' }),
    call('read_file', { path: join(project, 'a.txt') }),
    call('read_file', { path: '.env' }),
    call('write_file', { path: '../outside', content: '' }),
  ])
  await stream.idle()
  const codes = stream.stored.flatMap(event => (event.type === 'tool.result' ? [event.error?.code] : []))
  expect(codes).toEqual(['PERMISSION_DENIED', 'PERMISSION_DENIED', 'PERMISSION_DENIED', 'PERMISSION_DENIED', undefined])
  expect(stream.stored.some(event => event.type === 'tool.call' && event.requires_approval)).toBe(false)
})

test('no hook and no filter of the repository runs', async () => {
  const project = committed({ ...files, '.gitattributes': '* filter=evil\n' })
  const trace = join(tempDir(), 'ran')
  for (const hook of ['post-checkout', 'post-index-change', 'reference-transaction', 'fsmonitor-watchman']) {
    writeFileSync(join(project, '.git/hooks', hook), `#!/bin/sh\necho ${hook} >> ${trace}\n`)
    chmodSync(join(project, '.git/hooks', hook), 0o755)
  }
  git(project, 'config', 'core.fsmonitor', join(project, '.git/hooks/fsmonitor-watchman'))
  for (const side of ['clean', 'smudge']) git(project, 'config', `filter.evil.${side}`, `sh -c 'echo >> ${trace}; cat'`)
  const { id, stream } = await delegated(project, [edit])
  const { data } = await pending(stream)
  await scripted.backend.call(`POST /api/sessions/${id}/approve`, { tool_call_id: data.tool_call_id })
  await stream.idle()
  expect(existsSync(trace)).toBe(false)
  expect(readFileSync(join(project, 'a.txt'), 'utf8')).toBe('two\n')
})

test.each([
  ['without git', () => tempDir(files), 'it needs a git repository'],
  [
    'without a commit',
    () => {
      const root = tempDir(files)
      git(root, 'init', '-q')
      return root
    },
    'the repository has no commit yet',
  ],
])('%s it is an error that says so', async (_, make, why) => {
  const { stream, asked } = await delegated(make(), [], {}, 2)
  await stream.idle()
  expect(stream.stored.findLast(event => event.type === 'tool.result')).toMatchObject({ status: 'error' })
  expect(asked().at(-1)!.body.messages.at(-1).content).toContain(why)
})

test('an agent that changes nothing asks nothing', async () => {
  const { stream, asked } = await delegated(committed(files), [call('read_file', { path: 'a.txt' })])
  await stream.idle()
  expect(asked().at(-1)!.body.messages.at(-1).content).toBe('Done it.\n\n[It changed no file.]')
})

test('in the background the changes are asked for when it is done, by the agent, and the report says what became of them', async () => {
  const project = committed(files)
  const { id, stream } = await delegated(project, [edit], { background: true }, 5)
  const { data } = await pending(stream)
  const [started] = stream.stored.filter(event => event.type === 'tool.call')
  expect(data).toMatchObject({ tool: 'delegate', agent: 'alone', parent_tool_call_id: (started as any).tool_call_id })
  await scripted.backend.call(`POST /api/sessions/${id}/approve`, { tool_call_id: data.tool_call_id })
  const report = (await stream.until(({ event, data }) => event === 'prompt' && data.report_of)).data
  expect(report.text).toContain('Done it.\n\n[Its changes are in the project now: a.txt.]')
  await stream.settled(report.turn_id)
  expect(readFileSync(join(project, 'a.txt'), 'utf8')).toBe('two\n')
  expect(worktrees()).toEqual([])
})

test('interrupted while the changes wait, it is gone with them', async () => {
  const project = committed(files)
  const { id, stream } = await delegated(project, [edit], {}, 3)
  const { data } = await pending(stream)
  await scripted.backend.call(`POST /api/sessions/${id}/interrupt`)
  await stream.idle()
  expect(stream.stored.find(event => event.type === 'approval')).toMatchObject({ decision: 'cancelled' })
  expect(data.tool).toBe('delegate')
  expect(worktrees()).toEqual([])
  expect(readFileSync(join(project, 'a.txt'), 'utf8')).toBe('one\n')
})
