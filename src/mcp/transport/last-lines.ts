import { StringDecoder } from 'node:string_decoder'
import { head } from '../../base/text.ts'

/** The last lines of a server's stderr, whatever it floods: at most 100 of at most 1,000 characters. */
export type LastLines = { push(chunk: Uint8Array): void; add(line: string): void; lines(): string[] }

const MOST_LINES = 100
const MOST_CHARACTERS = 1000

export function createLastLines(): LastLines {
  const decoder = new StringDecoder('utf8')
  const kept: string[] = []
  let rest = ''
  const add = (line: string) => {
    if (line.trim() === '') return
    kept.push(head(line, MOST_CHARACTERS))
    if (kept.length > MOST_LINES) kept.shift()
  }
  return {
    push(chunk) {
      const lines = (rest + decoder.write(Buffer.from(chunk))).split(/\r?\n/)
      rest = head(lines.pop()!, MOST_CHARACTERS)
      for (const line of lines.slice(-MOST_LINES)) add(line)
    },
    add,
    lines: () => (rest.trim() === '' ? [...kept] : [...kept, rest]),
  }
}
