// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are shell lines
import { beforeAll, describe, expect, test } from 'bun:test'
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { plainWords } from '../../../src/tools/permission/command/plain.ts'
import { nameOf } from '../../../src/tools/permission/command/unwrap.ts'
import { parseLine } from '../../../src/tools/permission/command.ts'
import { tempDir } from '../../support/temp.ts'
import { CATASTROPHES, DISGUISED, HARMLESS, NO_CATASTROPHES, NOT_PLAIN, UNPARSED } from './lines.ts'

const commandsOf = (line: string) => parseLine(line).commands.map(({ words }) => words)
const runs = (line: string, name: string) => commandsOf(line).some(words => nameOf(words[0]) === name)

describe('commands of a line', () => {
  test.each(DISGUISED)('%j runs rm', line => expect(runs(line, 'rm')).toBe(true))
  test.each(HARMLESS)('%j does not run rm', line => expect(runs(line, 'rm')).toBe(false))

  test.each<[string, string[][]]>([
    ['', []],
    ['   \n\n ', []],
    ['# only a comment', []],
    ['a b c', [['a', 'b', 'c']]],
    [`a 'b c' "d e" f\\ g "\\"" '' "\\a"`, [['a', 'b c', 'd e', 'f g', '"', '', '\\a']]],
    ["a $'\\t\\n\\'\\\\\\x41\\u00e9\\cA\\q'", [['a', "\t\n'\\Aé\0\\q"]]],
    ['a; b | c && d || e & f', [['a'], ['b'], ['c'], ['d'], ['e'], ['f']]],
    [
      'sudo -u me env A=1 ls -l',
      [
        ['sudo', '-u', 'me', 'env', 'A=1', 'ls', '-l'],
        ['env', 'A=1', 'ls', '-l'],
        ['ls', '-l'],
      ],
    ],
    ['a {b,c}{d,e} {f} {g', [['a', 'bd', 'be', 'cd', 'ce', '{f}', '{g']]],
    ['echo $HOME "${HOME}/a" ~', [['echo', '~', '~/a', '~']]],
  ])('%j', (line, expected) => expect(commandsOf(line)).toEqual(expected))

  test('unknown parts are marked, and read as blanks once more', () => {
    expect(commandsOf('git${x}push "$y" *.c [ab]?')).toEqual([
      ['git\x01push', '\0', '\x02.c', '\x03\x03'],
      ['git', 'push', '\0', '\x02.c', '\x03\x03'],
    ])
  })

  test('redirections belong to their command', () => {
    expect(parseLine('a <in >>out 2>&1; b &> log').commands.map(({ redirects }) => redirects)).toEqual([
      [
        { operator: '<', target: 'in' },
        { operator: '>>', target: 'out' },
        { operator: '>&', target: '1' },
      ],
      [{ operator: '&>', target: 'log' }],
    ])
  })

  test.each(UNPARSED)('%j is not parsed, nor plain; its readable part is there', line => {
    const { parsed, plain, commands } = parseLine(line)
    expect({ parsed, plain, a: commands.some(({ words }) => words[0]?.startsWith('a')) }).toEqual({
      parsed: false,
      plain: null,
      a: true,
    })
  })

  test('after a syntax error the next line counts as well', () => {
    expect(runs('a=( ; "\nrm x\n"', 'rm')).toBe(true)
  })
})

describe('plain', () => {
  test.each<[string, string[]]>([
    ['npm test', ['npm', 'test']],
    ['  npm   test  ', ['npm', 'test']],
    ['./run.sh --flag=a/b -x', ['./run.sh', '--flag=a/b', '-x']],
    [`git commit -m 'a; b && c | d > e (f) {g} #h'`, ['git', 'commit', '-m', 'a; b && c | d > e (f) {g} #h']],
    [`grep "a \\"b\\" \\\\ c" x\\ y`, ['grep', 'a "b" \\ c', 'x y']],
    ["a ''", ['a', '']],
    ['a b#c d=e !', ['a', 'b#c', 'd=e', '!']],
    ['ls *.ts ~/src [ab]?', ['ls', '*.ts', '~/src', '[ab]?']],
    ['cat résumé.txt 日本', ['cat', 'résumé.txt', '日本']],
    ['sh script.sh', ['sh', 'script.sh']],
    ['find . -name x', ['find', '.', '-name', 'x']],
    ['npx tsc --noEmit', ['npx', 'tsc', '--noEmit']],
    ['git clean -x src', ['git', 'clean', '-x', 'src']],
  ])('%j', (line, words) => expect(parseLine(line).plain).toEqual(words))

  test.each(NOT_PLAIN)('not %j', line => expect(parseLine(line).plain).toBeNull())

  test('for cmd.exe, only words without quotes and expansions', () => {
    expect(plainWords('npm run test:a ./x', true)).toEqual(['npm', 'run', 'test:a', './x'])
    for (const line of ['a %PATH%', 'a ^b', "a 'b'", 'a "b"', 'a !b!', 'a \\b'])
      expect(plainWords(line, true)).toBeNull()
  })
})

