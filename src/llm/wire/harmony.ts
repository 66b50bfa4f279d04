/** What the text of an answer in OpenAI's harmony format turns into. */
export type Said = { thinking: string; text: string; calls: { name: string; args: string }[] }

/** How such an answer begins; a server that cut off what the template wrote begins with a channel's name. */
export const HARMONY = ['<|channel|>', '<|start|>assistant', 'analysis<|message|>', 'final<|message|>']
/** The end of thinking whose beginning the template wrote. */
export const HARMONY_SEAM = '<|end|><|start|>assistant'

const TOKEN = /<\|(start|channel|message|constrain|end|return|call)\|>/
const LONGEST = '<|constrain|>'.length

/**
 * Reads harmony (cookbook.openai.com, OpenAI harmony response format) out of text that comes in pieces, for servers that pass
 * gpt-oss's tokens on: analysis is thinking, commentary to a function is its call, everything else is the answer.
 */
export class Harmony {
  #held = ''
  #header = ''
  #inBody = false
  #args = ''
  #any = false

  feed(piece: string, end = false): Said {
    const said: Said = { thinking: '', text: '', calls: [] }
    this.#held += piece
    for (let found = TOKEN.exec(this.#held); found; found = TOKEN.exec(this.#held)) {
      this.#take(this.#held.slice(0, found.index), said)
      this.#held = this.#held.slice(found.index + found[0].length)
      const token = found[1]!
      if (token === 'message') this.#inBody = true
      else if (token === 'start' || token === 'end' || token === 'return' || token === 'call') this.#begin(said)
      else this.#header += ` <|${token}|>`
    }
    const keep = end ? 0 : overlap(this.#held)
    this.#take(this.#held.slice(0, this.#held.length - keep), said)
    this.#held = this.#held.slice(this.#held.length - keep)
    if (end) this.#begin(said)
    return said
  }

  #take(words: string, said: Said): void {
    if (!this.#inBody) this.#header += words
    else if (recipient(this.#header)) this.#args += words
    else if (/\banalysis\b/.test(this.#header)) said.thinking += words
    else said.text += this.#any ? words : words.trimStart()
    if (said.text) this.#any = true
  }

  #begin(said: Said): void {
    const name = this.#inBody ? recipient(this.#header) : undefined
    if (name) said.calls.push({ name, args: this.#args })
    this.#header = ''
    this.#inBody = false
    this.#args = ''
  }
}

const recipient = (header: string): string | undefined => header.match(/\bto=(?:functions\.)?([\w./-]+)/)?.[1]

/** How much of a token the text may be ending with. */
function overlap(text: string): number {
  const at = text.lastIndexOf('<')
  return at >= 0 && text.length - at < LONGEST && /^<(\|[a-z]*\|?)?$/.test(text.slice(at)) ? text.length - at : 0
}
