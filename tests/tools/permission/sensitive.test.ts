import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { DANGERS, dangerOf, isSensitive } from '../../../src/tools/permission/sensitive.ts'

describe('isSensitive', () => {
  test.each([
    '.env',
    '.env.local',
    '.env.production',
    '.envrc',
    '.env.example.local',
    'a/b/.env',
    './.env',
    '/home/me/project/.env',
    '.env/lib/python',
    '.ssh',
    '.ssh/config',
    '/home/me/.ssh/known_hosts',
    '.aws/credentials',
    '.gnupg/pubring.kbx',
    '.netrc',
    'home/.npmrc',
    '.pypirc',
    'credentials.json',
    'deep/credentials.json',
    'server.pem',
    '.pem',
    'certs/a.b.pem',
    'id_rsa',
    'id_dsa',
    'id_ecdsa',
    'keys/id_ed25519',
    '.git/config',
    '.git/hooks',
    '.git/hooks/pre-commit',
    'vendor/lib/.git/config',
    '.git/modules/lib/config',
    '.git/modules/a/b/hooks/post-checkout',
    '.git/worktrees/x/config.worktree',
    // other spellings of the same file on some file system
    '.ENV',
    '.Ssh/config',
    '.Git/Hooks/pre-commit',
    'ID_RSA',
    'Server.PEM',
    '.env.',
    '.env ',
    '.env::$DATA',
    '.g\u200cit/config',
    '.ſsh/config',
    '.git\\config',
    'a//.env',
  ])('%j', path => expect(isSensitive(path)).toBe(true))

  test.each([
    '',
    '.',
    '/',
    'src/a.ts',
    '.env.example',
    '.env.sample',
    '.env.template',
    'a/.ENV.EXAMPLE',
    'env',
    'process.env',
    'x.env',
    'environment.ts',
    'ssh',
    'my.ssh',
    'id_rsa.pub',
    'my_id_rsa',
    'credentials.json.md',
    'pem',
    'a.pem.txt',
    '.gitignore',
    '.github/workflows/ci.yml',
    '.git/HEAD',
    '.git',
    'config',
    'hooks/use.ts',
    'src/config',
    '.git/refs/heads/config',
  ])('not %j', path => expect(isSensitive(path)).toBe(false))

  test('everything below a sensitive directory, whatever its name', () => {
    fc.assert(fc.property(fc.string(), rest => isSensitive(`/home/me/.ssh/${rest}`) && isSensitive(`.aws/${rest}`)))
  })
})

describe('dangerOf', () => {
  test.each([
    ['.dir-locals.el', 'editor_code'],
    ['a/.dir-locals.el', 'editor_code'],
    ['.dir-locals-2.el', 'editor_code'],
    ['.envrc', 'shell_environment'],
    ['emacs-agent.toml', 'agent_config'],
    ['Emacs-Agent.TOML', 'agent_config'],
    ['.git', 'git_internals'],
    ['.git/HEAD', 'git_internals'],
    ['sub/.GIT/index', 'git_internals'],
    ['src/a.ts', null],
    ['.gitignore', null],
    ['dir-locals.el', null],
    ['constructor', null],
    ['', null],
  ] as const)('%j → %p', (path, danger) => {
    expect(dangerOf(path)).toBe(danger)
    if (danger) expect(DANGERS[danger]).toBeString()
  })
})
