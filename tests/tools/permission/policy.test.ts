// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are shell lines
import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { plainWords } from '../../../src/tools/permission/command/plain.ts'
import { hides } from '../../../src/tools/permission/hidden.ts'
import {
  decide,
  defaultApproval,
  type JudgedCall,
  type Policy,
  rememberable,
  type Verdict,
} from '../../../src/tools/permission/policy.ts'
import type { Effect } from '../../../src/tools/tool.ts'
import { CATASTROPHES, DISGUISED, HARMLESS, NOT_PLAIN } from './lines.ts'

const PROJECT = '/home/me/project'
const at = (path: string) => (path.startsWith('/') ? path : path === '.' ? PROJECT : `${PROJECT}/${path}`)

/** A policy from rules written as `deny read_file(a)`. */
const policyOf = (rules: string[] = [], more: Partial<Policy> = {}): Policy => ({
  rules: rules.map((text, i) => {
    const [action, ...rest] = text.split(' ')
    return { rule_id: `r${i}`, rule: rest.join(' '), action: action as 'allow', origin: 'emacs-agent.toml:3' }
  }),
  agent: { name: 'build', read_only: false },
  project: PROJECT,
  auto_approve_readonly: true,
  auto_approve_tools: [],
  home: '/home/me',
  ...more,
})

const callOf = (tool: string, effect: Partial<Effect> = {}): JudgedCall => {
  const full: Effect = { level: 'write', reason: 'Do it', reads: [], writes: [], ...effect }
  return { tool, category: 'any', params: {}, effect: full, level: full.level }
}
const reads = (tool: string, ...paths: string[]) => callOf(tool, { level: 'read', reads: paths.map(at) })
const writes = (tool: string, ...paths: string[]) =>
  callOf(tool, { level: tool === 'delete_file' ? 'dangerous' : 'write', writes: paths.map(at) })
const copies = (from: string, to: string) => callOf('copy_file', { reads: [at(from)], writes: [at(to)] })
const shell = (command: string, cwd = PROJECT, tool = 'shell_exec') =>
  callOf(tool, { level: tool === 'shell_exec' ? 'dangerous' : 'write', command, cwd })

type Expected = `${Verdict['decision']} ${Verdict['by']}`
const judge = (call: JudgedCall, policy: Policy): Expected => {
  const { decision, by, reason } = decide(call, policy)
  expect(reason).toMatch(/^[^\0-\x1f]+[.!?…]$/)
  return `${decision} ${by}`
}

describe('without rules', () => {
  test.each<[string, JudgedCall, Expected]>([
    ['reading', reads('read_file', 'src/a.ts'), 'allow config'],
    ['searching', reads('grep', '.'), 'allow config'],
    ['writing', writes('write_file', 'src/a.ts'), 'ask default'],
    ['deleting', writes('delete_file', 'src/a.ts'), 'ask default'],
    ['a command', shell('npm test'), 'ask default'],
    ['a background command', shell('npm start', PROJECT, 'shell_background'), 'ask default'],
    ['an MCP tool', callOf('github/create_issue'), 'ask default'],
    ['a trusted MCP tool that reads', callOf('github/get_issue', { level: 'read' }), 'allow config'],
  ])('%s', (_, call, expected) => expect(judge(call, policyOf())).toBe(expected))

  test('reading asks when the session wants that', () => {
    expect(judge(reads('read_file', 'a'), policyOf([], { auto_approve_readonly: false }))).toBe('ask default')
  })

  test('what is dangerous says so', () => {
    expect(decide(shell('npm test'), policyOf()).danger).toBe('shell_command')
    expect(decide(writes('delete_file', 'a'), policyOf()).danger).toBe('irreversible')
    expect(decide(callOf('git_push', { level: 'dangerous', danger: 'forces' }), policyOf()).danger).toBe('forces')
    expect(decide(writes('write_file', 'a'), policyOf()).danger).toBeUndefined()
  })
})