describe('catastrophes', () => {
  const TOO_DEEP = ['env ', '(', '$(', '"$(', '${'].map(unit => unit.repeat(500))

  test.each([...CATASTROPHES, ...TOO_DEEP])('%j is refused', line => {
    const { catastrophe, plain } = parseLine(line)
    expect(catastrophe).toBeString()
    expect(plain).toBeNull()
  })

  test.each(NO_CATASTROPHES)('%j is not', line => expect(parseLine(line).catastrophe).toBeUndefined())
})

describe('any text', () => {
  const FRAGMENTS =
    `marker marker marker mark er ; & && | || ( ) { } $( ) \` " ' \\ $' $" # <<E <<-E <<'E' E < > >> <<< 2> x) (x) ;; in esac if then fi else do done $(( )) (( 1<<2 f() coproc time ! [[ \${ \${x:- \${x# } $@ $1 $x \${IFS} = X=1 a=( env eval exec command sh -c bash cat xargs echo find nice timeout 5 setsid -n trap EXIT {a, marker, ~ * ? [m] /dev/stdin $'\\x6d'arker m''arker \\marker ma"rk"er select let &> <( >( |& $[ $# {fd}>f alias`.split(
      ' ',
    )
  const line = fc
    .array(
      fc.tuple(
        fc.constantFrom(...FRAGMENTS, 'case x in', 'for i in a', '\n', '\nE\n', '\t', '\r'),
        fc.constantFrom('', ' '),
      ),
      { minLength: 1, maxLength: 16 },
    )
    .map(parts => parts.flat().join(''))

  test('is read without throwing, and what is plain is one command', () => {
    fc.assert(
      fc.property(fc.oneof(line, fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' })), text => {
        const { plain, commands, parsed, catastrophe } = parseLine(text)
        if (plain)
          expect({ parsed, commands: commands.length, catastrophe }).toEqual({
            parsed: true,
            commands: 1,
            catastrophe: undefined,
          })
      }),
      { numRuns: 3000 },
    )
  })

  test('is read in linear time', () => {
    const units = [
      'a',
      'a ',
      'a;',
      '(',
      ')',
      '((',
      '$(',
      '`',
      '"',
      '\\',
      "'",
      '[',
      '{',
      '{a,',
      '${',
      '$((',
      '<<A ',
      '<(',
      '>',
      'case x in ',
      'env ',
      'sh -c ',
      'eval ',
      '-',
      '\n',
      '<<A\n',
      'f() { ',
      "$'",
      '*',
      '$x',
      'a=(',
      '{a..b}',
      'rm -rf $x/ ',
      'echo a | sh;',
      '../',
      'time ',
      '"a"\'b\'\\c',
      'é',
    ]
    const texts = units.map(unit => unit.repeat(2 ** 17 / unit.length))
    const long = `find ${'-exec a ; '.repeat(20000)}`
    for (const text of [...texts, long, `git ${'submodule foreach '.repeat(9000)}`, `'${'a'.repeat(2 ** 17)}`])
      expect(parseLine(text)).toBeDefined()
    expect(parseLine(`echo ${'x'.repeat(2 ** 20)}`).plain).toHaveLength(2)
  }, 180_000)

  const bash = ['/bin/bash', '/usr/bin/bash'].find(existsSync)
  describe.skipIf(!bash)('compared with a real bash (skipped without one)', () => {
    let place: string
    let bin: string
    let cwd: string
    beforeAll(() => {
      place = tempDir()
      bin = join(place, 'bin')
      cwd = join(place, 'cwd')
      mkdirSync(bin)
      mkdirSync(cwd)
      for (const name of ['marker', 'rm']) {
        writeFileSync(join(bin, name), '#!/bin/sh\necho ran >> "$RAN"\n')
        chmodSync(join(bin, name), 0o755)
      }
      for (const name of [
        'env',
        'xargs',
        'find',
        'nice',
        'nohup',
        'timeout',
        'setsid',
        'stdbuf',
        'cat',
        'sh',
        'bash',
      ]) {
        const real = ['/usr/bin', '/bin'].map(directory => join(directory, name)).find(existsSync)
        if (real) symlinkSync(real, join(bin, name))
      }
    })

    /** True when bash, with nothing but our few programs to run, ran `marker` (or a fake rm). */
    let runsSoFar = 0
    function bashRuns(text: string): boolean {
      const ran = join(place, `ran${runsSoFar++}`)
      spawnSync(bash!, ['-c', text], {
        cwd,
        env: { PATH: bin, RAN: ran, HOME: cwd },
        stdio: 'ignore',
        timeout: 2000,
        killSignal: 'SIGKILL',
      })
      for (const name of readdirSync(cwd)) rmSync(join(cwd, name), { recursive: true, force: true })
      return existsSync(ran)
    }

    test('what bash runs is found', () => {
      const texts = fc
        .sample(line, { numRuns: 600, seed: 20261101 })
        .filter(text => text.includes('m') && !/[ru]m -/.test(text))
      const missed = texts.filter(text => bashRuns(text) && !mayRun(text, 'marker'))
      expect(missed).toEqual([])
    }, 180_000)

    test('the disguises are real: bash falls for most of them', () => {
      const fooled = DISGUISED.filter(text => !/sudo|select|while|until|[<>]\(|parallel|trap/i.test(text)).filter(
        bashRuns,
      )
      expect(fooled.length).toBeGreaterThan(100)
      for (const text of HARMLESS) expect([text, bashRuns(text)]).toEqual([text, false])
    }, 180_000)

    test('words of plain lines are the words bash passes', () => {
      const piece = fc.constantFrom(
        ...`a b.c - -- --x=y / , : @ % + _ ! ^ é 日 \\\\ \\a '' "" 'a b' "c d" "\\"" "\\\\" "\\a" "it's" '"' a'b'c"d"\\ e \\' \\" '#' a#b * ? [a] ] = ; & | > ( { # \\; \\& 'a;b' "a|b" '\\' `.split(
          ' ',
        ),
        ' ',
      )
      const lines = fc
        .sample(
          fc.array(piece, { maxLength: 12 }).map(parts => `name ${parts.join('')}`),
          4000,
        )
        .filter(text => parseLine(text).plain)
      expect(lines.length).toBeGreaterThan(100)
      const script = `set -f\nname() { printf '%s\\0' "$#" "$@"; }\n${lines.join('\n')}\n`
      for (const shell of [bash!, ...['/bin/dash'].filter(existsSync)]) {
        const { stdout } = spawnSync(shell, ['-s'], { input: script, encoding: 'utf8', maxBuffer: 2 ** 26 })
        const expected = lines.flatMap(text => parseLine(text).plain!.slice(1)).length
        const words = stdout.split('\0').slice(0, -1)
        let at = 0
        for (const text of lines) {
          const plain = parseLine(text).plain!.slice(1)
          expect([text, ...words.slice(at, at + plain.length + 1)]).toEqual([text, String(plain.length), ...plain])
          at += plain.length + 1
        }
        expect(words.length).toBe(expected + lines.length)
      }
    })
  })
})

/** The program itself is found, a name that may become it, or a file of that name that a shell reads. */
const mayRun = (text: string, name: string) =>
  commandsOf(text).some(
    ([first = '', ...rest]) =>
      nameOf(first).replace(/[\0\x01]/g, '') === name ||
      /[\x02\x03]/.test(first) ||
      (/^(?:\.|source|sh|bash)$/.test(nameOf(first)) &&
        rest.some(word => word.replace(/[\0\x01]/g, '').endsWith(name))),
  )
