import { hasFinal, isBareHarmony, SEAM_LENGTH, withTokens } from './bare-harmony.ts'
import { HARMONY, HARMONY_SEAM, Harmony, type Said } from './harmony.ts'

/** How models and their servers mark thinking, when it is left in the text. Case does not matter. */
const NAMES = ['think', 'thinking', 'thought', 'thoughts', 'reasoning', 'reason', 'seed:think', 'mm:think']
const PAIRS: [string, string][] = [
  ...NAMES.map((name): [string, string] => [`<${name}>`, `</${name}>`]),
  ['[think]', '[/think]'], // Magistral
  ['◁think▷', '◁/think▷'], // Kimi-VL
  ['<|think|>', '<|/think|>'],
  ['<|begin_of_thought|>', '<|end_of_thought|>'],
  ['<|start_thinking|>', '<|end_thinking|>'], // Command A
  ['<|inner_prefix|>', '<|inner_suffix|>'], // Apertus
  ['<|channel>thought', '<channel|>'], // Gemma 4
]
/** How some of them mark the answer as well, where it follows thinking. */
const ANSWERS: [string, string][] = [
  ['<|start_response|>', '<|end_response|>'],
  ['<|begin_of_solution|>', '<|end_of_solution|>'],
  ['<answer>', '</answer>'],
]
const CLOSERS = [...PAIRS.map(([, closer]) => closer), HARMONY_SEAM]
const STARTS = [...PAIRS.map(([opener]) => opener), ...HARMONY]
/** Where a closing tag may begin: `</`, `[/`, `◁/`, `<|`. */
const CLOSER_START = /<[/|]|\[\/|◁\/|[<[◁]$/g
const LONGEST = Math.max(...[...CLOSERS, ...STARTS].map(each => each.length))

/** What a piece adds. `rethink`: all text before it was thinking as well. */
export type Split = Omit<Said, 'calls'> & { calls?: Said['calls']; rethink?: true }

/**
 * Takes thinking off the beginning of an answer that comes in pieces: local servers that do not know the model leave it in the
 * text, between tags, in harmony's channels or, where the template has written the opening tag, with the closing one only.
 * Anywhere else, and in code, the words mean themselves.
 */
export class ThinkTag {
  #where: 'start' | 'bare' | 'inside' | 'behind' | 'answer' | 'open' | 'past' = 'start'
  #held = ''
  #closer = ''
  /** Something between the tags of an answer was passed on. */
  #begun = false
  /** The text passed on, as long as a closing tag could still make it thinking: what of it decides whether we are in code. */
  #line = ''
  #fenced = false
  #tags = 0
  #harmony: Harmony | undefined

  feed(piece: string): Split {
    if (this.#harmony) return this.#harmony.feed(piece)
    if (this.#where === 'past') return { thinking: '', text: piece }
    if (this.#where === 'open' && this.#held === '' && !/[<[◁]/.test(piece)) {
      this.#follow(piece) // nearly every piece: no tag begins in it
      return { thinking: '', text: piece }
    }
    this.#held += piece
    if (this.#where === 'bare') return this.#bare(piece)
    if (this.#where === 'answer') return { thinking: '', text: this.#answer() }
    if (this.#where === 'start') {
      const start = this.#held.trimStart()
      const low = start.slice(0, LONGEST).toLowerCase()
      const pair = PAIRS.find(([opener]) => low.startsWith(opener))
      if (pair) {
        this.#closer = pair[1]
        this.#held = start.slice(pair[0].length)
        this.#where = 'inside'
      } else if (HARMONY.some(each => low.startsWith(each))) {
        this.#harmony = new Harmony()
        return this.#harmony.feed(this.#take())
      } else if (isBareHarmony(start) === true) {
        this.#held = start
        this.#where = 'bare'
        return this.#bare(start)
      } else if (STARTS.some(each => each.startsWith(low)) || isBareHarmony(start)) return NOTHING
      else this.#where = 'open'
    }
    if (this.#where === 'open') return this.#lone()
    let thinking = ''
    if (this.#where === 'inside') {
      const at = indexIn(this.#held, this.#closer)
      thinking =
        at < 0 ? this.#held.slice(0, this.#held.length - overlap(this.#held, this.#closer)) : this.#held.slice(0, at)
      this.#held = this.#held.slice(at < 0 ? thinking.length : at + this.#closer.length)
      if (at < 0) return { thinking, text: '' }
      this.#where = 'behind'
    }
    return { thinking, text: this.#behind() }
  }

  /** Nothing more comes: what was held back is what it is. */
  end(): Split {
    if (this.#harmony) return this.#harmony.feed('', true)
    const tokens = this.#where === 'bare' ? withTokens(this.#held) : undefined
    if (tokens) {
      this.#harmony = new Harmony()
      this.#take()
      return this.#harmony.feed(tokens, true)
    }
    const held = this.#where === 'open' ? this.#lone(true) : { thinking: '', text: '' }
    const inside = this.#where === 'inside'
    const closer = this.#where === 'answer' ? this.#closer : undefined
    this.#where = 'past'
    const whole = this.#take()
    const rest = closer && whole.trim().toLowerCase() === closer ? '' : whole
    return inside ? { thinking: rest, text: '' } : { ...held, text: held.text + rest }
  }

  /** Held until the answer itself begins: a single word cannot tell thinking from text. */
  #bare(piece: string): Split {
    const text = this.#line + piece
    this.#line = text.slice(-SEAM_LENGTH)
    if (!hasFinal(text)) return NOTHING
    this.#harmony = new Harmony()
    return this.#harmony.feed(withTokens(this.#take())!)
  }

  #behind(): string {
    this.#held = this.#held.trimStart()
    const low = this.#held.slice(0, LONGEST).toLowerCase()
    const pair = ANSWERS.find(([opener]) => low.startsWith(opener))
    if (pair) {
      this.#held = this.#held.slice(pair[0].length)
      this.#closer = pair[1]
      this.#where = 'answer'
      return this.#answer()
    }
    if (low === '' || ANSWERS.some(([opener]) => opener.startsWith(low))) return ''
    this.#where = 'past'
    return this.#take()
  }

  /** All but a closing tag with nothing behind it, and what may become one. */
  #answer(): string {
    if (!this.#begun) this.#held = this.#held.trimStart()
    const at = this.#held.search(/\s*(?:<[^<>]*>?\s*)?$/)
    const mark = this.#held.slice(at).trim().toLowerCase()
    const kept = this.#closer.startsWith(mark) ? at : this.#held.length
    const text = this.#held.slice(0, kept)
    this.#held = this.#held.slice(kept)
    this.#begun ||= text !== ''
    return text
  }

  /** Looks for a closing tag that nothing opened. */
  #lone(end = false): Split {
    const text = this.#held
    let from = 0
    CLOSER_START.lastIndex = 0
    for (let found = CLOSER_START.exec(text); found; found = CLOSER_START.exec(text)) {
      const at = found.index
      const low = text.slice(at, at + LONGEST).toLowerCase()
      const closer = CLOSERS.find(each => low.startsWith(each))
      const rest = closer && text.slice(at + closer.length)
      if (!closer && !CLOSERS.some(each => each.startsWith(low))) continue
      // What follows the tag decides whether it is a tag or only mentioned.
      if (!end && !/[^ \t\r]/.test(rest ?? '')) return this.#pass(from, at)
      if (!closer) continue
      this.#follow(text.slice(from, at))
      from = at
      if (this.#isMeant(rest ?? '')) {
        const thinking = text.slice(0, at)
        if (closer === HARMONY_SEAM) {
          this.#harmony = new Harmony()
          const { thinking: more, ...said } = this.#harmony.feed(`<|start|>${rest}`, end)
          return { thinking: thinking + more, ...said, rethink: true }
        }
        this.#held = rest ?? ''
        this.#where = 'behind'
        return { thinking, text: this.#behind(), rethink: true }
      }
      if (++this.#tags >= MANY) break
    }
    if (this.#tags >= MANY) {
      this.#where = 'past'
      return { thinking: '', text: this.#take() }
    }
    return this.#pass(from, text.length)
  }

  #pass(from: number, to: number): Split {
    const text = this.#held.slice(0, to)
    this.#follow(text.slice(from))
    this.#held = this.#held.slice(to)
    return { thinking: '', text }
  }

  /** Keeps the current line, and whether it is in a fence. */
  #follow(text: string): void {
    const at = text.lastIndexOf('\n')
    if (at < 0) {
      this.#line += text
      return
    }
    for (const line of (this.#line + text.slice(0, at)).split('\n'))
      if (/^\s*(```|~~~)/.test(line)) this.#fenced = !this.#fenced
    this.#line = text.slice(at + 1)
  }

  /** Not in code, not quoted, not opened in the text before, and no word of a sentence. */
  #isMeant(rest: string): boolean {
    const line = this.#line
    if (this.#fenced || (line.match(/`/g)?.length ?? 0) % 2 === 1) return false
    if (/["'“‘(]$/.test(line) || NAMES.some(name => line.toLowerCase().includes(`<${name}>`))) return false
    const alone = line.trim() === '' || /^[ \t]*(\r?\n|$)/.test(rest)
    return alone || !/\s$/.test(line) || /[.!?…:;)]\s+$/.test(line)
  }

  #take(): string {
    const held = this.#held
    this.#held = ''
    return held
  }
}

const NOTHING: Split = { thinking: '', text: '' }
/** So many tags that are only spoken of: the answer is about them. */
const MANY = 8

/** A tag is plain ASCII, but what stands before it may change its length in lower case. */
function indexIn(text: string, tag: string): number {
  const start = tag[0]!
  for (let at = text.indexOf(start); at >= 0; at = text.indexOf(start, at + 1))
    if (text.slice(at, at + tag.length).toLowerCase() === tag) return at
  return -1
}

/** How much of the closing tag the text may be ending with. */
function overlap(text: string, closer: string): number {
  const end = text.slice(1 - closer.length).toLowerCase()
  for (let length = Math.min(closer.length - 1, end.length); length > 0; length--)
    if (closer.startsWith(end.slice(-length))) return length
  return 0
}
