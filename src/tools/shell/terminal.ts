/**
 * What programs print is meant for a terminal; models and logs want the text alone. Escape sequences by ECMA-48 (CSI, OSC,
 * DCS and their kin) and other control characters go; tabs and line ends stay.
 */
const SEQUENCE =
  /\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[PX^_][^\x1b]*\x1b\\|\x1b[ -/]*[0-OQ-WYZ\\`-~]|[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]/g
const UNFINISHED = /\x1b(?:\[[0-?]*[ -/]*|\][^\x07\x1b]*\x1b?|[PX^_][^\x1b]*\x1b?|[ -/]*)$/
/** A sequence longer than this is none: a binary file was printed. */
const LONGEST_SEQUENCE = 4096

/** Strips a stream: a sequence that is cut between two chunks is kept back until it is whole. */
export function createStripper(): (chunk: string) => string {
  let kept = ''
  return chunk => {
    const text = kept + chunk
    const cut = text.slice(-LONGEST_SEQUENCE).match(UNFINISHED)
    kept = cut?.[0] ?? ''
    return text.slice(0, text.length - kept.length).replace(SEQUENCE, '')
  }
}

/** The text as it would stand on the screen in the end: of a line that was written over, what was written last. */
export const plain = (text: string): string => createStripper()(text).split('\n').map(lastWritten).join('\n')

function lastWritten(line: string): string {
  if (!line.includes('\r')) return line
  return line.split('\r').findLast(part => part !== '') ?? ''
}
