// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are shell lines

import { describe, expect, test } from 'bun:test'
import { defaultApproval } from '../../../src/tools/permission/approval.ts'
import { hides } from '../../../src/tools/permission/hidden.ts'
import { decide, type JudgedCall, type Policy } from '../../../src/tools/permission/policy.ts'
import { rememberable } from '../../../src/tools/permission/rememberable.ts'
import { at, callOf, type Expected, judge, PROJECT, policyOf, reads, shell, writes } from './judging.ts'

const copies = (from: string, to: string) => callOf('copy_file', { reads: [at(from)], writes: [at(to)] })

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
    expect(decide(shell('npm test'), policyOf()).danger).toBeUndefined()
    expect(decide(shell('"$x" test'), policyOf()).danger).toBe('shell_command')
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