describe('path rules', () => {
  test.each<[string[], JudgedCall, Expected]>([
    // a deny of reading binds whatever reads or writes there
    [['deny read_file(secrets/**)'], reads('read_file', 'secrets/a'), 'deny rule'],
    [['deny read_file(secrets/**)'], reads('grep', 'secrets'), 'deny rule'],
    [['deny read_file(secrets/**)'], reads('search_files', 'secrets/b'), 'deny rule'],
    [['deny read_file(secrets/**)'], reads('list_directory', 'secrets'), 'deny rule'],
    [['deny read_file(secrets/**)'], reads('git_diff', 'secrets/a'), 'deny rule'],
    [['deny read_file(secrets/**)'], reads('git_log', 'secrets/a'), 'deny rule'],
    [['deny read_file(secrets/**)'], copies('secrets/a', 'b'), 'deny rule'],
    [['deny read_file(secrets/**)'], copies('b', 'secrets/a'), 'deny rule'],
    [['deny read_file(secrets/**)'], writes('edit_file', 'secrets/a'), 'deny rule'],
    [['deny read_file(secrets/**)'], writes('delete_file', 'secrets', 'secrets/a'), 'deny rule'],
    [['deny read_file(secrets/**)'], writes('move_file', 'b', 'secrets/a'), 'deny rule'],
    [['deny read_file(secrets/**)'], callOf('git_commit', { reads: [at('.'), at('secrets/a')] }), 'deny rule'],
    [['deny git_diff(secrets/**)'], reads('read_file', 'secrets/a'), 'deny rule'],
    [['deny read_file(secrets)'], reads('read_file', 'secrets/deep/a'), 'deny rule'],
    [['deny read_file(secrets/**)'], reads('read_file', 'Secrets/A'), 'deny rule'],
    [['deny read_file(secrets/**)'], reads('read_file', 'secrets/a\nb'), 'deny rule'],
    [['deny read_file(secrets/**)'], reads('read_file', 'src/a'), 'allow config'],
    [['deny read_file(secrets/**)'], reads('grep', '.'), 'allow config'],
    [['deny read_file(**)'], reads('grep', '.'), 'deny rule'],
    // a deny of writing binds whatever writes there
    [['deny edit_file(vendor/**)'], writes('write_file', 'vendor/a'), 'deny rule'],
    [['deny write_file(vendor/**)'], writes('edit_file', 'vendor/a'), 'deny rule'],
    [['deny write_file(vendor/**)'], writes('create_directory', 'vendor/a'), 'deny rule'],
    [['deny write_file(vendor/**)'], copies('a', 'vendor/a'), 'deny rule'],
    [['deny write_file(vendor/**)'], copies('vendor/a', 'a'), 'ask default'],
    [['deny write_file(vendor/**)'], writes('delete_file', '.', 'a', 'vendor/a'), 'deny rule'],
    [['deny write_file(vendor/**)'], reads('read_file', 'vendor/a'), 'allow config'],
    // a bare deny is about that tool
    [['deny read_file'], reads('read_file', 'a'), 'deny rule'],
    [['deny read_file'], reads('grep', 'a'), 'allow config'],
    // allow is of that very tool and all paths of the call
    [['allow edit_file(src/**)'], writes('edit_file', 'src/a.ts'), 'allow rule'],
    [['allow edit_file(src/**)'], writes('write_file', 'src/a.ts'), 'ask default'],
    [['allow edit_file(src/**)'], writes('edit_file', 'lib/a.ts'), 'ask default'],
    [['allow edit_file(src/**)'], writes('edit_file', 'Src/a.ts'), 'ask default'],
    [['allow edit_file(src)'], writes('edit_file', 'src/a.ts'), 'ask default'],
    [['allow edit_file(**)'], writes('edit_file', '/home/me/other/a'), 'ask default'],
    [['allow copy_file(src/**)'], copies('src/a', 'src/b'), 'allow rule'],
    [['allow copy_file(src/**)'], copies('lib/a', 'src/b'), 'ask default'],
    [['allow delete_file(build/**)'], writes('delete_file', 'build', 'build/a'), 'allow rule'],
    [['allow write_file'], writes('write_file', 'any/where'), 'allow rule'],
    [['allow read_file(src/**)'], callOf('read_file', { level: 'write' }), 'ask default'],
    // the strictest wins, in whatever order
    [['allow write_file', 'ask edit_file(src/**)'], writes('write_file', 'src/a'), 'ask rule'],
    [['ask read_file(src/**)'], reads('grep', 'src/a'), 'ask rule'],
    [['allow read_file', 'ask read_file(a)', 'deny read_file(a)'], reads('read_file', 'a'), 'deny rule'],
    [['deny read_file(a)', 'allow read_file(a)'], reads('read_file', 'a'), 'deny rule'],
    // MCP
    [['allow github/*'], callOf('github/create_issue'), 'allow rule'],
    [['allow github/get_issue'], callOf('github/create_issue'), 'ask default'],
    [['allow github/*'], callOf('github2/x'), 'ask default'],
    [['allow github/*', 'deny github/create_issue'], callOf('github/create_issue'), 'deny rule'],
    [['deny github/*'], callOf('github/get_issue', { level: 'read' }), 'deny rule'],
    // a rule that nobody can read allows nothing, and does not open what it should close
    [['allow shell_exec(a * b)'], shell('a x b'), 'ask default'],
    [['deny shell_exec(a * b)'], reads('read_file', 'a'), 'deny rule'],
    [['ask nonsense('], reads('read_file', 'a'), 'ask rule'],
  ])('%j', (rules, call, expected) => expect(judge(call, policyOf(rules))).toBe(expected))

  test('a refusal names the rule and where it stands', () => {
    const { reason, rule } = decide(reads('grep', 'secrets'), policyOf(['deny read_file(secrets/**)']))
    expect(reason).toContain('Denied by the rule deny read_file(secrets/**) in emacs-agent.toml:3.')
    expect(rule).toBe('read_file(secrets/**)')
  })
})

