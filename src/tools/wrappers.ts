import { isReserved } from './lists.ts'
import { asLine, isUnknown, VALUE } from './words.ts'

/** What a command runs in its turn: commands by their words, or lines that a shell reads. */
export type Inner = { commands: string[][]; lines: string[] }

/**
 * How the arguments of a wrapper lead to its command: options (`valued` ones take the next word), then `skip` operands, then
 * the command. From the manual pages of coreutils, util-linux, findutils, procps, sudo, opendoas, moreutils and bash.
 */
type Wrapper = {
  valued?: string
  /** Operands before the command. */
  skip?: number
  /** `NAME=value` may come before the command. */
  assignments?: boolean
  /** Options whose value is a shell line. */
  lines?: string
  /** The operands are a shell line, one altogether or one each, and not words of a command. */
  reads?: 'line' | 'lines'
}

const WRAPPERS = new Map<string, Wrapper>(
  Object.entries({
    env: {
      valued: '-u --unset -C --chdir -a --argv0 -P -L -U',
      lines: '-S --split-string',
      assignments: true,
    },
    sudo: {
      valued:
        '-a -c -C -D -g -h -p -R -r -t -T -u -U --auth-type --login-class --close-from --chdir --group --host --prompt --chroot --role --type --command-timeout --user --other-user',
      assignments: true,
    },
    doas: { valued: '-a -C -u' },
    pkexec: { valued: '--user' },
    run0: { valued: '-u -g -D --user --group --chdir --nice --setenv --property --unit --slice' },
    su: {
      valued: '-g -G -s -w --group --supp-group --shell --whitelist-environment',
      lines: '-c --command --session-command',
      skip: 1,
    },
    runuser: { valued: '-g -G -s -u -w --group --supp-group --shell --user', lines: '-c --command --session-command' },
    sg: { lines: '-c', skip: 1, reads: 'line' },
    xargs: {
      valued:
        '-a -d -E -I -J -L -n -P -R -s -S --arg-file --delimiter --max-args --max-procs --max-chars --process-slot-var',
    },
    exec: { valued: '-a' },
    command: {},
    builtin: {},
    nocorrect: {},
    noglob: {},
    time: { valued: '-f -o --format --output' },
    nice: { valued: '-n --adjustment' },
    ionice: { valued: '-c -n -t --class --classdata' },
    nohup: {},
    timeout: { valued: '-k -s --kill-after --signal', skip: 1 },
    gtimeout: { valued: '-k -s --kill-after --signal', skip: 1 },
    watch: { valued: '-n -q -s --interval --equexit --shotsdir', reads: 'line' },
    setsid: {},
    stdbuf: { valued: '-i -o -e --input --output --error' },
    unbuffer: {},
    chroot: { skip: 1 },
    chrt: { valued: '-T -P -D --sched-runtime --sched-period --sched-deadline', skip: 1 },
    taskset: { skip: 1 },
    numactl: { valued: '-i -m -N -C -p --interleave --membind --cpunodebind --physcpubind --preferred' },
    prlimit: {},
    setpriv: { valued: '--reuid --regid --groups --bounding-set --inh-caps --ambient-caps --securebits' },
    setarch: { skip: 1 },
    linux32: {},
    linux64: {},
    arch: {},
    flock: { valued: '-E -w --conflict-exit-code --timeout --wait', lines: '-c --command', skip: 1 },
    lockf: { valued: '-t', skip: 1 },
    strace: { valued: '-a -b -e -E -I -o -O -p -P -s -S -u -U -X' },
    ltrace: { valued: '-a -A -D -e -l -n -o -p -s -u -x -X' },
    valgrind: {},
    gdb: {},
    catchsegv: {},
    fakeroot: { valued: '-l -s -i -b --lib --faked' },
    faketime: { valued: '-f', skip: 1 },
    unshare: { valued: '-R -S -G -w --root --wd --setuid --setgid --map-users --map-groups --propagation' },
    nsenter: { valued: '-t -S -G --target --setuid --setgid' },
    'systemd-run': {
      valued: '-u -p -E -H -M --unit --property --setenv --slice --uid --gid --nice --description --on-active',
    },
    'systemd-inhibit': { valued: '--what --who --why --mode' },
    'dbus-run-session': { valued: '--config-file --dbus-daemon' },
    'dbus-launch': {},
    'xvfb-run': { valued: '-e -f -n -p -s --error-file --auth-file --server-num --xauth-protocol --server-args' },
    caffeinate: { valued: '-t -w' },
    proxychains: { valued: '-f' },
    proxychains4: { valued: '-f' },
    torsocks: {},
    rlwrap: {},
    chronic: {},
    ifne: {},
    busybox: {},
    toybox: {},
    repeat: { skip: 1 },
    eval: { reads: 'line' },
    trap: { reads: 'lines' },
    alias: { reads: 'lines' },
    script: { valued: '-B -E -I -m -o -O -T', lines: '-c --command', skip: 1 },
    parallel: {
      valued:
        '-a -C -d -E -I -J -j -L -N -n -P -r -s -S --arg-file --colsep --delay --delimiter --env --jobs --joblog --load --max-args --max-procs --memfree --nice --profile --replace --results --retries --sshlogin --tagstring --timeout --tmpdir --wd --workdir',
      reads: 'line',
    },
    mapfile: { valued: '-d -n -O -s -u -c', lines: '-C', reads: 'lines' },
    readarray: { valued: '-d -n -O -s -u -c', lines: '-C', reads: 'lines' },
    compgen: { valued: '-A -F -G -P -S -V -W -X', lines: '-C', reads: 'lines' },
    complete: { valued: '-A -F -G -P -S -V -W -X', lines: '-C', reads: 'lines' },
    cmd: { skip: 1, reads: 'line' },
  } satisfies Record<string, Wrapper>),
)

