/** Columns and line starts, as Markdown counts them: a tab goes to the next multiple of four. */

export const isBlank = (line: string): boolean => line.trim() === ''

/** The column of the first character that is not white space. */
export function indentOf(line: string): number {
  let column = 0
  for (let at = 0; at < line.length; at++) {
    const char = line.charCodeAt(at)
    if (char === 32) column++
    else if (char === 9) column += 4 - (column % 4)
    else break
  }
  return column
}

/** The line without its first `columns` columns of white space; a tab that is cut in two leaves spaces. */
export function dedent(line: string, columns: number): string {
  let column = 0
  let at = 0
  for (; at < line.length && column < columns; at++) {
    const char = line.charCodeAt(at)
    if (char === 32) column++
    else if (char === 9) column += 4 - (column % 4)
    else break
  }
  return column > columns ? ' '.repeat(column - columns) + line.slice(at) : line.slice(at)
}

const HTML_BLOCK =
  /^ {0,3}<(?:[!?]|\/?(?:address|article|aside|blockquote|body|center|dd|details|dialog|div|dl|dt|fieldset|figure|footer|form|h[1-6]|head|header|hr|html|iframe|li|link|main|menu|nav|ol|p|pre|script|section|style|summary|table|tbody|td|textarea|tfoot|th|thead|title|tr|ul)(?=[\s/>]|$))/i
const HTML_LINE = /^ {0,3}<\/?[A-Za-z][A-Za-z0-9-]{0,40}(?:[ \t][^<>]{0,2000})?\/?>[ \t]*$/

/** A line that starts a block of raw HTML: a block tag, a comment, or a single tag alone. */
export const startsHtml = (line: string): boolean => HTML_BLOCK.test(line) || HTML_LINE.test(line)
