/**
 * How the arguments of a wrapper lead to its command: options (`valued` ones take the next word), then `skip` operands, then
 * the command. From the manual pages of coreutils, util-linux, findutils, procps, sudo, opendoas, moreutils and bash.
 */
export type Wrapper = {
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

export const WRAPPERS = new Map<string, Wrapper>(
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
export const RUNNERS = new Map<string, Wrapper>(
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
export const SUBCOMMANDS = new Map([
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

export const SHELLS = new Set([
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

/** Options by which programs run others: their values are shell lines or programs. */
export const HELPERS = new Map([
  [
    'tar',
    '--to-command --checkpoint-action --use-compress-program --info-script --new-volume-script --rsh-command -I -F',
  ],
  ['bsdtar', '--use-compress-program'],
  ['rsync', '-e --rsh --rsync-path'],
  ['scp', '-S'],
  ['sftp', '-S'],
  ['rg', '--pre --hostname-bin'],
  ['sort', '--compress-program'],
  ['split', '--filter'],
  ['man', '-P --pager'],
  ['wget', '--use-askpass'],
  ['zip', '-TT --unzip-command'],
])