/** Programs that run others as their purpose: looked through for deny and ask, but no wrappers: `npx tsc` may be allowed. */
const RUNNERS = new Map<string, Wrapper>(
  Object.entries({
    npx: { valued: '-p --package -w --workspace', lines: '-c --call' },
    bunx: { valued: '-p --package' },
    pnpx: {},
    uvx: { valued: '--from --with --python -p' },
    ssh: { valued: '-B -b -c -D -E -e -F -I -i -J -L -l -m -O -o -p -Q -R -S -W -w', skip: 1, reads: 'line' },
    tmux: { valued: '-f -L -S', reads: 'lines' },
    screen: { valued: '-c -e -h -p -r -S -s -T -t' },
    hyperfine: {
      valued: '-w -r -m -M -N -u --warmup --runs --export-json --export-markdown',
      lines: '-p -c -s --prepare --cleanup --setup',
      reads: 'lines',
    },
    concurrently: { valued: '-n -c --names --prefix-colors', reads: 'lines' },
    entr: {},
  } satisfies Record<string, Wrapper>),
)

/** Runners by a subcommand of theirs. */
const SUBCOMMANDS = new Map([
  ['npm', ['exec', 'x']],
  ['pnpm', ['exec', 'dlx']],
  ['yarn', ['exec', 'dlx', 'run']],
  ['bun', ['x']],
  ['uv', ['run']],
  ['poetry', ['run']],
  ['pipenv', ['run']],
  ['bundle', ['exec']],
  ['mise', ['exec', 'x']],
  ['rye', ['run']],
  ['pdm', ['run']],
])

const SHELLS = new Set([
  'sh',
  'bash',
  'dash',
  'zsh',
  'ksh',
  'ksh93',
  'mksh',
  'oksh',
  'pdksh',
  'ash',
  'yash',
  'fish',
  'csh',
  'tcsh',
  'rbash',
  'rksh',
  'rzsh',
  'posh',
])
const SHELL_OPTIONS: Wrapper = { valued: '-o -O +o +O --rcfile --init-file' }
const EXEC_OPTIONS = new Set(['-exec', '-execdir', '-ok', '-okdir', '-x', '--exec', '-X', '--exec-batch'])

