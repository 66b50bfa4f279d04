import { beforeAll, describe, expect, test } from 'bun:test'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Backend, type EventStream, makeHome } from '../../support/backend.ts'
import type { Said } from '../../support/model-replies.ts'
import { run } from '../../support/program.ts'
import { call, type Scripted, startScripted } from '../../support/scripted.ts'
import { tempDir } from '../../support/temp.ts'
import { working } from '../../support/working-session.ts'

type Working = {
  make: (said: Said, prompt?: object) => Promise<{ how: string; told: string; data: any }>
  stream: EventStream
}

describe('permissions', () => {
  let scripted: Scripted
  const files = {
    'a.txt': 'alpha needle\n',
    'docs/a.md': 'docs needle\n',
    'secrets/key.txt': 'secret needle\n',
    'private/p.txt': 'private needle\n',
    '.env': 'TOKEN=secret needle\n',
  }
  beforeAll(async () => {
    scripted = await startScripted({
      config: [
        '[permissions]',
        'allow = ["write_file(docs/**)", "shell_exec(echo *)", "copy_file"]',
        'ask = ["read_file(private/**)"]',
        'deny = ["read_file(secrets/**)", "create_directory", "shell_exec(rm *)"]',
        '',
      ].join('\n'),
    })
  })
  const sh = (command: string) => call('shell_exec', { command })

  test.each([
    ['allow: a write in docs', call('write_file', { path: 'docs/b.md', content: 'x' }), 'auto'],
    ['no rule: a write elsewhere', call('write_file', { path: 'b.md', content: 'x' }), 'ask'],
    ['no rule: another tool in docs', call('delete_file', { path: 'docs/a.md' }), 'ask'],
    ['ask: a read', call('read_file', { path: 'private/p.txt' }), 'ask'],
    ['ask: the same for grep there', call('grep', { pattern: 'needle', path: 'private' }), 'ask'],
    ['no rule: another read', call('read_file', { path: 'a.txt' }), 'auto'],
    ['deny: a read', call('read_file', { path: 'secrets/key.txt' }), 'PERMISSION_DENIED'],
    ['deny: by another way to write it', call('read_file', { path: './docs/../secrets/key.txt' }), 'PERMISSION_DENIED'],
    ['deny: grep of the file', call('grep', { pattern: 'needle', path: 'secrets/key.txt' }), 'PERMISSION_DENIED'],
    ['deny: a copy out of it', call('copy_file', { source: 'secrets/key.txt', dest: 'docs/k' }), 'PERMISSION_DENIED'],
    ['deny: a copy into it', call('copy_file', { source: 'a.txt', dest: 'secrets/b' }), 'PERMISSION_DENIED'],
    ['deny: a move out of it', call('move_file', { source: 'secrets/key.txt', dest: 'k' }), 'PERMISSION_DENIED'],
    ['deny: a write', call('write_file', { path: 'secrets/new', content: '' }), 'PERMISSION_DENIED'],
    ['deny: an edit', call('edit_file', { path: 'secrets/key.txt', old: 's', new: 't' }), 'PERMISSION_DENIED'],
    ['deny: a tool', call('create_directory', { path: 'new' }), 'PERMISSION_DENIED'],
    ['deny: a tool, where it could not work', call('create_directory', { path: 'a.txt' }), 'PERMISSION_DENIED'],
    ['allow: a plain command', sh('echo hi'), 'auto'],
    ['not plain: a redirection', sh('echo hi > x'), 'ask'],
    ['not plain: a substitution', sh('echo $(cat a.txt)'), 'ask'],
    ['no rule: another command', sh('ls'), 'ask'],
    ['deny: a command', sh('rm -f a.txt'), 'PERMISSION_DENIED'],
    ['deny: behind an allowed one', sh('echo hi; rm -f a.txt'), 'PERMISSION_DENIED'],
    ['deny: behind a wrapper', sh('env X=1 rm -f a.txt'), 'PERMISSION_DENIED'],
    ['deny: by its path', sh('/bin/rm -f a.txt'), 'PERMISSION_DENIED'],
    ['under any rule', sh('rm -rf /'), 'PERMISSION_DENIED'],
    ['deny: a command that names the path', sh('echo secrets/key.txt'), 'PERMISSION_DENIED'],
    [
      'deny: an edit that misses, and would tell what is near',
      call('edit_file', { path: 'secrets/key.txt', old: 'secret needles', new: 't' }),
      'PERMISSION_DENIED',
    ],
    [
      'a secret: an edit that misses',
      call('edit_file', { path: '.env', old: 'TOKEN=secret needles', new: 't' }),
      'PERMISSION_DENIED',
    ],
  ] as [string, Said, string][])('%s', async (_, said, how) => {
    const { make, project } = await working(scripted, files)
    const made = await make(said)
    expect(made.how).toBe(how)
    if (how !== 'auto') expect(made.told).not.toContain('secret needle')
    if (how === 'PERMISSION_DENIED') {
      for (const [path, text] of Object.entries(files)) expect(readFileSync(join(project, path), 'utf8')).toBe(text)
      expect(readdirSync(join(project, 'secrets'))).toEqual(['key.txt'])
    }
  })

  test('searches of everything pass over what is denied', async () => {
    const { make }: Working = await working(scripted, files)
    const grep = await make(call('grep', { pattern: 'needle' }))
    expect(grep.told).toContain('alpha needle')
    expect(grep.told).not.toContain('secret needle')
    const names = await make(call('search_files', { pattern: '**/*.txt' }))
    expect(names.told).toContain('a.txt')
    expect(names.told).not.toContain('key.txt')
    expect((await make(call('list_directory', { path: '.' }))).told).toContain('docs')
  })

  test('no setting of a session is stronger than a rule', async () => {
    const more = { config: { auto_approve_tools: ['read_file', 'write_file', 'shell_exec', 'create_directory'] } }
    const { make } = await working(scripted, files, more)
    expect((await make(call('write_file', { path: 'b.md', content: 'x' }))).how).toBe('auto')
    expect((await make(call('read_file', { path: 'private/p.txt' }))).how).toBe('ask')
    expect((await make(call('read_file', { path: 'secrets/key.txt' }))).how).toBe('PERMISSION_DENIED')
    expect((await make(sh('rm x'))).how).toBe('PERMISSION_DENIED')
  })

  test('auto_approve_readonly: false asks for reads too', async () => {
    const { make } = await working(scripted, files, { config: { auto_approve_readonly: false } })
    expect((await make(call('read_file', { path: 'a.txt' }))).how).toBe('ask')
    expect((await make(call('write_file', { path: 'docs/b.md', content: 'x' }))).how).toBe('auto')
  })

  test('GET /api/rules and /api/tools tell of them', async () => {
    const { backend } = scripted
    const { rules } = (await backend.call('GET /api/rules')).body
    expect(rules.map(({ action, rule }: any) => `${action} ${rule}`)).toEqual([
      'allow write_file(docs/**)',
      'allow shell_exec(echo *)',
      'allow copy_file',
      'ask read_file(private/**)',
      'deny read_file(secrets/**)',
      'deny create_directory',
      'deny shell_exec(rm *)',
    ])
    expect(rules[0].origin).toMatch(/emacs-agent\.toml:\d+$/)
    expect((await backend.call(`DELETE /api/rules/${rules[0].rule_id}`)).status).toBe(404)
    const { tools } = (await backend.call('GET /api/tools')).body
    const approval = (name: string) => tools.find((tool: any) => tool.name === name).approval
    expect(['create_directory', 'copy_file', 'write_file', 'read_file', 'shell_exec'].map(approval)).toEqual([
      'deny',
      'auto',
      'ask',
      'auto',
      'ask',
    ])
  })

  test("lists of all layers add up; a project's allow lifts no deny of the user's", async () => {
    const home = makeHome('[permissions]\ndeny = ["read_file(secrets/**)"]\n')
    const project = tempDir({
      ...files,
      'emacs-agent.toml': '[permissions]\nallow = ["read_file(secrets/**)", "write_file(b.txt)"]\ndeny = ["grep"]\n',
    })
    await run(['trust', '--yes', project], { home })
    const events = async (prompt: string) => {
      const { stdout } = await run(['run', '--json', '--model', 'offline/guide', prompt], { home, cwd: project })
      return stdout
        .trimEnd()
        .split('\n')
        .map(line => JSON.parse(line))
    }
    const codes = async (prompt: string) =>
      (await events(prompt)).flatMap(event => (event.type === 'tool.result' ? [event.error?.code ?? event.status] : []))
    expect(await codes('read secrets/key.txt')).toEqual(['PERMISSION_DENIED'])
    expect(await codes('create b.txt with "b"')).toEqual(['success'])
    expect(await codes('search for needle')).toContain('PERMISSION_DENIED')
  })

  test('an unreadable rule is an error that names it', async () => {
    for (const rule of ['read_file(', 'shell_exec(rm * now)', '']) {
      const { code, stderr } = await run(['doctor'], { home: makeHome(`[permissions]\ndeny = ["${rule}"]\n`) })
      expect(code).toBe(2)
      expect(stderr).toMatch(/emacs-agent\.toml:2: .*deny/)
    }
  })

  test('what is ours is closed to every tool, also where the project is the home directory', async () => {
    const home = makeHome()
    const backend = await Backend.start(home)
    const id = await backend.session(home.root, { model: 'offline/guide' })
    const stream = await backend.events(`/api/sessions/${id}/events`)
    const { log } = (await backend.call('GET /api/transcripts')).body.transcripts[0].paths
    mkdirSync(home.config, { recursive: true })
    writeFileSync(join(home.config, 'emacs-agent.toml'), '# needle\n')
    for (const path of [log, join(home.config, 'emacs-agent.toml')]) {
      const from = stream.frames.length
      await backend.call(`POST /api/sessions/${id}/prompt`, { text: `read ${path}`, wait: true })
      expect((await stream.next('tool.result', from)).data.error.code).toBe('PERMISSION_DENIED')
    }
  })
})
