import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { compilePath } from '../../../src/tools/permission/pathrule.ts'
import { escapeGlob, parseRule, validateRule } from '../../../src/tools/permission/rule.ts'

describe('parseRule', () => {
  test.each([
    ['read_file', { kind: 'tool', tool: 'read_file' }],
    ['git_push', { kind: 'tool', tool: 'git_push' }],
    ['github/create_issue', { kind: 'tool', tool: 'github/create_issue' }],
    ['a.b/c/d.e', { kind: 'tool', tool: 'a.b/c/d.e' }],
    ['github/*', { kind: 'server', server: 'github' }],
    ['read_file(secrets/**)', { kind: 'path', tool: 'read_file', glob: 'secrets/**' }],
    ['read_file(./a)', { kind: 'path', tool: 'read_file', glob: 'a' }],
    ['write_file(docs/)', { kind: 'path', tool: 'write_file', glob: 'docs/**' }],
    ['grep(/etc/*)', { kind: 'path', tool: 'grep', glob: '/etc/*' }],
    ['edit_file(a (1).ts)', { kind: 'path', tool: 'edit_file', glob: 'a (1).ts' }],
    ['shell_exec(npm test)', { kind: 'words', tool: 'shell_exec', words: ['npm', 'test'], rest: false }],
    ['shell_exec(npm test *)', { kind: 'words', tool: 'shell_exec', words: ['npm', 'test'], rest: true }],
    ['shell_exec(*)', { kind: 'words', tool: 'shell_exec', words: [], rest: true }],
    [
      'shell_background(  npm   run  dev )',
      { kind: 'words', tool: 'shell_background', words: ['npm', 'run', 'dev'], rest: false },
    ],
    [
      `shell_exec(git commit -m "a b" '*' \\* 'c;d')`,
      { kind: 'words', tool: 'shell_exec', words: ['git', 'commit', '-m', 'a b', '*', '*', 'c;d'], rest: false },
    ],
    ['shell_exec(rm -rf ? [a])', { kind: 'words', tool: 'shell_exec', words: ['rm', '-rf', '?', '[a]'], rest: false }],
    ['shell_exec(=npm test && x | y)', { kind: 'line', tool: 'shell_exec', line: 'npm test && x | y' }],
    ['shell_exec(=a (b) c)', { kind: 'line', tool: 'shell_exec', line: 'a (b) c' }],
  ])('%j', (text, parsed) => {
    expect(parseRule(text)).toEqual(parsed as ReturnType<typeof parseRule>)
    expect(validateRule(text)).toBeNull()
  })

  test.each([
    ['', 'Write a rule as tool'],
    ['(a)', 'Write a rule as tool'],
    ['Read_File', 'Write a rule as tool'],
    ['read_file (a)', 'Write a rule as tool'],
    [' read_file', 'Write a rule as tool'],
    ['*', 'Write a rule as tool'],
    ['read_*', 'Write a rule as tool'],
    ['read_file(a', 'Write a rule as tool'],
    ['read_file(a) ', 'Write a rule as tool'],
    ['read_file a)', 'Write a rule as tool'],
    ['read_file()', 'empty'],
    ['read_file(!a)', 'cannot be turned round'],
    ['read_file(../a)', 'no ..'],
    ['read_file(a/../b)', 'no ..'],
    ['git_push(origin)', 'Only tools that take a path'],
    ['git_commit(a)', 'Only tools that take a path'],
    ['nonsense(a)', 'Only tools that take a path'],
    ['shell_kill(a)', 'Only tools that take a path'],
    ['github/x(a)', 'takes no pattern'],
    ['*/x', 'as server/tool'],
    ['/x', 'as server/tool'],
    ['github/', 'as server/tool'],
    ['github/cre*', 'as server/tool'],
    ['git*hub/*', 'as server/tool'],
    ['shell_exec()', 'empty'],
    ['shell_exec( )', 'empty'],
    ['shell_exec(=)', 'empty'],
    ['shell_exec(= )', 'empty'],
    ['shell_exec(npm * test)', '* may only stand as the last word'],
    ['shell_exec(npm run test:*)', '* may only stand as the last word'],
    ['shell_exec(* test)', '* may only stand as the last word'],
    ['shell_exec(npm* *)', '* may only stand as the last word'],
    ['shell_exec(a; b)', 'one simple command'],
    ['shell_exec(a | b)', 'one simple command'],
    ['shell_exec(a > b)', 'one simple command'],
    ['shell_exec(a {b,c})', 'one simple command'],
    ['shell_exec(a #b)', 'one simple command'],
    ["shell_exec(a 'b)", 'one simple command'],
    ['shell_exec(echo $HOME)', 'no $'],
    ['shell_exec(echo `a`)', 'no $'],
    ['shell_exec(A=1 npm test)', 'without assignments'],
    ['read_file(a\nb)', 'one line'],
    ['shell_exec(npm\ttest)', 'one line'],
    ['read_file(a\u202eb)', 'one line'],
    ['shell_exec(npm\u200b test)', 'one line'],
  ])('%j is wrong: %s', (text, message) => {
    expect(() => parseRule(text)).toThrow(expect.objectContaining({ code: 'INVALID_REQUEST' }))
    expect(validateRule(text)).toContain(message)
  })

  test('what is wrong does not quote the rule', () => {
    for (const text of ['sk-secret(x', 'git_push(sk-secret)', 'shell_exec(sk-secret * b)', 'sk-secret/x(a)'])
      expect(validateRule(text)).not.toContain('sk-secret')
  })

  test('never throws anything else', () => {
    const rule = fc.tuple(
      fc.constantFrom('read_file', 'shell_exec', 'a/b', 'x'),
      fc.string({ unit: 'binary' }),
      fc.boolean(),
    )
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          rule.map(([tool, text, exact]) => `${tool}(${exact ? '=' : ''}${text})`),
        ),
        text => {
          expect(validateRule(text) === null || typeof validateRule(text) === 'string').toBe(true)
        },
      ),
    )
  })
})

