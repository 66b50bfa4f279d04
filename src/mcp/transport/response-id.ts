/** Finds the id of a JSON-RPC response in a text that is too long to be kept or parsed. */
export type IdScanner = {
  push(bytes: Uint8Array): void
  /** The top-level `id` seen so far; null when there is none or the message has a `method` and so is no response. */
  responseId(): string | number | null
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COLON = 0x3a
const COMMA = 0x2c
const isOpening = (byte: number) => byte === 0x7b || byte === 0x5b
const isClosing = (byte: number) => byte === 0x7d || byte === 0x5d
/** Longer keys and values are none that we look for. */
const MOST = 128

/** Takes the bytes in any pieces. Only strings, nesting and the top level's keys are understood; nothing is stored. */
export function createIdScanner(): IdScanner {
  let depth = 0
  let inString = false
  let escaped = false
  /** The current top-level string or scalar, as raw JSON text. */
  let token = ''
  let key = ''
  let inValue = false
  let id: string | number | null = null
  let isResponse = true

  const keep = (byte: number) => {
    if (depth === 1 && token.length < MOST) token += String.fromCharCode(byte)
  }

  const endValue = () => {
    if (inValue && key === 'id') id = readId(token)
    if (inValue && key === 'method') isResponse = false
    inValue = false
    token = ''
  }

  const structural = (byte: number) => {
    if (isOpening(byte)) {
      depth++
      token = ''
    } else if (isClosing(byte)) {
      if (depth === 1) endValue()
      depth--
    } else if (depth !== 1) return
    else if (byte === COLON) {
      key = token.trim().slice(1, -1)
      inValue = true
      token = ''
    } else if (byte === COMMA) endValue()
    else keep(byte)
  }

  return {
    push(bytes) {
      for (const byte of bytes) {
        if (!inString) {
          if (byte === QUOTE) {
            inString = true
            keep(byte)
          } else structural(byte)
          continue
        }
        keep(byte)
        if (escaped) escaped = false
        else if (byte === BACKSLASH) escaped = true
        else if (byte === QUOTE) inString = false
      }
    },
    responseId: () => (isResponse ? id : null),
  }
}

function readId(text: string): string | number | null {
  try {
    const value: unknown = JSON.parse(text.trim())
    return typeof value === 'string' || typeof value === 'number' ? value : null
  } catch {
    return null // cut or not a scalar: no id of ours
  }
}
