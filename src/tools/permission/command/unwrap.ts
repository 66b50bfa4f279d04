import { asLine, isUnknown, VALUE } from './cursor.ts'
import { isReserved } from './lists.ts'
import { HELPERS, RUNNERS, SHELLS, SUBCOMMANDS, WRAPPERS, type Wrapper } from './wrappers.ts'

/** What a command runs in its turn: commands by their words, or lines that a shell reads. */
export type Inner = { commands: string[][]; lines: string[] }

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
  if (isRunner(words)) return false
  const { commands, lines } = unwrap(words)
  return commands.length + lines.length > 0
}

/** True for a command that runs others too, but whose rules are meant for what it runs: `npx tsc`. */
export const isRunner = (words: string[]): boolean => {
  const name = nameOf(words[0])
  return RUNNERS.has(name) || SUBCOMMANDS.has(name)
}

/** What the words run besides their own command; never throws. */
export function unwrap(words: string[]): Inner {
  const name = nameOf(words[0])
  const wrapper = WRAPPERS.get(name) ?? RUNNERS.get(name)
  if (wrapper) return unwrapBy(name, wrapper, words)
  if (SHELLS.has(name)) return unwrapShell(words)
  if (name === 'find' || name === 'fd' || name === 'fdfind') return unwrapFind(words, name !== 'find')
  if (name === 'git') return unwrapGit(words)
  const helpers = HELPERS.get(name)
  if (helpers) return { commands: [], lines: helperLines(helpers, name === 'tar' ? withDash(words) : words) }
  if (SUBCOMMANDS.get(name)?.includes(words[1] ?? '')) return unwrapBy(name, {}, words.slice(1))
  return { commands: [], lines: [] }
}

/** True when a shell takes its commands from standard input, or from a file that a substitution makes. */
export function readsStdin(words: string[]): boolean {
  const name = nameOf(words[0])
  if (name === 'source' || name === '.') return isPipe(words[1])
  if (!SHELLS.has(name)) return false
  const { at, cluster } = shellOptions(words)
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
  if (name === 'setarch') return { commands: [rest, words.slice(at)], lines } // it may go without its operand
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
    if (wrapper.assignments && /^[^-].*=|^=/s.test(word)) continue
    if (!/^[-+]./.test(word) && !(word === '-' && wrapper.assignments)) break
    if (word.startsWith('--')) {
      const [option, value] = splitOnce(word, '=')
      const means = (names: string[]) =>
        names.some(name => name === option || (option.length > 2 && name.startsWith(option)))
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
  const { at, cluster, lines } = shellOptions(words)
  if (!cluster.includes('c')) return { commands: [], lines }
  const line = asLine(words[at] ?? '')
  const runsParameters = /\$(?:[@*0-9]|\{[@*0-9])/.test(line)
  return { commands: runsParameters ? [words.slice(at + 1), words.slice(at + 2)] : [], lines: [...lines, line] }
}

/** Shells take the value of `-o` from the next word even when letters follow it: `bash -oc pipefail line`. */
function shellOptions(words: string[]): { at: number; cluster: string; lines: string[] } {
  const lines: string[] = []
  let cluster = ''
  let at = 1
  for (; at < words.length; at++) {
    const word = words[at]!
    if (word === '--') return { at: at + 1, cluster, lines }
    if (!/^[-+]./.test(word)) break
    const next = words[at + 1] ?? ''
    const command = /^--(?:init-)?command(?:=([\s\S]*))?$/.exec(word)
    if (command) lines.push(asLine(command[1] ?? next))
    if (word === '-C') lines.push(asLine(next)) // fish; to others it has no value, and reading too much does no harm
    if (!word.startsWith('--')) cluster += word.slice(1)
    if (/^(?:--rcfile|--init-file|--(?:init-)?command)$|^[-+][A-Za-z]*[oO]/.test(word) && !/^[-+]/.test(next)) at++
  }
  return { at, cluster, lines }
}

function unwrapFind(words: string[], fd: boolean): Inner {
  const commands: string[][] = []
  let command: string[] | null = null
  words.forEach((word, at) => {
    const [option, value] = splitOnce(word, '=')
    const short = fd ? /^-\w*?[xX](.*)$/s.exec(word)?.[1] : undefined
    if (command && (word === ';' || (word === '+' && words[at - 1] === '{}'))) command = null
    else if (command) command.push(word)
    else if (EXEC_OPTIONS.has(option)) commands.push((command = value === undefined ? [] : [value]))
    else if (short !== undefined) commands.push((command = short === '' ? [] : [short]))
  })
  return { commands, lines: [] }
}

/** git runs shell lines on request: settings before the subcommand, options of some, `submodule foreach`, `bisect run`. */
function unwrapGit(words: string[]): Inner {
  const lines: string[] = []
  let at = 1
  for (; /^-/.test(words[at] ?? ''); at++) {
    if (words[at] === '-c') lines.push(asLine((splitOnce(words[at + 1] ?? '', '=')[1] ?? '').replace(/^!/, '')))
    if (/^(?:-c|-C|--git-dir|--work-tree|--namespace|--config-env)$/.test(words[at]!)) at++
  }
  const [subcommand, ...rest] = words.slice(at)
  if (/^(?:submodule|bisect)$/.test(subcommand ?? '')) {
    const runs = rest.findIndex(word => word === (subcommand === 'bisect' ? 'run' : 'foreach'))
    if (runs >= 0) lines.push(lineOf(rest.slice(runs + 1).filter(word => !/^--(?:quiet|recursive)$/.test(word))))
  }
  const helpers = `${GIT_HELPERS[subcommand ?? ''] ?? ''} --exec --upload-pack --receive-pack`.trim()
  return { commands: [], lines: [...lines, ...helperLines(helpers, words.slice(at))] }
}
const GIT_HELPERS: Record<string, string | undefined> = {
  rebase: '-x',
  clone: '-u',
  difftool: '-x --extcmd',
  grep: '-O --open-files-in-pager',
  'filter-branch':
    '--tree-filter --index-filter --env-filter --parent-filter --msg-filter --commit-filter --tag-name-filter',
}

/** The values of options that name a program to run, wherever they stand; short ones may be among others in a cluster. */
function helperLines(helpers: string, words: string[]): string[] {
  const options = helpers.split(' ')
  return words.flatMap((word, at) => {
    if (at === 0 || !/^-./.test(word)) return []
    const next = words[at + 1] ?? ''
    if (word.startsWith('--')) {
      const [option, value] = splitOnce(word, '=')
      const known = option.length > 3 && options.some(known => known.startsWith(option))
      return known ? [asLine(value ?? next).replace(/^exec=/, '')] : []
    }
    const short = options.find(known => /^-[^-]/.test(known) && word.includes(known.slice(1), 1))
    if (short === undefined) return []
    const inside = word.slice(word.indexOf(short.slice(1), 1) + short.length - 1)
    return inside === '' ? [asLine(next)] : [asLine(inside), asLine(next)] // old options of tar: `tar cIf program a`
  })
}

/** tar takes its first options without a dash, too: `tar xf a`. */
const withDash = ([name = '', first = '', ...rest]: string[]) => [name, first.replace(/^(?!-)/, '-'), ...rest]

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
