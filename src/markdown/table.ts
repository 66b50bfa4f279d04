const CELL = /^[ \t]*:?-+:?[ \t]*$/

/** The cells of a row: split at pipes that are not escaped, code or not, as GitHub does. */
export function splitRow(line: string): string[] {
  const trimmed = line.trim()
  const cells: string[] = []
  let cell = ''
  for (let at = trimmed.startsWith('|') ? 1 : 0; at < trimmed.length; at++) {
    const char = trimmed[at]!
    if (char === '\\' && trimmed[at + 1] === '|') {
      cell += '|'
      at++
    } else if (char === '|') {
      cells.push(cell.trim())
      cell = ''
    } else cell += char
  }
  if (cell.trim() !== '' || !trimmed.endsWith('|')) cells.push(cell.trim())
  return cells
}

/** Rows are filled up to the width of the head: without a bound, a wide head over short rows takes quadratic space. */
const MAX_COLUMNS = 100

/** The number of columns of the row of dashes under a table's head, 0 for any other line. */
export function delimiterColumns(line: string): number {
  if (!line.includes('|') || !line.includes('-') || /[^\s|:-]/.test(line)) return 0
  const cells = splitRow(line)
  return cells.length <= MAX_COLUMNS && cells.every(cell => CELL.test(cell)) ? cells.length : 0
}