describe('sensitive paths', () => {
  test.each<[string[], JudgedCall, Expected]>([
    [[], reads('read_file', '.env'), 'deny default'],
    [[], reads('read_file', '.ENV.local'), 'deny default'],
    [[], reads('read_file', '.env.example'), 'allow config'],
    [[], reads('grep', '.ssh'), 'deny default'],
    [[], reads('list_directory', '/home/me/.ssh'), 'deny default'],
    [[], writes('write_file', '.git/hooks/pre-commit'), 'deny default'],
    [[], writes('edit_file', 'config/credentials.json'), 'deny default'],
    [[], copies('.env', 'a.txt'), 'deny default'],
    [[], copies('a.txt', '.env'), 'deny default'],
    [[], writes('delete_file', 'a', 'a/.env'), 'deny default'],
    [[], callOf('git_commit', { reads: [at('.env')] }), 'deny default'],
    // only a rule for that very path opens it, and only for that tool
    [['allow read_file'], reads('read_file', '.env'), 'deny default'],
    [['allow read_file(**)'], reads('read_file', '.env'), 'deny default'],
    [['allow read_file(*)'], reads('read_file', '.env'), 'deny default'],
    [['allow read_file(.env*)'], reads('read_file', '.env'), 'deny default'],
    [['allow read_file(.ssh)'], reads('read_file', '.ssh/config'), 'deny default'],
    [['allow read_file(.env)'], reads('read_file', '.env'), 'allow rule'],
    [['allow read_file(./.env)'], reads('read_file', '.env'), 'allow rule'],
    [[`allow read_file(${PROJECT}/.env)`], reads('read_file', '.env'), 'allow rule'],
    [['allow read_file(~/project/.env)'], reads('read_file', '.env'), 'allow rule'],
    [['allow read_file(.env)'], reads('grep', '.env'), 'deny default'],
    [['allow read_file(.env)'], writes('edit_file', '.env'), 'deny default'],
    [['allow edit_file(.env)'], writes('edit_file', '.env'), 'allow rule'],
    [['allow copy_file(.env)'], copies('.env', 'a'), 'ask default'],
    [['ask read_file(.env)'], reads('read_file', '.env'), 'ask rule'],
    [['ask read_file(.env)'], reads('grep', '.env'), 'ask rule'],
    [['allow read_file(.env)', 'deny read_file(.env)'], reads('read_file', '.env'), 'deny rule'],
  ])('%j', (rules, call, expected) => expect(judge(call, policyOf(rules))).toBe(expected))

  test('the refusal says which rule would open it', () => {
    const { reason } = decide(reads('read_file', 'a[1]/.env'), policyOf())
    expect(reason).toContain('read_file(a\\[1\\]/.env)')
    expect(judge(reads('read_file', 'a[1]/.env'), policyOf(['allow read_file(a\\[1\\]/.env)']))).toBe('allow rule')
  })

  test('a project that lives below such a name stays usable', () => {
    const project = '/home/me/.env-tools/x'
    expect(judge(callOf('read_file', { level: 'read', reads: [`${project}/a`] }), policyOf([], { project }))).toBe(
      'allow config',
    )
    expect(judge(callOf('read_file', { level: 'read', reads: [`${project}/.env`] }), policyOf([], { project }))).toBe(
      'deny default',
    )
  })
})

