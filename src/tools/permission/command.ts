import { actingUpTo } from './command/acting.ts'
import { findCatastrophe } from './command/catastrophe.ts'
import { type Cursor, hasMark, SPLIT, VALUE } from './command/cursor.ts'
import { isReserved, type Listener, type Redirect, scanList } from './command/lists.ts'
import { plainWords } from './command/plain.ts'
import { isRunner, isWrapper, nameOf, readsStdin, unwrap } from './command/unwrap.ts'

/**
 * A command that a line runs, by its words after quote removal; marks in them (see `command/cursor.ts`) stand for what is unknown until
 * the line runs. It may come from behind a wrapper, from a substitution, or from a string that a shell would run.
 */
export type SimpleCommand = {
  words: string[]
  redirects: Redirect[]
  /** One of two readings: as if each unquoted expansion were a blank (`git${x}push`). */
  guessed?: true
}

export type Line = {
  /** Every command the line may run, as far as it can be read: rather more than fewer. */
  commands: SimpleCommand[]
  /** The words, when the whole line is one plain command (see `command/plain.ts`) and no wrapper: only then a rule may allow it. */
  plain: string[] | null
  /** How many of the plain words a rule must name, so that it names each option that writes or runs something else. */
  acting: number
  /** False when a shell may read the line otherwise than we do: it is not plain then, and `commands` is its readable part. */
  parsed: boolean
  /** Why it is refused under any rule, as the end of a sentence: "It …". */
  catastrophe?: string
}

/** Deeper nesting of wrappers, quotes and substitutions than this has no good use. */
const MOST_DEPTH = 64
/** Characters and words read again and again, as strings within strings: this many times the length of the line, and some. */
const MOST_WORK = 8
const SOME_WORK = 200_000

class TooDeep extends Error {}

/**
 * Reads a shell line without running any of it; never throws. Compound commands, functions, here-documents, wrappers and
 * strings for other shells are looked through for the simple commands in them. Linear in the length of the line.
 */
export function parseLine(line: string): Line {
  const reading = createReading(MOST_WORK * line.length + SOME_WORK)
  try {
    reading.read(line)
    // After a syntax error some shells go on with the next line, whatever quote was open.
    if (reading.broken && line.includes('\n')) for (const each of line.split('\n')) reading.read(each)
    reading.readDocuments()
  } catch (error) {
    if (!(error instanceof TooDeep)) throw error
    const { commands } = reading
    return { commands, plain: null, acting: 0, parsed: false, catastrophe: 'is nested too deeply to be judged' }
  }
  const { commands } = reading
  const parsed = !reading.broken && !hasMark(line)
  const catastrophe = reading.bomb ? 'is a fork bomb' : findCatastrophe(commands.filter(command => !command.guessed))
  const words = parsed && !catastrophe ? plainWords(line) : null
  const plain = words && !isWrapper(words) && (commands.length === 1 || isRunner(words)) ? words : null
  return { commands, plain, acting: plain ? actingIn(plain, commands) : 0, parsed, ...(catastrophe && { catastrophe }) }
}

/** Of a runner, the options of what it runs count as well. */
const actingIn = (plain: string[], commands: SimpleCommand[]): number =>
  Math.max(
    actingUpTo(plain),
    ...commands.slice(1).map(({ words }) => {
      const acting = actingUpTo(words)
      return acting === 0 ? 0 : Math.max(acting, plain.length - words.length + acting)
    }),
  )

function createReading(budget: number) {
  const reading = { commands: [] as SimpleCommand[], broken: false, bomb: false, read, readDocuments }
  const documents: string[] = []
  let spoken: string[] = [] // what echo and printf say, which a shell may read
  let fed = false // some shell reads its commands from standard input
  let depth = 0
  let work = 0

  function nested<T>(scan: () => T): T {
    if (++depth > MOST_DEPTH) throw new TooDeep()
    const result = scan()
    depth--
    return result
  }

  function spend(units: number) {
    work += units + 1
    if (work > budget) throw new TooDeep()
  }

  function read(text: string): void {
    spend(text.length)
    const functions: { name: string; level: number }[] = []
    const running = new Map<string, number>() // how many open bodies of functions of this name we are in
    let level = 0
    const listener: Listener = {
      command(words, redirects, operator) {
        if (/^(?:\|&?|&)$/.test(operator) && running.get(words[0] ?? '')) reading.bomb = true
        add(words, redirects)
      },
      define(name) {
        functions.push({ name, level })
        running.set(name, (running.get(name) ?? 0) + 1)
      },
      open: () => void level++,
      close() {
        level--
        while (functions.length > 0 && functions.at(-1)!.level >= level) {
          const { name } = functions.pop()!
          running.set(name, running.get(name)! - 1)
        }
      },
      document: body => void documents.push(body),
    }
    const cursor: Cursor = {
      text,
      at: 0,
      list: (c, kind) => scanList(c, kind, listener),
      line: inner => nested(() => read(inner)),
      nested,
      broken: () => {
        reading.broken = true
      },
    }
    scanList(cursor, 'text', listener)
  }

  /** Takes a command in, and whatever it runs in its turn. */
  function add(words: string[], redirects: Redirect[]) {
    const certain = words.filter(word => word !== SPLIT)
    take(certain, redirects)
    if (!words.some(word => word.includes(SPLIT))) return
    const pieces = words.flatMap(word => word.split(SPLIT)).filter(piece => piece !== '')
    take(pieces, redirects, true)
  }

  function take(words: string[], redirects: Redirect[], guessed?: true) {
    spend(words.length)
    // Behind an unknown first word may come the command itself: `$sudo rm`.
    const known = words.findIndex(word => word !== '' && word !== VALUE && !isReserved(word))
    const rest = known < 0 ? [] : words.slice(known)
    if (rest.length + redirects.length === 0) return
    reading.commands.push({ words: rest, redirects, ...(guessed && { guessed }) })
    if (rest.length === 0) return
    const options = rest[0]!.startsWith('-') ? rest.findIndex(word => !word.startsWith('-')) : 0
    if (options > 0) take(rest.slice(options), [], guessed)
    if (readsStdin(rest)) fed = true
    const name = nameOf(rest[0])
    if (name === 'echo' || name === 'printf')
      spoken.push(rest.slice(1).join(' ').replaceAll('\\n', '\n'), ...rest.slice(1))
    const { commands, lines } = unwrap(rest)
    nested(() => {
      for (const command of commands)
        if (guessed) take(command, [], guessed)
        else add(command, [])
      for (const line of lines) read(line)
    })
  }

  /** A shell that reads standard input may get any document of the line, and what is echoed in it. */
  function readDocuments() {
    if (!fed) return
    const texts = [...documents, ...spoken]
    spoken = []
    for (const text of texts) nested(() => read(text))
  }

  return reading
}