/** The name a command goes by: without directory, `.exe` and case, which some systems ignore. */
export const nameOf = (word = ''): string =>
  word
    .slice(word.lastIndexOf('/') + 1)
    .replace(/\.(?:exe|cmd|bat|com)$/i, '')
    .toLowerCase()

/** True for a command whose purpose is to run another: never plain. A shell is one with `-c` only, find with `-exec`. */
export function isWrapper(words: string[]): boolean {
  const name = nameOf(words[0])
  if (WRAPPERS.has(name) || isReserved(name)) return true
  if (RUNNERS.has(name) || SUBCOMMANDS.has(name)) return false
  const { commands, lines } = unwrap(words)
  return commands.length + lines.length > 0
}

/** What the words run besides their own command; never throws. */
export function unwrap(words: string[]): Inner {
  const name = nameOf(words[0])
  const wrapper = WRAPPERS.get(name) ?? RUNNERS.get(name)
  if (wrapper) return unwrapBy(name, wrapper, words)
  if (SHELLS.has(name)) return unwrapShell(words)
  if (name === 'find' || name === 'fd' || name === 'fdfind') return unwrapFind(words)
  if (name === 'git') return unwrapGit(words)
  if (SUBCOMMANDS.get(name)?.includes(words[1] ?? '')) return unwrapBy(name, {}, words.slice(1))
  return { commands: [], lines: [] }
}

/** True when a shell takes its commands from standard input, or from a file that a substitution makes. */
export function readsStdin(words: string[]): boolean {
  const name = nameOf(words[0])
  if (name === 'source' || name === '.') return isPipe(words[1])
  if (!SHELLS.has(name)) return false
  const { at, cluster } = skipOptions(SHELL_OPTIONS, words)
  return !cluster.includes('c') && (cluster.includes('s') || isPipe(words[at]))
}
const isPipe = (word: string | undefined) =>
  word === undefined || word === '-' || isUnknown(word) || /^\/(?:dev|proc)\//.test(word)

function unwrapBy(name: string, wrapper: Wrapper, words: string[]): Inner {
  const { at, lines, cluster } = skipOptions(wrapper, words)
  if (name === 'command' && /[vV]/.test(cluster)) return { commands: [], lines } // only tells where it is
  if (name === 'env' && lines.length > 0) return { commands: [], lines: [lineOf([...lines, ...words.slice(at)])] }
  let start = at
  if (name === 'su' && words[start] === '-') start++
  for (let skip = wrapper.skip ?? 0; skip > 0; skip--) start++
  const rest = words.slice(start)
  // su, flock and script take options behind their operand too
  const late = wrapper.skip ? skipOptions(wrapper, words.slice(start - 1)).lines : []
  if (name === 'parallel') return { commands: [], lines: parallelLines(rest) }
  if (wrapper.reads === 'line') return { commands: [], lines: [...lines, lineOf(rest), ...late] }
  if (wrapper.reads === 'lines')
    return { commands: [], lines: [...lines, ...rest.map(word => asLine(word.replace(/^\w+=/, '')))] }
  if (name === 'runuser') late.push(...skipOptions(wrapper, rest).lines)
  if (name === 'xargs') rest.push(VALUE)
  return { commands: rest.length > 0 && late.length === 0 && name !== 'su' ? [rest] : [], lines: [...lines, ...late] }
}

