import { posix } from 'node:path'
import type { SimpleCommand } from '../command.ts'
import { ANY, hasMark, isUnknown, STAR } from './cursor.ts'
import { nameOf } from './unwrap.ts'

/**
 * Why a command is refused under any rule, as the end of a sentence ("It …"); undefined when it is not. Judged on words, flags
 * in any order, combined or long (the contract, "Rules"); fork bombs are found where the line is read.
 */
export function findCatastrophe(commands: SimpleCommand[]): string | undefined {
  for (const { words, redirects } of commands) {
    if (redirects.some(({ operator, target }) => operator.includes('>') && isBlockDevice(target)))
      return 'writes over a block device'
    const why = JUDGES.find(([names]) => names.test(nameOf(withoutMarks(words[0]))))?.[1](words)
    if (why) return why
  }
}

type Judge = (words: string[]) => string | undefined

const JUDGES: [RegExp, Judge][] = [
  [/^g?rm$|^srm$/, judgeRemoval],
  [/^g?(?:chmod|chown|chgrp)$/, judgeOwnership],
  [
    /^mkfs(?:\..*)?$|^mke2fs$|^newfs(?:_.*)?$/,
    words => (operandsOf(words).length > 0 ? 'makes a file system' : undefined),
  ],
  [
    /^g?dd$/,
    words => (words.some(word => word.startsWith('of=') && isBlockDevice(word.slice(3))) ? DEVICE : undefined),
  ],
  [
    /^(?:tee|cp|mv|install|shred|wipefs|blkdiscard|mkswap)$/,
    words => (operandsOf(words).slice(-1).some(isBlockDevice) ? DEVICE : undefined),
  ],
  [/^find$/, judgeFind],
  [
    /^(?:perl|python[\d.]*|ruby|node|php)$/,
    words => (words.some(word => FORKS.test(word)) ? 'is a fork bomb' : undefined),
  ],
]

const DEVICE = 'writes over a block device'
const FORKS =
  /\bfork(?:\(\))?\s+while\s+(?:fork|1|true)\b|\bwhile\s*\(?\s*(?:1|True|true)\s*\)?\s*[:{]?\s*(?:os\.)?fork\b/

function judgeRemoval(words: string[]): string | undefined {
  const { letters, longs, operands } = argumentsOf(words)
  if (!/[rR]/.test(letters) && !longs.some(long => isShortFor(long, '--recursive'))) return
  if (operands.some(isRootOrHome)) return 'removes the root or home directory'
  if (longs.some(long => long.length > 4 && isShortFor(long, '--no-preserve-root')))
    return 'may remove the root directory'
}

function judgeOwnership(words: string[]): string | undefined {
  const { letters, longs, operands } = argumentsOf(words)
  if (!letters.includes('R') && !longs.some(long => isShortFor(long, '--recursive'))) return
  if (operands.some(isRoot)) return 'changes every file of the system'
}

/** `find / -delete`, unless a test narrows down what is found. */
function judgeFind(words: string[]): string | undefined {
  const options = words.findIndex((word, at) => at > 0 && /^[-(!]/.test(word) && !/^-[HLPDO]/.test(word))
  if (options < 0 || !words.slice(1, options).some(isRootOrHome)) return
  const rest = words.slice(options)
  const removes = rest.some(
    (word, at) => word === '-delete' || (/^-(?:exec|ok)/.test(word) && nameOf(rest[at + 1]) === 'rm'),
  )
  if (removes && !rest.some(word => NARROWS.test(word))) return 'removes the root or home directory'
}
const NARROWS =
  /^-(?:i?l?name|i?(?:whole)?path|i?regex|newer.*|[acm](?:time|min)|size|user|group|perm|empty|inum|samefile|links|nouser|nogroup|uid|gid)$/

/** GNU option parsing: long options may be cut short, short ones combined, operands come anywhere before and after. */
function argumentsOf(words: string[]): { letters: string; longs: string[]; operands: string[] } {
  const end = words.indexOf('--')
  const options = words.slice(1, end < 0 ? undefined : end)
  return {
    letters: options.filter(word => /^-[^-]/.test(word)).join(''),
    longs: options.filter(word => word.startsWith('--')),
    operands: [...options.filter(word => !/^-./.test(word)), ...(end < 0 ? [] : words.slice(end + 1))],
  }
}
const operandsOf = (words: string[]) => argumentsOf(words).operands
const isShortFor = (long: string, option: string) => long.length > 2 && option.startsWith(long)

const isRootOrHome = (path: string) => isRoot(path) || isHome(path)

/** `/` in any spelling, or all that is in it. */
function isRoot(path: string): boolean {
  return /^[A-Za-z]:[\\/]*\*?$/.test(withStars(path)) || (path.startsWith('/') && partsOf(path).length === 0)
}

/** `~`, `$HOME` (read as `~`), a home directory by its usual place, or the directory of all of them; or all that is in it. */
function isHome(path: string): boolean {
  const parts = partsOf(path)
  if (/^~[\w.-]*$/.test(path.split('/', 1)[0]!)) return parts.length === 1 || (parts.length === 0 && path !== '')
  if (!path.startsWith('/')) return false
  return (/^(?:home|Users)$/.test(parts[0] ?? '') && parts.length <= 2) || (parts[0] === 'root' && parts.length === 1)
}

/** The parts of a path after `.` and `..` are resolved, without wildcards at its end that stand for everything there. */
function partsOf(path: string): string[] {
  const parts = posix
    .normalize(path)
    .split('/')
    .filter(part => part !== '' && part !== '.')
  while (parts.length > 0 && EVERYTHING.test(parts.at(-1)!)) parts.pop()
  return parts
}
const EVERYTHING = new RegExp(`^\\.?[${STAR}${ANY}]+$`)

/** Anything in /dev but what is harmless to write to: every system names its disks in its own way. */
function isBlockDevice(path: string): boolean {
  if (isUnknown(path)) return false
  if (/^[\\/]{2}[.?][\\/]PhysicalDrive\d/i.test(path)) return true
  const [first, ...rest] = posix.normalize(path).replace(/^\/+/, '/').split('/').slice(1)
  return path.startsWith('/') && first === 'dev' && rest.join('') !== '' && !HARMLESS.test(rest.join('/'))
}
const HARMLESS =
  /^(?:null|zero|full|u?random|tty\w*|console|ptmx|stdin|stdout|stderr|(?:fd|pts|shm|mqueue|tcp|udp)(?:\/.*)?)$/

const withStars = (path: string) => path.replaceAll(STAR, '*')
/** As if every unknown part were empty: `r$x` may be `r`, and `$x/rm` is rm. */
const withoutMarks = (word = ''): string => (hasMark(word) ? word.replace(/[\x00\x01]/g, '') : word)