describe('what always asks', () => {
  test.each<[string[], JudgedCall, Expected, string]>([
    [['allow write_file'], writes('write_file', '.dir-locals.el'), 'ask default', 'editor_code'],
    [['allow write_file(**)'], writes('write_file', 'a/emacs-agent.toml'), 'ask default', 'agent_config'],
    [['allow write_file(**)'], writes('write_file', '.git/HEAD'), 'ask default', 'git_internals'],
    [['allow write_file(.dir-locals.el)'], writes('write_file', '.dir-locals.el'), 'allow rule', 'editor_code'],
    [['allow edit_file(.dir-locals.el)'], writes('write_file', '.dir-locals.el'), 'ask default', 'editor_code'],
    [['allow write_file(.envrc)'], writes('write_file', '.envrc'), 'allow rule', 'shell_environment'],
    [['allow write_file(open.txt)'], writes('write_file', 'open.txt'), 'ask default', 'unsaved_buffer'],
    [['allow write_file', 'ask write_file'], writes('write_file', 'open.txt'), 'ask default', 'unsaved_buffer'],
    [['deny write_file'], writes('write_file', 'open.txt'), 'deny rule', 'unsaved_buffer'],
  ])('%j', (rules, call, expected, danger) => {
    const policy = policyOf(rules, { unsaved: path => path === at('open.txt'), auto_approve_tools: ['write_file'] })
    expect([judge(call, policy), decide(call, policy).danger]).toEqual([expected, danger])
  })

  test('reading a file with unsaved changes does not', () => {
    expect(judge(reads('read_file', 'open.txt'), policyOf([], { unsaved: () => true }))).toBe('allow config')
  })
})

describe('agents', () => {
  const agent = (more: Partial<Policy['agent']>) => ({ agent: { name: 'test', read_only: false, ...more } })
  const all = ['allow write_file', 'allow shell_exec', 'allow delete_file', 'allow github/*', 'allow git_commit']
  test.each<[Partial<Policy['agent']>, JudgedCall, Expected]>([
    [{ read_only: true }, reads('read_file', 'a'), 'allow config'],
    [{ read_only: true }, writes('write_file', 'a'), 'deny agent'],
    [{ read_only: true }, shell('ls'), 'deny agent'],
    [{ read_only: true }, callOf('github/create_issue'), 'deny agent'],
    [{ read_only: true }, callOf('git_branch', { level: 'read' }), 'allow config'],
    [{ read_only: true }, callOf('git_branch', { level: 'write' }), 'deny agent'],
    [{ allowed_tools: [] }, reads('read_file', 'a'), 'deny agent'],
    [{ allowed_tools: ['read_file'] }, reads('read_file', 'a'), 'allow config'],
    [{ allowed_tools: ['read_file'] }, reads('grep', 'a'), 'deny agent'],
    [{ allowed_tools: ['read_file', 'shell_exec(npm test *)'] }, shell('npm test -- x'), 'allow rule'],
    [{ allowed_tools: ['read_file', 'shell_exec(npm test *)'] }, shell('npm install'), 'deny agent'],
    [{ allowed_tools: ['read_file', 'shell_exec(npm test *)'] }, shell('npm test; npm install'), 'deny agent'],
    [{ allowed_tools: ['shell_exec(npm test *)'] }, shell('npm test .env'), 'deny agent'],
    [{ allowed_tools: ['shell_exec'] }, shell('npm test | tee log'), 'ask default'],
    [{ allowed_tools: ['github/*'] }, callOf('github/create_issue'), 'allow rule'],
    [{ allowed_tools: ['write_file(src/**)'] }, writes('write_file', 'src/a'), 'allow rule'],
    [{ allowed_tools: ['write_file(src/**)'] }, writes('write_file', 'lib/a'), 'deny agent'],
    [{ allowed_tools: ['broken('] }, reads('read_file', 'a'), 'deny agent'],
    [{ write_paths: ['tests/**'] }, writes('write_file', 'tests/a'), 'allow rule'],
    [{ write_paths: ['tests/**'] }, writes('write_file', 'src/a'), 'deny agent'],
    [{ write_paths: ['tests/**'] }, writes('delete_file', 'tests/a', 'src/b'), 'deny agent'],
    [{ write_paths: ['tests/**'] }, shell('npm test > src/log'), 'deny agent'],
    [{ write_paths: ['tests/**'] }, shell('npm test > tests/log 2>&1'), 'ask default'],
    [{ write_paths: ['tests/**'] }, shell('npm test > /dev/null'), 'ask default'],
    [{ write_paths: ['tests/**'] }, reads('read_file', 'src/a'), 'allow config'],
    [{ write_paths: [] }, writes('write_file', 'a'), 'deny agent'],
  ])('%j', (limits, call, expected) => expect(judge(call, policyOf(all, agent(limits)))).toBe(expected))

  test('allowed_tools pre-approves nothing', () => {
    expect(judge(writes('write_file', 'a'), policyOf([], agent({ allowed_tools: ['write_file'] })))).toBe('ask default')
  })
})

