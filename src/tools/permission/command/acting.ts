import { isAwkActing, isSedActing } from './programs.ts'
import { nameOf } from './unwrap.ts'

/**
 * Options by which commands that only read write a file, delete, or run something else; and those that read the names of their
 * operands from a file, which nobody has looked at. From the manual pages of coreutils, findutils, git, ripgrep, sed, tar and npm.
 */
type Acting = {
  /** Long ones by their whole names; what is an abbreviation of one counts as it. */
  long?: string
  /** Shorter abbreviations stand for none of them. */
  least?: number
  /** Letters of short ones, alone or among others. */
  short?: string
  /** Letters of other short options that take a value: what is joined to one is no option. */
  valued?: string
  /** Long options with one dash, as those of find: whole words. */
  words?: RegExp
  /** The operand of this number, from 1, is written. */
  writes?: number
  /** Other words, whatever stands before them. */
  other?: RegExp
  /** Says of all words whether one acts in a way of its own. */
  judge?(words: string[]): boolean
}

const PAGER: Acting = { long: 'pager' }
const NAMES: Acting = { long: 'files0-from' }
const NPM: Acting = {
  long: 'script-shell shell userconfig globalconfig node-options git editor viewer browser onload-script init-module prefix cwd dir cache logs-dir use-yarnrc config.script-shell preload config',
  short: 'C',
  least: 4,
}

