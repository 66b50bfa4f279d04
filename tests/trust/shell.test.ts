// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are shell lines
import { expect, test } from 'bun:test'
import { spawnSync } from 'node:child_process'
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { plainWords } from '../../src/tools/permission/command/plain.ts'
import { decide } from '../../src/tools/permission/policy.ts'
import { figure, random, scaled } from '../support/figures.ts'
import { FUZZ_SEED } from '../support/fuzz.ts'
import { tempDir } from '../support/temp.ts'
import { ACTING, EVERYDAY } from '../tools/permission/acting-lines.ts'
import { policyOf, shell } from '../tools/permission/judging.ts'
import { CATASTROPHES, DISGUISED, HARMLESS, NOT_PLAIN } from '../tools/permission/lines.ts'

/** All that a person could allow of the shell, but for what removes. */
const GENEROUS = policyOf(['allow shell_exec', 'allow shell_exec(*)', 'deny shell_exec(rm *)'], {
  auto_approve_tools: ['shell_exec'],
})
const isAllowed = (line: string, policy = GENEROUS) => decide(shell(line), policy).decision === 'allow'

/** The line runs by another program, or where rules by prefix do not apply. */
const AROUND: ((line: string) => string)[] = [
  line => `env ${line}`,
  line => `sh -c '${line.replaceAll("'", "'\\''")}'`,
  line => `echo "$(${line})"`,
  line => `(${line})`,
  line => `true;${line}`,
  line => `timeout 5 nice ${line}`,
]

test('lines that were made to pass: none is allowed', () => {
  const acting = ACTING.flatMap(([, lines]) => lines)
  const simple = DISGUISED.filter(line => !/[\n#`]/.test(line))
  const wrapped = simple.flatMap((line, i) => [
    AROUND[i % AROUND.length]!(line),
    AROUND[(i + 1) % AROUND.length]!(line),
  ])
  const attempts = [...new Set([...DISGUISED, ...NOT_PLAIN, ...CATASTROPHES, ...acting, ...wrapped])]
  const allowed = attempts.filter(line => isAllowed(line))
  expect(attempts.length).toBeGreaterThan(800)
  const asked = EVERYDAY.filter(line => !isAllowed(line, policyOf(['allow shell_exec(*)'])))
  figure(
    'shell rules',
    { attempts: attempts.length, wrongly_allowed: allowed.length },
    {
      everyday_commands: EVERYDAY.length,
      of_them_asked: asked.length,
    },
  )
  expect(allowed).toEqual([])
  expect(asked.length / EVERYDAY.length).toBeLessThanOrEqual(0.03)
})

const WORDS = [
  'a',
  '-x',
  '--y=z',
  "'q r'",
  '"q r"',
  '\\ ',
  'é',
  '*.c',
  '[ab]',
  'x=1',
  '{',
  '}',
  '@{0}',
  '#x',
  "$'t'",
  '',
  '~',
]
const ODD = [...' \t\n\r;&|<>()$`"\'\\!{}[]*?~#=%^@:,-ab1\u00a0\u200b\u0001\u007f']
const NAMES = ['run', 'git', 'npm', 'ls', 'cargo']

/** A line by one of four ways: words, odd characters, a known line that was changed, two known lines run together. */
function lineFor(pick: ReturnType<typeof random>): string {
  const known = [...EVERYDAY, ...HARMLESS, ...DISGUISED, ...NOT_PLAIN]
  const name = pick.of(NAMES)
  if (pick(4) === 0) return [name, ...Array.from({ length: pick(5) }, () => pick.of(WORDS))].join(' ')
  if (pick(3) === 0) return `${name} ${Array.from({ length: 1 + pick(10) }, () => pick.of(ODD)).join('')}`
  const line = pick.of(known)
  if (pick(4) === 0) return `${line}${pick.of(['', ' ', ';', '\n', '"', "'"])}${pick.of(known)}`
  const at = pick(line.length + 1)
  return line.slice(0, at) + pick.of(ODD) + line.slice(at + pick(3))
}

/**
 * What Bash makes of each line: the words of every command that it would run, none of which it can find. Expansion of globs is off.
 */
const READER = `
set -f; PATH=/nowhere; HOME=/h
command_not_found_handle() { printf 'C'; printf '\\1%s' "$@"; printf '\\2'; }
mapfile -d '' -t lines
for line in "\${lines[@]}"; do ( eval -- "$line" ) </dev/null 2>/dev/null; printf '\\3'; done
`
const BUILTIN = new Set(
  spawnSync('bash', ['-c', 'compgen -b; compgen -k'], { encoding: 'utf8' }).stdout.split('\n').filter(Boolean),
)

test('what is allowed of any line is one command with these very words, as Bash reads it', () => {
  const count = scaled(4000, 100_000)
  const pick = random(FUZZ_SEED)
  const allowed: string[] = []
  for (let i = 0; i < count; i++) {
    const line = lineFor(pick)
    const name = plainWords(line)?.[0]
    // Bash itself has these; and a path it looks up nowhere.
    if (isAllowed(line) && !BUILTIN.has(name!) && !name!.includes('/')) allowed.push(line)
  }
  const lines = [...new Set(allowed)]
  const cwd = tempDir()
  const script = join(tempDir(), 'reader.sh')
  writeFileSync(script, READER)
  const input = lines.map(line => `${line}\0`).join('')
  const { stdout } = spawnSync('bash', ['--norc', script], { cwd, input, encoding: 'utf8', maxBuffer: 2 ** 28 })
  const read = stdout.split('\x03')
  const wrong = lines.filter((line, i) => {
    const words = plainWords(line)!
    const [name, ...theirs] = read[i]!.slice(0, -1).split('\x01')
    // `~` and `~+` are one word in Bash, too; the policy knows which.
    const isSame = (word: string, at: number) => word === theirs[at] || /(?:^|[=:])~\+?(?:[/:]|$)/.test(word)
    return name !== 'C' || theirs.length !== words.length || !words.every(isSame)
  })
  figure('shell lines against Bash', {
    fuzzed_lines: count,
    allowed_and_compared: lines.length,
    wrongly_allowed: wrong.length,
  })
  expect(wrong.slice(0, 5).map(line => [line, read[lines.indexOf(line)], plainWords(line)])).toEqual([])
  expect(lines.length).toBeGreaterThan(count / 50)
  expect(readdirSync(cwd)).toEqual([])
}, 1_200_000)
