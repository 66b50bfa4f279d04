const OPEN = '<think>'
const CLOSE = '</think>'

/**
 * Takes `<think>…</think>` off the beginning of an answer that comes in pieces: local servers that do not know the model leave
 * its thinking in the text. Anywhere else the words mean themselves.
 */
export class ThinkTag {
  #where: 'start' | 'inside' | 'behind' | 'past' = 'start'
  #held = ''

  feed(piece: string): { thinking: string; text: string } {
    if (this.#where === 'past') return { thinking: '', text: piece }
    this.#held += piece
    if (this.#where === 'start' && !this.#open())
      return { thinking: '', text: this.#where === 'start' ? '' : this.#take() }
    let thinking = ''
    if (this.#where === 'inside') {
      const at = this.#held.indexOf(CLOSE)
      thinking = at < 0 ? this.#held.slice(0, this.#held.length - overlap(this.#held)) : this.#held.slice(0, at)
      this.#held = this.#held.slice(at < 0 ? thinking.length : at + CLOSE.length)
      if (at < 0) return { thinking, text: '' }
      this.#where = 'behind'
    }
    this.#held = this.#held.trimStart()
    if (this.#held !== '') this.#where = 'past'
    return { thinking, text: this.#take() }
  }

  /** Nothing more comes: what was held back is what it is. */
  end(): { thinking: string; text: string } {
    const inside = this.#where === 'inside'
    this.#where = 'past'
    const held = this.#take()
    return inside ? { thinking: held, text: '' } : { thinking: '', text: held }
  }

  /** Whether the answer begins with the tag; undecided while it may still turn out to. */
  #open(): boolean {
    const start = this.#held.trimStart()
    if (start.startsWith(OPEN)) {
      this.#held = start.slice(OPEN.length)
      this.#where = 'inside'
      return true
    }
    if (!OPEN.startsWith(start)) this.#where = 'past'
    return false
  }

  #take(): string {
    const held = this.#held
    this.#held = ''
    return held
  }
}

/** How much of the closing tag the text may be ending with. */
function overlap(text: string): number {
  for (let length = Math.min(CLOSE.length - 1, text.length); length > 0; length--)
    if (CLOSE.startsWith(text.slice(-length))) return length
  return 0
}
