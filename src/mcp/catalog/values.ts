/**
 * The JSON values that stand in a text. Servers put two messages on one line, or a banner before one: nothing of that may be
 * lost. `rest` is what is left over, which is no JSON. Linear in the length of the text.
 */
export function jsonValues(text: string): { values: unknown[]; rest: string } {
  try {
    return { values: [JSON.parse(text)], rest: '' }
  } catch {
    return objectsIn(text) // not one value: perhaps several, or one behind other words
  }
}

/** Only objects: a bracket or a quotation mark in a sentence begins nothing. */
function objectsIn(text: string): { values: unknown[]; rest: string } {
  const values: unknown[] = []
  let rest = ''
  let position = 0
  for (let start = text.indexOf('{'); start !== -1; start = text.indexOf('{', position)) {
    const end = endOfObject(text, start)
    if (end === -1) break
    const value = parsed(text.slice(start, end))
    rest += text.slice(position, value === undefined ? end : start)
    if (value !== undefined) values.push(value)
    position = end
  }
  return { values, rest: (rest + text.slice(position)).trim() }
}

/** Just behind the bracket that closes the one at `start`; -1 when none does. */
function endOfObject(text: string, start: number): number {
  let depth = 0
  let inString = false
  for (let at = start; at < text.length; at++) {
    const c = text[at]
    if (inString) {
      if (c === '\\') at++
      else if (c === '"') inString = false
    } else if (c === '"') inString = true
    else if (c === '{') depth++
    else if (c === '}' && --depth === 0) return at + 1
  }
  return -1
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return withoutNaN(text)
  }
}

/** Python writes numbers that JSON does not have. */
function withoutNaN(text: string): unknown {
  if (!/[:[,]\s*-?(?:NaN|Infinity)\b/.test(text)) return undefined // brackets in a sentence
  try {
    return JSON.parse(
      text.replace(/"(?:[^"\\]|\\.)*"|-?\b(?:NaN|Infinity)\b/g, part => (part[0] === '"' ? part : 'null')),
    )
  } catch {
    return undefined
  }
}
