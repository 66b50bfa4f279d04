/** A longer message is printed as it is written: to read it as Markdown would cost too much. In characters. */
export const MOST_RENDERED = 256 * 1024
/** So is a part with more text outside code: reading one paragraph takes time by the square of its length. In characters. */
export const MOST_PROSE = 8 * 1024

/** Text that cannot change its meaning any more; `isRaw` when it is printed as it is written. */
export type Settled = { text: string; isRaw: boolean }

/**
 * Cuts a message that streams in where a blank line outside code is followed by a line that is not indented: what is before
 * reads the same, whatever comes. Takes time by the length of the message only.
 */
export function createSettler() {
  let told = 0
  let lines: string[] = []
  let line = ''
  let prose = 0
  let fence: string | null = null
  let isAfterBlank = false

  const take = (): Settled[] => {
    if (lines.length === 0) return []
    const text = lines.join('')
    const isRaw = prose > MOST_PROSE || told > MOST_RENDERED
    lines = []
    prose = 0
    return [{ text, isRaw }]
  }
  const settleBefore = (next: string): Settled[] => {
    if (!isAfterBlank || fence || next === '' || /^\s/.test(next)) return []
    isAfterBlank = false
    return take()
  }
  const end = (ended: string) => {
    const mark = FENCE.exec(ended)?.[1]
    if (fence) {
      const closes = mark?.[0] === fence[0] && mark!.length >= fence.length && ended.trim() === mark
      if (closes) fence = null
    } else {
      if (mark) fence = mark
      prose += ended.length
      isAfterBlank = ended.trim() === ''
    }
    lines.push(ended)
  }

  return {
    /** What has settled now that this was added. */
    add(content: string): Settled[] {
      told += content.length
      const settled: Settled[] = []
      const parts = content.split('\n')
      parts.forEach((part, i) => {
        line += part
        settled.push(...settleBefore(line.slice(0, 1)))
        if (i === parts.length - 1) return
        end(`${line}\n`)
        line = ''
      })
      if (told <= MOST_RENDERED) return settled
      return [...settled, ...this.rest()]
    },
    /** What is left when the message has ended. */
    rest(): Settled[] {
      if (line !== '') {
        lines.push(line)
        prose += fence ? 0 : line.length
      }
      line = ''
      return take()
    },
  }
}

/** The mark that opens or closes a block of code, in a list too. */
const FENCE = /^\s*(?:(?:[-*+]|\d+[.)])\s+)?(`{3,}(?=[^`]*$)|~{3,})/
