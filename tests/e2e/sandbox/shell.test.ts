import { beforeAll, describe, expect, test } from 'bun:test'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { hasBubblewrap } from '../../support/sandboxes.ts'
import { call, type Scripted, startScripted } from '../../support/scripted.ts'
import { tempDir } from '../../support/temp.ts'
import { working } from '../../support/working-session.ts'

const sh = (command: string, more: object = {}) => call('shell_exec', { command, ...more })

describe.skipIf(!hasBubblewrap)('a shell in the sandbox (needs bubblewrap and user namespaces)', () => {
  let scripted: Scripted
  beforeAll(async () => {
    scripted = await startScripted({
      config: [
        '[sandbox]',
        'mode = "required"',
        'auto_approve_sandboxed = true',
        'read_deny = ["private", "**/*.secret", "~/closed"]',
        '[permissions]',
        'allow = ["read_file(.env.open)"]',
        'ask = ["shell_exec(touch asked *)"]',
        'deny = ["shell_exec(rm *)", "read_file(denied/**)"]',
        '',
      ].join('\n'),
    })
  })
  const files = { 'a.txt': 'alpha\n', '.env': 'KEY=canary\n', '.env.open': 'KEY=open\n', 'private/x': 'canary\n' }
  const scripts = {
    'open.sh': 'echo new > made && cat a.txt .env.open\n',
    'closed.sh': 'cat .env private/x denied/x a.secret ~/closed/x\n',
  }

  test('it runs unasked, writes in the project, and its result has the isolation', async () => {
    const { make, project } = await working(scripted, {
      ...files,
      ...scripts,
      'denied/x': 'canary\n',
      'a.secret': 'canary\n',
    })
    mkdirSync(join(scripted.home.root, 'closed'))
    writeFileSync(join(scripted.home.root, 'closed/x'), 'canary\n')
    const written = await make(sh('sh open.sh'))
    expect(written.how).toBe('auto')
    expect(written.told).toContain('alpha\nKEY=open')
    expect(written.data.sandbox).toEqual({ by: 'bubblewrap', network: 'off', write: ['$PROJECT', '$TMP'] })
    expect(existsSync(join(project, 'made'))).toBe(true)
    const read = await make(sh('sh closed.sh'))
    expect(read.told).not.toContain('canary')
    expect(read.told.match(/Permission denied/g)).toHaveLength(5)
    expect(read.told).toContain('outside_sandbox: true')
  })

  test('rules hold, and so do warnings of what cannot be undone', async () => {
    const { make } = await working(scripted, files)
    expect((await make(sh('rm a.txt'))).how).toBe('PERMISSION_DENIED')
    expect((await make(sh('true; rm a.txt'))).how).toBe('PERMISSION_DENIED')
    expect((await make(sh('touch asked it'))).how).toBe('ask')
    expect((await make(sh('unlink a.txt'))).how).toBe('ask')
    expect((await make(sh('cat .env*'))).how).toBe('ask')
    expect((await make(sh('touch fine'))).how).toBe('auto')
  })

  test('leaving it asks, even if the tool is approved', async () => {
    const { make, id } = await working(scripted, files)
    await scripted.backend.call(`PATCH /api/sessions/${id}`, { config: { auto_approve_tools: ['shell_exec'] } })
    const { how, data } = await make(sh('echo out', { outside_sandbox: true }))
    expect(how).toBe('ask')
    expect(data.reason).toContain('outside of the sandbox')
    expect(data.sandbox).toBeUndefined()
    expect(data.remember).toBeUndefined()
  })
})

describe.skipIf(!hasBubblewrap)('the mode sandboxed (needs bubblewrap and user namespaces)', () => {
  test('shell in the sandbox does not ask, anything else does', async () => {
    const scripted = await startScripted({ config: '[sandbox]\nmode = "auto"\n' })
    const { make } = await working(scripted, { 'a.txt': 'a\n' }, { config: { mode: 'sandboxed' } })
    expect((await make(sh('echo $((1 + 1)) > b.txt'))).how).toBe('auto')
    expect((await make(sh('echo out', { outside_sandbox: true }))).how).toBe('ask')
    expect((await make(call('write_file', { path: 'c.txt', content: '' }))).how).toBe('ask')
  })

  test('without a sandbox it is 400', async () => {
    const { backend } = await startScripted()
    const { status, body } = await backend.call('POST /api/sessions', {
      project_path: tempDir(),
      config: { mode: 'sandboxed' },
    })
    expect([status, body.error.code]).toEqual([400, 'INVALID_REQUEST'])
    expect(body.error.message).toContain('[sandbox]')
  })
})
