/** How a file writes its text: what an edit by a model, which only ever sees `\n`, must not change. */
export type Style = { bom: boolean; crlf: boolean }

const BOM = '\uFEFF'
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const lenient = new TextDecoder('utf-8', { ignoreBOM: true })

/** A NUL byte near the start: the rule of git and ripgrep. */
export const isBinary = (bytes: Uint8Array): boolean => bytes.subarray(0, 8192).includes(0)

/**
 * The text of a file and the way back to bytes. Files that are not UTF-8 are read byte by byte (Latin-1), so that an edit
 * leaves all other bytes as they were; `foreign` says so, and search texts have to be taken through `spell` first.
 * `text` has no byte order mark, and `\n` alone where the whole file has `\r\n`.
 */
export function openText(bytes: Uint8Array): {
  text: string
  foreign: boolean
  spell(text: string): string
  close(text: string): Uint8Array
} {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let raw: string
  let foreign = false
  try {
    raw = utf8.decode(bytes)
  } catch {
    raw = buffer.toString('latin1') // not UTF-8
    foreign = true
  }
  const style = styleOf(raw)
  const close = (text: string) => Buffer.from(restyle(text, style), foreign ? 'latin1' : 'utf8')
  const spell = (text: string) => (foreign ? Buffer.from(text, 'utf8').toString('latin1') : text)
  return { text: unstyle(raw, style), foreign, spell, close }
}

/** Whole new contents for a file, in the way the file is written: its byte order mark and, if `text` has no `\r`, its line ends. */
export function textLike(text: string, file: Uint8Array | null): Uint8Array {
  if (!file || isBinary(file)) return Buffer.from(text)
  const { bom, crlf } = styleOf(lenient.decode(file))
  return Buffer.from(restyle(text, { bom: bom && !text.startsWith(BOM), crlf: crlf && !text.includes('\r') }))
}

/** For showing: malformed bytes become U+FFFD. */
export const decodeText = (bytes: Uint8Array): string => lenient.decode(bytes)

/** `\r\n` counts only when no line ends otherwise: a mixed file is left mixed. */
export const styleOf = (text: string): Style => ({
  bom: text.startsWith(BOM),
  crlf: text.includes('\r\n') && !/(?<!\r)\n/.test(text),
})

export function unstyle(text: string, { bom, crlf }: Style): string {
  const body = bom ? text.slice(1) : text
  return crlf ? body.replaceAll('\r\n', '\n') : body
}

function restyle(text: string, { bom, crlf }: Style): string {
  const body = crlf ? text.replace(/\r?\n/g, '\r\n') : text
  return bom ? BOM + body : body
}

/** `1 line`, `12 lines`. */
export const count = (n: number, noun: string): string => `${n.toLocaleString('en')} ${noun}${n === 1 ? '' : 's'}`

/** Lines as a person counts them: a final newline ends the last one. */
export function lineCount(text: string): number {
  if (text === '') return 0
  let lines = text.endsWith('\n') ? 0 : 1
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lines++
  return lines
}