describe('shell rules', () => {
  test.each(DISGUISED.filter(line => !CATASTROPHES.includes(line)))('deny shell_exec(rm *) holds for %j', line => {
    expect(judge(shell(line), policyOf(['deny shell_exec(rm *)', 'allow shell_exec']))).toBe('deny rule')
    expect(
      judge(shell(line, PROJECT, 'shell_background'), policyOf(['ask shell_exec(rm *)', 'allow shell_background(*)'])),
    ).toBe('ask rule')
  })

  test.each(HARMLESS)('deny shell_exec(rm *) leaves %j', line => {
    expect(judge(shell(line), policyOf(['deny shell_exec(rm *)']))).toBe('ask default')
  })

  test.each(NOT_PLAIN)('nothing allows %j', line => {
    const policy = policyOf(['allow shell_exec', 'allow shell_exec(*)', `allow shell_exec(=${line})`], {
      auto_approve_tools: ['shell_exec'],
    })
    expect(decide(shell(line), policy).decision).not.toBe('allow')
    expect(rememberable(shell(line), policyOf())).toBeUndefined()
  })

  test.each(CATASTROPHES)('%j is refused whatever is allowed', line => {
    const policy = policyOf(['allow shell_exec', `allow shell_exec(=${line})`], { auto_approve_tools: ['shell_exec'] })
    expect(judge(shell(line), policy)).toBe('deny default')
    expect(judge(shell(line), policyOf([], { agent: { name: 'x', read_only: true } }))).toBe('deny default')
  })

  test.each<[string[], string, Expected]>([
    [['allow shell_exec'], 'npm test', 'allow rule'],
    [['allow shell_exec(*)'], 'npm test', 'allow rule'],
    [['allow shell_exec(npm test)'], 'npm test', 'allow rule'],
    [['allow shell_exec(npm test)'], '  npm   test ', 'allow rule'],
    [['allow shell_exec(npm test)'], 'npm "test"', 'allow rule'],
    [['allow shell_exec(npm test)'], 'npm test x', 'ask default'],
    [['allow shell_exec(npm test)'], 'npm', 'ask default'],
    [['allow shell_exec(npm test *)'], 'npm test', 'allow rule'],
    [['allow shell_exec(npm test *)'], 'npm test a "b c" --d', 'allow rule'],
    [['allow shell_exec(npm test *)'], 'npm testing', 'ask default'],
    [['allow shell_exec(npm test *)'], 'npm run test', 'ask default'],
    [['allow shell_exec(npm test *)'], '/tmp/npm test', 'ask default'],
    [['allow shell_exec(npm test *)'], './npm test', 'ask default'],
    [['allow shell_exec(npm test *)'], 'NPM test', 'ask default'],
    [['allow shell_exec(npm test *)'], 'npm test; rm x', 'ask default'],
    [['allow shell_exec(npm test *)'], 'npm test && rm x', 'ask default'],
    [['allow shell_exec(npm test *)'], 'npm test > x', 'ask default'],
    [['allow shell_exec(npm test *)'], 'npm test $(rm x)', 'ask default'],
    [['allow shell_exec(npm test *)'], 'X=1 npm test', 'ask default'],
    [['allow shell_exec(env *)'], 'env npm test', 'ask default'],
    [['allow shell_exec(npx tsc *)'], 'npx tsc --noEmit', 'allow rule'],
    [['allow shell_background(npm start)'], 'npm start', 'ask default'],
    // byte for byte, and in the project's own directory
    [['allow shell_exec(=npm test)'], 'npm test', 'allow rule'],
    [['allow shell_exec(=npm test)'], 'npm  test', 'ask default'],
    [['allow shell_exec(=npm test)'], 'npm test ', 'ask default'],
    [['allow shell_exec(=npm test)'], "npm 'test'", 'ask default'],
    [['allow shell_exec(=a | b)'], 'a | b', 'ask default'],
    [['deny shell_exec(=a | b)'], ' a | b', 'deny rule'],
    // operands that name secrets, or may
    ...[
      '.env',
      './.env',
      'a/.env',
      '--file=.env',
      '-f.env',
      '@.env',
      'HEAD:.env',
      '"a b/.env"',
      "'.env'",
      '.e\\nv',
      '.env.local',
      '.ENV',
      '~/.ssh/id_rsa',
      '~/.ssh',
      'x.pem',
      '*.pem',
      '.e*',
      '.env?',
      '.en[v]',
      'id_rsa',
      'id_*',
      '*',
      '?d_rsa',
      'credentials.json',
      'cred*',
      '.git/config',
      '.git/hooks/x',
      '.git/c*',
      '.gi?/config',
      'x/../.env',
      'a=b,c=.npmrc',
      `"open('.env')"`,
      '"cat .env"',
      '.aws/credentials',
      '/root/.netrc',
      'file:///x/.env',
    ].map((operand): [string[], string, Expected] => [
      ['allow shell_exec', 'allow shell_exec(cat *)'],
      `cat ${operand}`,
      'ask default',
    ]),
    ...[
      '.env.example',
      'env',
      'src/*.ts',
      'a.ts',
      '.github/x',
      '.gitignore',
      'process.env',
      'id_rsa.pub',
      '*.md',
      'src/[a-c]*.ts',
      "'*'",
      '.prettierrc',
      'lib/credentials',
      '.e',
    ].map((operand): [string[], string, Expected] => [['allow shell_exec(cat *)'], `cat ${operand}`, 'allow rule']),
    // and files that run code
    [['allow shell_exec(cp *)'], 'cp x .dir-locals.el', 'ask default'],
    [['allow shell_exec(cp *)'], 'cp x sub/emacs-agent.toml', 'ask default'],
    [['allow shell_exec(git *)'], 'git --git-dir=.git status', 'ask default'],
    // path rules count for operands
    [['deny read_file(secrets/**)', 'allow shell_exec'], 'cat secrets/a', 'deny rule'],
    [['deny read_file(secrets/**)', 'allow shell_exec'], 'cd secrets', 'deny rule'],
    [['deny read_file(secrets/**)', 'allow shell_exec'], 'cat ./x/../secrets/a', 'deny rule'],
    [['deny read_file(secrets/**)', 'allow shell_exec'], `cat ${PROJECT}/secrets/a`, 'deny rule'],
    [['deny read_file(secrets/**)', 'allow shell_exec'], 'cat ~/project/secrets/a', 'deny rule'],
    [['deny read_file(secrets/**)', 'allow shell_exec'], 'true | (cat < secrets/a)', 'deny rule'],
    [['deny read_file(secrets/**)', 'allow shell_exec'], 'cat secrets/*', 'deny rule'],
    [['deny read_file(secrets/**)', 'allow shell_exec'], 'git show HEAD:secrets/a', 'deny rule'],
    [['deny read_file(secrets/**)', 'allow shell_exec'], 'echo x > secrets/a', 'deny rule'],
    [['deny read_file(secrets/**)', 'allow shell_exec'], 'bash -c "cat secrets/a"', 'deny rule'],
    [['deny read_file(secrets/**)', 'allow shell_exec'], 'cat src/a', 'allow rule'],
    [['deny read_file(test/**)', 'allow shell_exec'], 'npm test', 'allow rule'],
    [['deny write_file(vendor/**)', 'allow shell_exec'], 'echo x > vendor/a', 'deny rule'],
    [['deny write_file(vendor/**)', 'allow shell_exec'], 'cat vendor/a', 'ask default'],
    [['deny write_file(vendor/**)', 'allow shell_exec'], 'cat src/a', 'allow rule'],
    // by words
    [['deny shell_exec(git push *)'], 'git push', 'deny rule'],
    [['deny shell_exec(git push *)'], 'true; git push origin main', 'deny rule'],
    [['deny shell_exec(git push *)'], 'git${x}push', 'deny rule'],
    [['deny shell_exec(git push *)'], 'git $x push', 'deny rule'],
    [['deny shell_exec(git push *)'], 'git pu$x', 'deny rule'],
    [['deny shell_exec(git push *)'], 'git pu?h', 'deny rule'],
    [['deny shell_exec(git push *)'], 'git "$x"', 'ask default'],
    [['deny shell_exec(git push *)'], '$x', 'ask default'],
    [['deny shell_exec(git push *)'], 'git pull', 'ask default'],
    [['deny shell_exec(git push)'], 'git push origin', 'ask default'],
    [['deny shell_exec(/bin/rm *)'], 'rm x', 'deny rule'],
    [['deny shell_exec(rm *)'], '/b?n/r? x', 'deny rule'],
    [['deny shell_exec(rm *)'], "rm 'a", 'deny rule'],
    [['deny shell_exec(sudo *)'], 'sudo ls', 'deny rule'],
    [['deny shell_exec(*)'], 'ls', 'deny rule'],
    [['deny shell_exec'], 'ls', 'deny rule'],
    [['ask shell_exec(npm publish *)', 'allow shell_exec(npm *)'], 'npm publish', 'ask rule'],
    [['ask shell_exec(npm publish *)', 'allow shell_exec(npm *)'], 'npm test', 'allow rule'],
  ])('%j: %s', (rules, line, expected) => expect(judge(shell(line), policyOf(rules))).toBe(expected))

  test('the directory counts', () => {
    expect(judge(shell('npm test', at('sub')), policyOf(['allow shell_exec(=npm test)']))).toBe('ask default')
    expect(judge(shell('npm test', at('sub')), policyOf(['allow shell_exec(npm test)']))).toBe('allow rule')
    expect(judge(shell('cat config', at('.git')), policyOf(['allow shell_exec']))).toBe('ask default')
    expect(judge(shell('cat ../config', at('.git/x')), policyOf(['allow shell_exec']))).toBe('ask default')
    expect(judge(shell('cat a', at('.ssh')), policyOf(['allow shell_exec']))).toBe('ask default')
    expect(judge(shell('cat a', at('secrets')), policyOf(['deny read_file(secrets/**)', 'allow shell_exec']))).toBe(
      'deny rule',
    )
  })

  test('rules for shell_exec bind shell_background, not the other way round', () => {
    const background = shell('npm start', PROJECT, 'shell_background')
    expect(judge(background, policyOf(['deny shell_exec']))).toBe('deny rule')
    expect(judge(background, policyOf(['deny shell_exec(npm *)']))).toBe('deny rule')
    expect(judge(background, policyOf(['allow shell_exec(npm *)']))).toBe('ask default')
    expect(judge(background, policyOf(['allow shell_background(npm *)']))).toBe('allow rule')
    expect(judge(shell('npm start'), policyOf(['deny shell_background']))).toBe('ask default')
  })

  test('auto_approve_tools covers plain commands only', () => {
    const policy = policyOf([], { auto_approve_tools: ['shell_exec', 'write_file', 'github/*'] })
    expect(judge(shell('npm test'), policy)).toBe('allow config')
    expect(judge(shell('npm test; x'), policy)).toBe('ask default')
    expect(judge(writes('write_file', 'a'), policy)).toBe('allow config')
    expect(judge(writes('write_file', '.env'), policy)).toBe('deny default')
    expect(judge(callOf('github/x'), policy)).toBe('allow config')
    expect(judge(writes('write_file', 'a'), policyOf(['ask write_file'], { auto_approve_tools: ['write_file'] }))).toBe(
      'ask rule',
    )
  })

  test('never allows what is not plain, whatever the line', () => {
    const policy = policyOf(['allow shell_exec'], { auto_approve_tools: ['shell_exec'] })
    const part = fc.constantFrom(
      ...'npm test a b . / * ? \' " \\ ; | & < > ( ) { } $ ` # = ! ~ [ ] rm -rf .env env sudo sh -c'.split(' '),
      ' ',
      '\n',
      '\t',
      '\u200b',
      '\0',
    )
    const line = fc.array(part, { maxLength: 12 }).map(parts => parts.join(''))
    fc.assert(
      fc.property(
        fc.oneof(
          line,
          line.map(text => `npm ${text}`),
          fc.string({ unit: 'binary' }),
        ),
        text => {
          const call = shell(text)
          const verdict = decide(call, policy)
          const kept = rememberable(call, policyOf())
          if (kept) expect(decide(call, policyOf([`allow ${kept.project}`])).decision).toBe('allow')
          if (verdict.decision !== 'allow') return
          expect(text).toMatch(/^[\x20-\x7e]+$/)
          expect(text).not.toMatch(/[$`]/)
          expect(text.replace(/\\.|'[^']*'|"(?:[^"\\]|\\.)*"/g, 'q')).toMatch(/^[^;|&<>(){}'"\\]+$/)
          expect(plainWords(text)![0]).toMatch(/^[\w.+/-]+$/)
        },
      ),
      { numRuns: 3000 },
    )
  })
})

describe('our own files and places outside', () => {
  const roots = { allowed: ['/data'], forbidden: ['/home/me/.local/state/emacs-agent', at('transcripts')] }
  test.each<[JudgedCall, Expected]>([
    [reads('read_file', '/home/me/.local/state/emacs-agent/token-1'), 'deny default'],
    [reads('read_file', 'transcripts/a.org'), 'deny default'],
    [writes('write_file', 'transcripts'), 'deny default'],
    [shell('cat ~/.local/state/emacs-agent/token-1'), 'deny default'],
    [shell('cat transcripts/a.org | x'), 'deny default'],
    [reads('read_file', '/data/a'), 'allow rule'],
    [reads('grep', '/data/a'), 'allow config'],
    [reads('read_file', '/etc/passwd'), 'deny default'],
    [writes('write_file', '/home/me/project2/a'), 'deny default'],
  ])('%j', (call, expected) => {
    const rules = [
      'allow read_file(/**)',
      'allow write_file(/**)',
      'allow read_file(transcripts/a.org)',
      'allow shell_exec',
    ]
    expect(judge(call, policyOf(rules, { roots }))).toBe(expected)
  })
})

describe('rememberable', () => {
  test.each<[JudgedCall, string | undefined]>([
    [writes('edit_file', 'src/a.ts'), 'edit_file(src/a.ts)'],
    [writes('edit_file', 'src/[id] (1).ts'), 'edit_file(src/\\[id\\] \\(1\\).ts)'],
    [callOf('edit_file', { reads: [at('a')], writes: [at('a')] }), 'edit_file(a)'],
    [writes('write_file', '/data/a'), 'write_file(/data/a)'],
    [shell('npm test'), 'shell_exec(=npm test)'],
    [shell('npm start', PROJECT, 'shell_background'), 'shell_background(=npm start)'],
    [callOf('github/create_issue'), 'github/create_issue'],
    [callOf('git_commit', { reads: [at('.'), at('a')] }), 'git_commit'],
    [shell('npm test | x'), undefined],
    [shell('npm test', at('sub')), undefined],
    [shell('ls *.ts'), undefined],
    [shell('ls ~/x'), undefined],
    [shell('cat .env'), undefined],
    [shell('rm -rf /'), undefined],
    [writes('delete_file', 'a'), undefined],
    [callOf('git_push', { level: 'dangerous' }), undefined],
    [copies('a', 'b'), undefined],
    [writes('write_file', '.env'), undefined],
    [writes('write_file', '.dir-locals.el'), undefined],
    [writes('write_file', 'open.txt'), undefined],
    [callOf('write_file', { writes: [at('a')], danger: 'odd' }), undefined],
    [writes('write_file', 'a\nb'), undefined],
    [writes('write_file', 'a\u202eb'), undefined],
    [writes('edit_file', 'asked/a'), undefined],
    [writes('edit_file', 'denied/a'), undefined],
    [callOf('odd server/x*'), undefined],
  ])('%j', (call, rule) => {
    const policy = policyOf(['ask edit_file(asked/**)', 'deny edit_file(denied/**)'], {
      unsaved: path => path === at('open.txt'),
    })
    expect(rememberable(call, policy)).toEqual(rule === undefined ? undefined : { session: rule, project: rule })
    if (rule !== undefined) expect(decide(call, policyOf([`allow ${rule}`])).decision).toBe('allow')
  })

  test('holds for nothing else', () => {
    expect(judge(writes('edit_file', 'src/i.ts'), policyOf(['allow edit_file(src/\\[id\\].ts)']))).toBe('ask default')
    expect(judge(shell('npm test x'), policyOf(['allow shell_exec(=npm test)']))).toBe('ask default')
  })
})

describe('hides', () => {
  test.each<[string[], string[], string[]]>([
    [[], ['.env', 'a/.env', '.ssh/x', '.git/config'], ['a', '.env.example', '.git/HEAD']],
    [['deny read_file(secrets/**)', 'ask grep(private)'], ['secrets', 'secrets/a', 'private/a', '.env'], ['src/a']],
    [['deny write_file(vendor/**)'], [], ['vendor/a']],
    [['allow read_file(.env)'], ['a/.env', '.env.local'], ['.env']],
    [['ask read_file(.env)'], ['.env'], ['a']],
    [['allow write_file(.env)'], ['.env'], []],
    [['deny broken('], ['a'], []],
    [['allow broken('], [], ['a']],
  ])('%j', (rules, hidden, shown) => {
    const hidesIt = hides(policyOf(rules, { roots: { allowed: [], forbidden: [at('own')] } }))
    for (const path of [...hidden, 'own/x']) expect([path, hidesIt(at(path))]).toEqual([path, true])
    for (const path of shown) expect([path, hidesIt(at(path))]).toEqual([path, false])
  })
})

describe('defaultApproval', () => {
  const read = { name: 'read_file', level: 'read' } as const
  const write = { name: 'write_file', level: 'write' } as const
  const exec = { name: 'shell_exec', level: 'dangerous', takes: 'line' } as const
  const background = { name: 'shell_background', level: 'write', takes: 'line' } as const
  const mcp = { name: 'github/x', level: 'write' } as const
  test.each([
    [read, [], 'auto'],
    [write, [], 'ask'],
    [exec, [], 'ask'],
    [write, ['allow write_file'], 'auto'],
    [write, ['allow write_file(a)'], 'ask'],
    [exec, ['allow shell_exec'], 'ask'],
    [read, ['ask read_file'], 'ask'],
    [read, ['deny read_file(a)'], 'auto'],
    [write, ['allow write_file', 'deny write_file'], 'deny'],
    [background, ['deny shell_exec'], 'deny'],
    [mcp, ['allow github/*'], 'auto'],
    [mcp, ['deny github/x'], 'deny'],
    [mcp, ['broken('], 'ask'],
  ] as const)('%j with %j', (tool, rules, expected) => {
    expect(defaultApproval(tool, policyOf([...rules]).rules)).toBe(expected)
  })
})
