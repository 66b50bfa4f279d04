/** From here on, the engine's own search can take time with the product of both lengths. */
const LONG = 64

/**
 * Where a text stands in another from an index on, -1 for nowhere. In time linear in both, whatever they repeat (Knuth, Morris
 * and Pratt, 1977). Overlapping places are found by asking again from the next index; `places` does that at no further cost.
 */
export function find(text: string, wanted: string, from = 0): number {
  if (wanted.length < LONG) return text.indexOf(wanted, from)
  return places(text, wanted, { from }).next().value ?? -1
}

/** All places, overlapping ones too unless `apart`. */
export function* places(text: string, wanted: string, { from = 0, apart = false } = {}): Generator<number, undefined> {
  if (wanted === '') return
  if (wanted.length < LONG) {
    const step = apart ? wanted.length : 1
    for (let at = text.indexOf(wanted, from); at >= 0; at = text.indexOf(wanted, at + step)) yield at
    return
  }
  const borders = bordersOf(wanted)
  let matched = 0
  for (let i = from; i < text.length; i++) {
    const char = text.charCodeAt(i)
    while (matched > 0 && wanted.charCodeAt(matched) !== char) matched = borders[matched - 1]!
    if (wanted.charCodeAt(matched) === char) matched++
    if (matched < wanted.length) continue
    yield i + 1 - wanted.length
    matched = apart ? 0 : borders[matched - 1]!
  }
}

/** For each prefix, the length of the longest proper prefix that also ends it. */
function bordersOf(wanted: string): Int32Array {
  const borders = new Int32Array(wanted.length)
  let length = 0
  for (let i = 1; i < wanted.length; i++) {
    while (length > 0 && wanted.charCodeAt(i) !== wanted.charCodeAt(length)) length = borders[length - 1]!
    if (wanted.charCodeAt(i) === wanted.charCodeAt(length)) length++
    borders[i] = length
  }
  return borders
}
