import { beforeAll, describe, expect, test } from 'bun:test'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { call, type Scripted, startScripted } from '../../support/scripted.ts'
import { tempDir } from '../../support/temp.ts'
import { working } from '../../support/working-session.ts'

const CANARY = 'canary-5cf0b1'

describe.skipIf(process.platform === 'win32')('what a command touches', () => {
  let scripted: Scripted
  beforeAll(async () => {
    const allow = ['cat', 'head', 'sort', 'rg', 'grep', 'git', 'find', 'sed', 'uniq', 'tar'].map(
      name => `"shell_exec(${name} *)"`,
    )
    scripted = await startScripted({
      config: `[permissions]\nallow = [${allow}]\ndeny = ["read_file(secret/**)"]\n`,
    })
    const { root } = scripted.home
    mkdirSync(join(root, '.aws'))
    writeFileSync(join(root, '.aws/credentials'), CANARY)
    mkdirSync(scripted.home.state, { recursive: true })
    writeFileSync(join(scripted.home.state, 'canary'), CANARY)
  })

  const open = async () => {
    const session = await working(scripted, {
      'secret/s.txt': CANARY,
      '.env': CANARY,
      'a.txt': 'alpha\n',
      'b.txt': 'beta\n',
    })
    symlinkSync(join(scripted.home.root, '.aws/credentials'), join(session.project, 'notes'))
    symlinkSync('.env', join(session.project, 'sample'))
    return session
  }

  test.each([
    ['cat notes', 'ask'],
    ['head ./sample', 'ask'],
    ['sort secre[t]/s.txt', 'PERMISSION_DENIED'],
    ['cat s*/s.txt', 'PERMISSION_DENIED'],
    ['cat ~/.local/stat?/emacs-agent/canary', 'PERMISSION_DENIED'],
    ['cat ~/.loca?/*/emacs-agen?/canary', 'PERMISSION_DENIED'],
    ['cat ~/.local/stat?/emacs-agent/none', 'PERMISSION_DENIED'],
    ['cat /proc/self/environ', 'ask'],
    ['cat /proc/*/environ', 'ask'],
    ['cat /proc/self/cwd/secret/s.txt', 'PERMISSION_DENIED'],
    ['cat /proc/self/root/etc/hostname', 'ask'],
    ['git log --output=out', 'ask'],
    ['git diff --no-index --output=out a.txt b.txt', 'ask'],
    ['find . -name a.txt -delete', 'ask'],
    ['sort -uo out a.txt', 'ask'],
    ['sed -n "w out" a.txt', 'ask'],
    ['uniq a.txt out', 'ask'],
    ['cat a.txt', 'auto'],
    ["grep -c 'a$' a.txt", 'auto'],
    ['sort -r a.txt', 'auto'],
    ["sed -n '1,2p' a.txt", 'auto'],
    ['cat a.tx?', 'auto'],
  ])('%s: %s', async (command, how) => {
    const { make } = await open()
    const made = await make(call('shell_exec', { command }))
    expect(made.how).toBe(how)
    if (how !== 'auto') expect(made.told).not.toContain(CANARY)
  })
})

describe('the file of --config is our own', () => {
  let scripted: Scripted
  let project: string
  beforeAll(async () => {
    project = tempDir({
      'conf.toml~': CANARY,
      'conf.toml.bak': CANARY,
      '.conf.toml.swp': CANARY,
      '#conf.toml#': CANARY,
      'a.txt': 'alpha\n',
    })
    symlinkSync('conf.toml', join(project, 'link'))
    scripted = await startScripted({
      config: `# ${CANARY}\n[permissions]\nallow = ["shell_exec(cat *)", "read_file", "write_file"]\n`,
      config_file: join(project, 'conf.toml'),
      argv: ['serve', '--stdin-lifeline', '--port', '0', '--config', join(project, 'conf.toml')],
    })
  })

  test.each([
    ['read_file', { path: 'conf.toml' }],
    ['read_file', { path: './link' }],
    ['read_file', { path: 'conf.toml~' }],
    ['read_file', { path: '#conf.toml#' }],
    ['write_file', { path: 'conf.toml', content: 'x' }],
    ['write_file', { path: 'conf.toml.bak', content: 'x' }],
    ['delete_file', { path: 'conf.toml' }],
    ['move_file', { source: 'conf.toml', dest: 'b' }],
    ['copy_file', { source: '.conf.toml.swp', dest: 'b' }],
    ['shell_exec', { command: 'cat conf.toml' }],
    ['shell_exec', { command: 'cat link' }],
    ['shell_exec', { command: 'cat con?.toml' }],
    ['shell_exec', { command: 'cat .conf.toml.s*' }],
    ['shell_exec', { command: 'cat "#conf.toml#"' }],
  ])('%s %j', async (tool, args) => {
    const { make } = await working(scripted, project)
    const made = await make(call(tool, args))
    expect(made.how).toBe('PERMISSION_DENIED')
    expect(made.told).not.toContain(CANARY)
  })

  test('nor is it found by searching', async () => {
    const { make } = await working(scripted, project)
    const made = await make(call('grep', { pattern: 'alpha|canary' }))
    expect(made.told).toContain('alpha')
    expect(made.told).not.toContain(CANARY)
  })
})