const PROGRAMS: Record<string, Acting | undefined> = Object.assign(Object.create(null), {
  sort: { long: 'output compress-program files0-from temporary-directory', short: 'oT', valued: 'kSt' },
  uniq: { valued: 'fsw', writes: 2 },
  shuf: { long: 'output', short: 'o', valued: 'ein' },
  wc: NAMES,
  du: NAMES,
  find: { words: /^-(?:delete|exec|execdir|ok|okdir|fprint|fprint0|fprintf|fls|files0-from)$/ },
  fd: { long: 'exec exec-batch', short: 'xX', valued: 'eEtdSocgjp' },
  rg: { long: 'pre hostname-bin' },
  grep: { short: 'O', long: 'open-files-in-pager', valued: 'efmABCdD' },
  ag: PAGER,
  ack: { long: 'pager ackrc output' },
  bat: PAGER,
  delta: PAGER,
  man: { long: 'pager html config-file gxditview', short: 'PHCX' },
  less: { long: 'log-file LOG-FILE lesskey-file lesskey-src', short: 'oOk', other: /^\+/ },
  more: { other: /^\+/ },
  sed: { long: 'in-place file', short: 'if', valued: 'el', judge: isSedActing },
  awk: {
    long: 'file exec include load dump-variables profile pretty-print debug',
    short: 'fEilodpD',
    valued: 'vFe',
    judge: isAwkActing,
  },
  tar: {
    long: 'use-compress-program checkpoint-action to-command rsh-command info-script new-volume-script rmt-command files-from remove-files index-file listed-incremental',
    short: 'IFTg',
    valued: 'fCbKNVXHL',
  },
  tree: { short: 'o', valued: 'LPIHT', long: 'fromfile fromtabfile' },
  file: { long: 'compile files-from', short: 'Cf', valued: 'mPeF' },
  xxd: { writes: 2, valued: 'cglnos' },
  iconv: { long: 'output', short: 'o', valued: 'ft' },
  base64: { short: 'o', valued: 'iwb' },
  date: { long: 'set', short: 's', valued: 'dfrIv' },
  sdiff: { long: 'output diff-program', short: 'o', valued: 'IwW' },
  diff3: { long: 'diff-program' },
  split: { long: 'filter' },
  yq: { long: 'inplace split-exp', short: 'is', valued: 'oIp' },
  jq: {},
  zip: { long: 'unzip-command', words: /^-TT/ },
  scp: { short: 'S', valued: 'cFiJloPX' },
  sftp: { short: 'S' },
  rsync: { long: 'rsh rsync-path remove-source-files log-file files-from', short: 'e', valued: 'fTBM' },
  curl: {
    long: 'output output-dir remote-name remote-name-all config upload-file data data-raw data-binary data-urlencode data-ascii json form form-string cookie-jar dump-header trace trace-ascii stderr libcurl hsts alt-svc etag-save engine create-dirs',
    short: 'oOKTdFcDJ',
    valued: 'AbCeEHmrtuUwxXyYzPQ',
  },
  wget: { long: 'use-askpass execute config post-file post-data body-file body-data input-file', short: 'ei' },
  ssh: { short: 'oFE', valued: 'BbceDIiJLlmpQRSWw' },
  make: {
    long: 'eval file makefile',
    short: 'f',
    valued: 'CIoWlj',
    other: /^(?:SHELL|\.SHELLFLAGS|MAKEFLAGS|GNUMAKEFLAGS)[:+?]?=/,
  },
  cargo: { long: 'config' },
  go: { words: /^--?(?:exec|toolexec|vettool|overlay|modfile)(?:=|$)/ },
  eslint: { long: 'output-file', short: 'o', valued: 'cf' },
  pandoc: { long: 'output filter lua-filter pdf-engine extract-media', short: 'oFL', valued: 'ftVMHBA' },
  npm: NPM,
  pnpm: NPM,
  yarn: NPM,
  bun: { ...NPM, short: 'Crc' },
  sqlite3: { words: /^--?(?:cmd|init)$/, other: /^\s*\.|writefile\s*\(|load_extension|edit\s*\(/i },
  git: {
    long: 'output output-directory ext-diff textconv exec upload-pack receive-pack open-files-in-pager extcmd template separate-git-dir exec-path git-dir work-tree config-env export-marks build-fake-ancestor in-place paginate',
    other: /^ext::/,
  },
} satisfies Record<string, Acting>)

const ALIASES: Record<string, string | undefined> = {
  egrep: 'grep',
  fgrep: 'grep',
  gawk: 'awk',
  mawk: 'awk',
  nawk: 'awk',
  fdfind: 'fd',
  batcat: 'bat',
  bsdtar: 'tar',
  gnumake: 'make',
}
/** Those of one subcommand of git. */
const OF_GIT: Record<string, Acting | undefined> = Object.assign(Object.create(null), {
  archive: { short: 'o' },
  'format-patch': { short: 'o' },
  grep: { short: 'O', valued: 'efmABC' },
  clone: { short: 'uc', long: 'config' },
  difftool: { short: 'xt', long: 'tool' },
  rebase: { short: 'x' },
  'cat-file': { long: 'filters' },
  bugreport: { short: 'o' },
  diagnose: { short: 'o' },
  'hash-object': { short: 'w' },
  'index-pack': { short: 'o' },
  reflog: { words: /^(?:expire|delete|drop)$/ },
})

/** How many words from the first one a rule must name for the last of these options to be named; 0 when there is none. */
export function actingUpTo(words: string[]): number {
  const name = nameOf(words[0])
  const known = PROGRAMS[name] ?? PROGRAMS[ALIASES[name] ?? ''] ?? PROGRAMS[name.replace(/^g/, '')]
  const isGit = name === 'git'
  return Math.max(known ? lastOf(words, known) : 0, isGit ? lastOfGit(words) : 0)
}

function lastOfGit(words: string[]): number {
  let at = 1
  let last = 0
  for (; words[at]?.startsWith('-'); at++) {
    if (/^-c./s.test(words[at]!)) last = at + 1
    if (/^-[cC]$/.test(words[at]!)) at++
    if (words[at - 1] === '-c') last = at + 1
    if (words[at] === '-p') last = at + 1
  }
  const known = OF_GIT[words[at] ?? '']
  const inner = known ? lastOf(words.slice(at), known) : 0
  return inner === 0 ? last : at + inner
}

function lastOf(words: string[], acting: Acting): number {
  const { long = '', least = 1, short = '', valued = '', words: whole, writes, other, judge } = acting
  const longs = long === '' ? [] : long.split(' ')
  let last = judge?.(words) ? words.length : 0
  let operands = 0
  let ended = false
  for (let at = 1; at < words.length; at++) {
    const word = words[at]!
    if (other?.test(word) || whole?.test(word)) last = Math.max(last, at + 1)
    if (word === '--' && !ended) {
      ended = true
      if (whole || writes === undefined) return last
    } else if (!ended && /^--./.test(word)) {
      const option = word.slice(2).split('=', 1)[0]!.replaceAll('_', '-')
      if (longs.some(name => name === option || isShortFor(option, name, least))) last = Math.max(last, at + 1)
    } else if (!ended && /^-./.test(word)) {
      const letters = [...word.slice(1)]
      const end = letters.findIndex(letter => valued.includes(letter))
      if (letters.slice(0, end < 0 ? undefined : end).some(letter => short.includes(letter)))
        last = Math.max(last, at + 1)
      if (end === letters.length - 1 && end >= 0) at++
    } else if (++operands === writes) last = Math.max(last, at + 1)
  }
  return last
}

/** `--text` of git is an option of its own. */
const isShortFor = (option: string, name: string, least: number): boolean =>
  option.length >= least && name.startsWith(option) && option !== 'text'