describe('path rules', () => {
  const PROJECT = '/home/me/a [b] (c)'
  const at = (path: string) => (path.startsWith('/') ? path : `${PROJECT}/${path}`.replace(/\/\.$/, ''))

  test.each<[string, { matches?: string[]; binds?: string[]; neither?: string[] }]>([
    [
      'secrets/**',
      {
        matches: ['secrets', 'secrets/a', 'secrets/.b/c', 'secrets/a\nb'],
        binds: ['Secrets/a', 'SECRETS'],
        neither: ['secretsx', 'x/secrets/a', '/secrets/a', '/home/me/secrets/a', '.'],
      },
    ],
    [
      'secrets',
      { matches: ['secrets'], binds: ['secrets/a', 'secrets/a/b', 'SECRETS/a'], neither: ['secrets.txt', 'x/secrets'] },
    ],
    ['**/secrets', { matches: ['secrets', 'a/secrets'], binds: ['a/secrets/b'], neither: ['a/secretsb'] }],
    ['*', { matches: ['a', '.env', 'a\nb'], neither: ['a/b', '/a'] }],
    ['**', { matches: ['a', 'a/b', '.a/.b', '.', 'a/b\nc'], neither: ['/home/me', '/a', '/home/me/a [b] (c)x/a'] }],
    ['src/*.ts', { matches: ['src/a.ts'], binds: ['src/A.TS'], neither: ['src/a/b.ts', 'src/a.tsx'] }],
    ['**/*.{pem,key}', { matches: ['a.pem', 'x/y.key', '.a.pem'], neither: ['pem', 'a.pem/b'] }],
    ['src/\\[id\\].ts', { matches: ['src/[id].ts'], neither: ['src/i.ts'] }],
    ['\\~/a', { matches: ['~/a'], neither: ['/home/me/a'] }],
    ['/etc/**', { matches: ['/etc/passwd', '/etc'], neither: ['etc/passwd', '/etcx'] }],
    ['/etc/passwd', { matches: ['/etc/passwd'], binds: ['/ETC/passwd'], neither: ['etc/passwd'] }],
    ['~/notes/**', { matches: ['/home/me/notes/a'], neither: ['~/notes/a', 'notes/a'] }],
    ['caf\u00e9/**', { matches: ['caf\u00e9/a'], binds: ['cafe\u0301/a'] }],
  ])('%s', (glob, { matches = [], binds = [], neither = [] }) => {
    const rule = compilePath(glob, PROJECT, '/home/me')
    for (const path of matches) expect([path, rule.matches(at(path)), rule.binds(at(path))]).toEqual([path, true, true])
    for (const path of binds) expect([path, rule.matches(at(path)), rule.binds(at(path))]).toEqual([path, false, true])
    for (const path of neither)
      expect([path, rule.matches(at(path)), rule.binds(at(path))]).toEqual([path, false, false])
  })

  test('only a path without wildcards is that very path', () => {
    expect(compilePath('a/b', '/p').exact).toBe('/p/a/b')
    expect(compilePath('a/\\*', '/p').exact).toBe('/p/a/*')
    expect(compilePath('/a/b', '/p').exact).toBe('/a/b')
    for (const glob of ['*', '.env*', 'a/**', '{a,b}', '[a]', '@(a)', 'a?'])
      expect(compilePath(glob, '/p').exact).toBeNull()
  })

  test('an escaped path matches itself and nothing else', () => {
    const name = fc
      .string({ minLength: 1, unit: fc.constantFrom(...'ab.~!*?[](){}\\@+|^$,- ') })
      .filter(name => !/^\.\.?$/.test(name))
    const path = fc.array(name, { minLength: 1, maxLength: 3 }).map(names => names.join('/'))
    fc.assert(
      fc.property(path, path, (path, other) => {
        const parsed = parseRule(`read_file(${escapeGlob(path)})`)
        if (parsed.kind !== 'path') throw new Error('no path rule')
        const rule = compilePath(parsed.glob, '/p')
        expect([rule.exact, rule.matches(`/p/${path}`), rule.matches(`/p/${other}`)]).toEqual([
          `/p/${path}`,
          true,
          path === other,
        ])
      }),
    )
  })
})
