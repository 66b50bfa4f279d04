import { lexer, type Token, type Tokens } from 'marked'
import { colourDiff, inert, type Style } from './terminal.ts'
import { hang, type Paint, type Piece, widthOf, wrap } from './wrap.ts'

/** Where a text is shown: how, and how many columns are left. */
type Place = { style: Style; columns: number }

/**
 * Markdown (CommonMark with the tables, task lists and strike-through of GitHub) as a terminal shows it, each line ended. Words
 * are wrapped to the columns; code is not, so that it can be copied. No control character of the text survives, written out
 * or as a character reference.
 */
export function renderMarkdown(text: string, place: Place): string {
  const safe = inert(text)
  try {
    const lines = blocks(lexer(safe), place)
    return lines.map(line => `${line.trimEnd()}\n`).join('')
  } catch {
    return safe.endsWith('\n') ? safe : `${safe}\n` // nested deeper than the stack
  }
}

function blocks(tokens: readonly Token[], place: Place): string[] {
  return tokens.flatMap(token => block(token as Tokens.Generic, place))
}

function block(token: Tokens.Generic, place: Place): string[] {
  const { style, columns } = place
  switch (token.type) {
    case 'space':
      return ['']
    case 'heading':
      return [...wrap(inline(token.tokens, style, style.bold), columns), ...blankAfter(token.raw)]
    case 'paragraph':
      return wrap(inline(token.tokens, style), columns)
    case 'text':
      return wrap(token.tokens ? inline(token.tokens, style) : [plain(token.text)], columns)
    case 'code':
      return [...code(token as Tokens.Code, style), ...blankAfter(token.raw)]
    case 'blockquote':
      return hang(blocks(token.tokens ?? [], { style, columns: columns - 2 }), style.dim('│ '), style.dim('│ '))
    case 'list':
      return list(token as Tokens.List, place)
    case 'table':
      return [...table(token as Tokens.Table, place), ...blankAfter(token.raw)]
    case 'hr':
      return [style.dim('─'.repeat(Math.min(columns, 40))), ...blankAfter(token.raw)]
    default:
      return [...inert(token.raw).trimEnd().split('\n'), ...blankAfter(token.raw)]
  }
}

/** Some blocks of marked take the blank lines after them. */
const blankAfter = (raw: string): string[] => (/\n[ \t]*\n$/.test(raw) ? [''] : [])

function code({ text, lang = '' }: Tokens.Code, style: Style): string[] {
  const language = inert(lang).split(/\s/, 1)[0]!
  const shown = /^(diff|patch)$/i.test(language)
    ? colourDiff(text, style).split('\n')
    : inert(text).split('\n').map(style.dim)
  return hang([...(language ? [style.cyan(language)] : []), ...shown], '  ', '  ')
}

function list({ items, ordered, start }: Tokens.List, { style, columns }: Place): string[] {
  const last = `${Number(start) + items.length - 1}. `.length
  return items.flatMap((item, i) => {
    const [box] = item.tokens
    const task = box?.type === 'checkbox' ? box.raw : '' // in a loose list it stands in the paragraph
    const marker = (ordered ? `${Number(start) + i}. `.padStart(last) : '• ') + task
    const lines = blocks(item.tokens.slice(task ? 1 : 0), { style, columns: columns - marker.length })
    while (lines.at(-1) === '') lines.pop()
    const apart = item.loose && i < items.length - 1
    return [...hang(lines.length ? lines : [''], marker, ' '.repeat(marker.length)), ...(apart ? [''] : [])]
  })
}

/** Columns as wide as their cells; a table too wide for the terminal is printed row by row instead. */
function table({ header, rows, align }: Tokens.Table, { style, columns }: Place): string[] {
  const cellsOf = (row: Tokens.TableCell[], paint?: Paint) =>
    row.map(cell => wrap(inline(cell.tokens, style, paint), Number.POSITIVE_INFINITY).join(' '))
  const head = cellsOf(header, style.bold)
  const body = rows.map(row => cellsOf(row))
  const widths = head.map((_, i) => Math.max(...[head, ...body].map(row => widthOf(row[i] ?? ''))))
  const total = widths.reduce((sum, width) => sum + width, 3 * (widths.length - 1))
  if (total > columns)
    return rows.flatMap((row, i) => [
      ...(i > 0 ? [''] : []),
      ...row.flatMap((cell, at) =>
        wrap([...inline(header[at]!.tokens, style, style.bold), plain(': '), ...inline(cell.tokens, style)], columns),
      ),
    ])
  const line = (row: string[]) =>
    row
      .map((cell, i) => {
        const room = ' '.repeat(Math.max(0, widths[i]! - widthOf(cell)))
        return align[i] === 'right' ? room + cell : cell + room
      })
      .join(style.dim(' │ '))
  return [line(head), style.dim(widths.map(width => '─'.repeat(width)).join('─┼─')), ...body.map(line)]
}

const plain = (text: string): Piece => ({ text: inert(text), paint: same })
const same: Paint = text => text

/** The character references that marked leaves to HTML. */
const named = (text: string): string =>
  text.replace(/&(lt|gt|amp|quot);/g, (_, name: keyof typeof NAMED) => NAMED[name])
const NAMED = { lt: '<', gt: '>', amp: '&', quot: '"' }

/** `outer` is how the text around is shown: what is inside is shown so too. */
function inline(tokens: readonly Token[] | undefined, style: Style, outer: Paint = same): Piece[] {
  const within = (paint: Paint): Paint => (outer === same ? paint : text => outer(paint(text)))
  return (tokens ?? []).flatMap((token): Piece[] => {
    const { type, text = '', tokens: inner, raw, href } = token as Tokens.Generic
    const piece = (shown: string, paint = outer): Piece => ({ text: inert(shown), paint })
    switch (type) {
      case 'strong':
        return inline(inner, style, within(style.bold))
      case 'em':
        return inline(inner, style, within(style.italic))
      case 'codespan':
        return [piece(text, within(style.cyan))]
      case 'link':
        if (href === text || href === `mailto:${text}`) return [piece(text)]
        return [...inline(inner, style, outer), piece(` (${href})`, within(style.dim))]
      case 'image':
        return [piece(`${text} (${href})`)]
      case 'br':
        return [{ text: '\n', paint: same, isBreak: true }]
      case 'text':
      case 'escape':
        return inner ? inline(inner, style, outer) : [piece(named(text))]
      default:
        return [piece(raw)] // HTML, strike-through, the boxes of tasks: as they are written
    }
  })
}
