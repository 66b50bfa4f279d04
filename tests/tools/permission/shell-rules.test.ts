// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are shell lines
import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { plainWords } from '../../../src/tools/permission/command/plain.ts'
import { decide } from '../../../src/tools/permission/policy.ts'
import { rememberable } from '../../../src/tools/permission/rememberable.ts'
import { at, callOf, type Expected, judge, PROJECT, policyOf, shell, writes } from './judging.ts'
import { CATASTROPHES, DISGUISED, HARMLESS, NOT_PLAIN } from './lines.ts'

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
          expect(text).toMatch(/^[\t\n\x20-\x7e]+$/)
          expect(text.replace(/'[^']*'/g, 'q')).not.toMatch(/[$`]/)
          const unquoted = text.replace(/\\.|'[^']*'|"(?:[^"\\]|\\.)*"/g, 'q')
          expect(unquoted).toMatch(/^[^;|&<>()\n'"\\]+$/)
          expect(unquoted).not.toMatch(/\{[^ ]*(?:,|\.\.)[^ ]*\}/)
          expect(plainWords(text)![0]).toMatch(/^[\w.+/-]+$/)
        },
      ),
      { numRuns: 3000 },
    )
  })
})