/** Where the operands begin, the shell lines among the option values, and the letters of all short options. */
function skipOptions(wrapper: Wrapper, words: string[]): { at: number; lines: string[]; cluster: string } {
  const valued = (wrapper.valued ?? '').split(' ')
  const lined = (wrapper.lines ?? '').split(' ')
  const lines: string[] = []
  let cluster = ''
  let at = 1
  for (; at < words.length; at++) {
    const word = words[at]!
    if (word === '--') return { at: at + 1, lines, cluster }
    if (wrapper.assignments && /^[A-Za-z_]\w*=/.test(word)) continue
    if (!/^[-+]./.test(word) && !(word === '-' && wrapper.assignments)) break
    if (word.startsWith('--')) {
      const [option, value] = splitOnce(word, '=')
      const means = (names: string[]) =>
        names.some(name => name === option || (option.length > 3 && name.startsWith(option)))
      if (means(lined)) lines.push(asLine(value ?? words[++at] ?? ''))
      else if (value === undefined && means(valued)) at++
      continue
    }
    const sign = word[0]!
    const takes = [...word.slice(1)].findIndex(
      letter => valued.includes(sign + letter) || lined.includes(sign + letter),
    )
    cluster += takes < 0 ? word.slice(1) : word.slice(1, takes + 2)
    if (takes < 0) continue
    const value = word.slice(takes + 2) || (words[++at] ?? '')
    if (lined.includes(sign + word[takes + 1])) lines.push(asLine(value))
  }
  return { at, lines, cluster }
}

/** `-c` anywhere in the options; the line is the first operand, the rest its parameters, which it may run as well. */
function unwrapShell(words: string[]): Inner {
  const { at, cluster } = skipOptions(SHELL_OPTIONS, words)
  const long = words.findIndex(word => /^--command(?:=|$)/.test(word))
  if (long > 0) return { commands: [], lines: [asLine(splitOnce(words[long]!, '=')[1] ?? words[long + 1] ?? '')] }
  if (!cluster.includes('c')) return { commands: [], lines: [] }
  const line = asLine(words[at] ?? '')
  const runsParameters = /\$(?:[@*0-9]|\{[@*0-9])/.test(line)
  return { commands: runsParameters ? [words.slice(at + 1), words.slice(at + 2)] : [], lines: [line] }
}

function unwrapFind(words: string[]): Inner {
  const commands: string[][] = []
  for (let at = 1; at < words.length; at++) {
    const [option, value] = splitOnce(words[at]!, '=')
    if (!EXEC_OPTIONS.has(option)) continue
    const end = words.findIndex((word, i) => i > at && (word === ';' || (word === '+' && words[i - 1] === '{}')))
    commands.push([...(value === undefined ? [] : [value]), ...words.slice(at + 1, end < 0 ? undefined : end)])
    at = end < 0 ? words.length : end
  }
  return { commands, lines: [] }
}

/** git runs shell lines on request: aliases with `!`, `rebase --exec`, `submodule foreach`, `bisect run`. */
function unwrapGit(words: string[]): Inner {
  const lines: string[] = []
  const rebases = words.includes('rebase')
  words.forEach((word, at) => {
    const after = words[at - 1]
    if ((word === 'foreach' && after === 'submodule') || (word === 'run' && after === 'bisect')) {
      lines.push(lineOf(words.slice(at + 1).filter(option => !/^--(?:quiet|recursive)$/.test(option))))
    }
    if (rebases && (after === '--exec' || after === '-x')) lines.push(asLine(word))
    const inside = /^(?:--exec=|alias\.[^=]*=!)([\s\S]*)$/.exec(word)
    if (inside) lines.push(asLine(inside[1]!))
  })
  return { commands: [], lines }
}

/** GNU parallel: a command line before `:::`; without one, each argument is a line. */
function parallelLines(words: string[]): string[] {
  const colons = words.findIndex(word => /^::::?\+?$/.test(word))
  const template = words.slice(0, colons < 0 ? undefined : colons)
  return template.length > 0 ? [lineOf(template)] : words.slice(colons + 1).map(asLine)
}

const lineOf = (words: string[]): string => words.map(asLine).join(' ')

function splitOnce(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator)
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)]
}
