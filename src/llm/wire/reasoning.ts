type Details = Record<string, unknown>[]

/**
 * OpenRouter's `reasoning_details`, which it wants back as it sent them: pieces of one entry (same type and index) are put
 * together again, in the order in which they came.
 */
export function mergeReasoning(sofar: Details, pieces: Details): Details {
  const merged = [...sofar]
  for (const piece of pieces) {
    const last = merged.at(-1)
    if (last && last['type'] === piece['type'] && last['index'] === piece['index'])
      merged[merged.length - 1] = mergeEntry(last, piece)
    else merged.push(piece)
  }
  return merged
}

function mergeEntry(entry: Record<string, unknown>, piece: Record<string, unknown>): Record<string, unknown> {
  const result = { ...entry }
  for (const [key, value] of Object.entries(piece)) {
    const before = result[key]
    const grows = GROWING.has(key) && typeof before === 'string' && typeof value === 'string'
    if (grows) result[key] = before + value
    else if (value !== null && value !== undefined) result[key] = value
  }
  return result
}

const GROWING = new Set(['text', 'summary', 'data', 'signature'])
