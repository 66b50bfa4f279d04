import { beforeAll, describe, expect, test } from 'bun:test'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { ownFiles } from '../../../src/config/own-files.ts'
import { leadsOf } from '../../../src/tools/permission/leads.ts'
import { decide, type Policy } from '../../../src/tools/permission/policy.ts'
import { tempDir } from '../../support/temp.ts'
import { policyOf, shell } from './judging.ts'

/** Links, wildcards and ways through /proc, on a real disk: what they lead to counts, not how it is spelled. */
describe.skipIf(process.platform === 'win32')('where operands lead', () => {
  let home: string
  let project: string
  let policy: Policy

  beforeAll(() => {
    home = tempDir({
      '.aws/credentials': 'k',
      '.ssh/id_rsa': 'k',
      '.local/state/emacs-agent/rules.json': '{}',
      '.config/emacs-agent/emacs-agent.toml': '',
      'other/c.toml': '',
      'project/secrets/s.txt': 'k',
      'project/private/p.txt': 'k',
      'project/src/a.ts': 'a',
      'project/.env': 'k',
      'project/conf.toml': '',
      'project/plain': 'a',
    })
    project = join(home, 'project')
    const links: [string, string][] = [
      ['creds', join(home, '.aws/credentials')],
      ['rel', '../.aws/credentials'],
      ['notes.txt', '.env'],
      ['deep/er/link', '../../.env'],
      ['aws', join(home, '.aws')],
      ['up', '..'],
      ['s', 'secrets'],
      ['two', 'creds'],
      ['root', '/'],
      ['state', join(home, '.local/state/emacs-agent')],
      ['me', '/proc/self'],
      ['sub/cli', join(home, '.aws/cli')],
      ['conf', 'conf.toml'],
      ['git-config', '.git/config'],
      ['-dash', '.env'],
      ['a b', '.env'],
      ['harmless', 'src/a.ts'],
    ]
    mkdirSync(join(project, '.git'))
    mkdirSync(join(home, '.aws/cli'))
    writeFileSync(join(project, '.git/config'), '')
    for (const [name, target] of links) {
      mkdirSync(dirname(join(project, name)), { recursive: true })
      symlinkSync(target, join(project, name))
    }
    policy = policyOf(
      [
        'allow shell_exec',
        ...'cat * head * sort * rg * grep * tail * wc * git * jq * diff * cp * tar * curl * unknown *'
          .split(' * ')
          .map(name => `allow shell_exec(${name.replace(/ \*$/, '')} *)`),
        'deny read_file(secrets/**)',
        'ask read_file(private/*)',
      ],
      {
        project,
        home,
        roots: {
          allowed: [],
          forbidden: ownFiles(
            { config: join(home, '.config/emacs-agent'), state: join(home, '.local/state/emacs-agent') },
            join(home, '.emacs-agent/transcripts'),
            join(project, 'conf.toml'),
          ),
        },
      },
    )
  })

  const decided = async (line: string) => {
    const call = shell(line, project)
    return decide({ ...call, effect: { ...call.effect, leads: await leadsOf(line, project, home) } }, policy).decision
  }

  // biome-ignore format: a table
  const OPERANDS = [
    // links
    'creds', './creds', 'rel', 'notes.txt', 'deep/er/link', './deep/../deep/er/link', 'aws/credentials', 'aws/../.aws/credentials', 'two', 's/s.txt', './s/s.txt', 's/../s/s.txt',
    'root/proc/self/environ', 'up/.aws/credentials', 'up/.local/state/emacs-agent/rules.json', 'state/rules.json', 'state', 'me/environ', 'me/root/etc/passwd', 'sub/cli/../credentials',
    'root/proc/1/environ', 'conf', './conf', 'git-config', '-- -dash', "'a b'", 'a\\ b', '"a b"', "cre''ds", '"creds"', "'creds'", 'src/../creds', 'plain creds', 'src//../creds', './/creds', 'up/project/creds', 'harmless creds',
    // joined to options and in other words
    '--file=creds', '-fcreds', '-rfcreds', '-f creds', '--x=y:creds', '@creds', 'x@creds', 'a=@creds', 'HEAD:creds', '-C aws credentials', '-Caws credentials', '--directory=aws credentials', '--cwd aws credentials', 'a,creds', '-vnHfcreds', 'if=creds',
    'file://PROJECT/creds', 'file://localhostPROJECT/creds', 'file://HOME/%2eaws/credentials', 'file://HOME/.%61ws/credentials', 'PROJECT/creds', 'HOME/project/creds', '~/project/creds', '~+/creds', 'HOME/./project//creds',
    // wildcards
    'secret[s]/s.txt', 'secret?/s.txt', 's*/s.txt', 'secrets/*', 'secret[s]/*', '?ecrets/s.txt', '*/s.txt', 'cred?', 'c*', 'cre[d]s', '[c]reds', 'cr*ds', 'n?tes.txt', '*otes.txt', 'note[s].txt', 'd*/e*/l*', 'a?s/credentials', 'aws/c*', 'aw[s]/cred*', '?onf.toml', 'conf.tom[l]', 'c*.toml', 'conf.*',
    '~/.local/stat?/emacs-agent/rules.json', '~/.local/state/emacs-agen?/rules.json', '~/.loca?/*/*/rules.json', '~/.local/st*/em*/r*', '~/.local/state/emacs-a*/rules.json', '~/.confi?/emacs-agen?/emacs-agent.toml', '~/.config/*/emacs-agent.toml', '~/.local/state/*/*',
    'HOME/.local/stat[e]/emacs-agent/rules.json', '~/.a[w]s/credentials', '~/.aw?/c*', '~/.a*/credentials', '~/.ss?/id_rsa', '~/*/*/creds', 'pri[v]ate/p.txt', 'private/?.txt', 'p*/p.txt', 'up/proj*/creds', '.en[v]', '.e??', '.??v',
    // processes
    '/proc/self/environ', '/proc/1/environ', '/proc/12345/environ', '/proc/thread-self/environ', '/proc/self/task/1/environ', '/proc/self/root/etc/passwd', '/proc/self/cwd/plain', '/proc/self/root/HOME/.aws/credentials', '/proc/self/fd/3', '/proc/self/mem', '/proc/self/maps', '/proc/self/cmdline',
    '/proc/*/environ', '/proc/sel?/environ', '/proc/sel[f]/env*', '/pro?/self/environ', '/p*/self/environ', '/proc/self/e*', '/proc/self/*/plain', '/proc/[0-9]*/environ', '/proc/./self/environ', '/proc//self/environ', '//proc/self/environ', '/usr/../proc/self/environ', '/proc/1/../self/environ',
    '/proc/self/cwd/secrets/s.txt', '/proc/self/map_files/x', '/proc/self/ns/net', '/proc/self/attr/current', '/proc/self/pagemap', '/proc/kcore', '/dev/fd/3', '/dev/fd/../environ', '/dev/fd/../root/etc/passwd', '/proc/self/stack', '/proc/self/exe', '@/proc/self/environ', '--file=/proc/self/environ', '-f/proc/self/environ', 'file:///proc/self/environ', '../../../../../../../../proc/self/environ',
    // our own files and their copies
    'conf.toml', './conf.toml', 'conf.toml~', 'conf.toml.bak', '\\#conf.toml\\#', '"#conf.toml#"', '.conf.toml.swp', '.conf.toml.swo', '.\\#conf.toml', 'conf.toml.orig', 'conf.toml.~1~', 'src/../conf.toml', 'PROJECT/conf.toml', '~/project/conf.toml', 'conf.toml.b?k', '.conf.toml.s*', 'con?.toml~', 'HEAD:conf.toml', '--file=conf.toml', '-fconf.toml',
    // by their names
    '.env', 'secrets/s.txt', 'secrets', 'private/p.txt', '~/.aws/credentials', '.git/config', 'secrets/none', './secrets/../secrets/s.txt', 'SECRETS/s.txt',
  ]
  const COMMANDS = ['cat', 'sort', 'head -n 1', 'rg -n x', 'grep x', 'unknown']

  test.each(OPERANDS)('nothing that reads %s runs unasked', async operand => {
    const text = operand.replaceAll('PROJECT', project).replaceAll('HOME', home)
    for (const command of COMMANDS) {
      // Bare words of a program that we do not know may be tasks.
      if (command === 'unknown' && /^(?:secrets|state|conf|SECRETS.*)$/.test(operand)) continue
      const decision = await decided(`${command} ${text}`)
      expect([command, text, decision === 'allow' ? 'allow' : 'asked or denied']).toEqual([
        command,
        text,
        'asked or denied',
      ])
    }
  })

  // biome-ignore format: a table
  test.each([
    'cat src/a.ts', 'cat harmless', 'cat src/*.ts', 'cat plain', 'cat new', 'wc -l src/a.ts', 'grep -rn x src', 'rg x src', 'head -n 5 ./src/a.ts', 'sort plain', 'cat /proc/cpuinfo', 'cat /proc/self/status', 'cat /proc/meminfo', 'git log -- src', 'git show HEAD:src/a.ts',
    'diff src/a.ts plain', 'cat /etc/hostname', 'ls root', 'ls src', 'cat src/a?ts', 'cp plain new', 'jq . src/a.ts', 'git diff HEAD~1', 'tail /dev/null', 'grep -C 3 x plain', 'curl https://example.org/a', 'git commit -m "See src/a.ts and the plain file"', 'npm test', 'sort /dev/stdin',
  ])('%s is allowed', async line => expect(await decided(line)).toBe('allow'))

  test('what a deny rule names is denied by links and wildcards, too', async () => {
    for (const operand of ['s/s.txt', 'secret?/s.txt', `root${project}/s/s.txt`, 'up/project/s/s.txt'])
      expect([operand, await decided(`cat ${operand}`)]).toEqual([operand, 'deny'])
    for (const operand of ['conf', 'state/rules.json', '~/.local/stat?/emacs-agent/rules.json'])
      expect([operand, await decided(`cat ${operand}`)]).toEqual([operand, 'deny'])
  })

  test('more operands than can be looked at are asked', async () => {
    const many = Array.from({ length: 3000 }, (_, i) => `f${i}.txt`).join(' ')
    expect(await leadsOf(`cat ${many}`, project, home)).toMatchObject({ partial: true })
    expect(await decided(`cat ${many}`)).toBe('ask')
  })

  test.each(['grep -r x ~', 'rg --hidden x /', 'rg x HOME', 'cp -r ~ x', 'tar -cf - HOME', 'grep -R x up', 'rg x'])(
    'what reads all below, our own files among it, is asked: %s',
    async line => expect(await decided(line.replace('HOME', home))).not.toBe('allow'),
  )

  test('a loop of links ends', async () => {
    symlinkSync('loop', join(project, 'loop'))
    expect(await leadsOf('cat loop loop/x l*p/x', project, home)).toMatchObject({ partial: false })
  })
})
