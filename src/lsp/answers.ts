import type {
  DocumentSymbol,
  Hover,
  Location,
  LocationLink,
  Diagnostic as LspDiagnostic,
  SymbolInformation,
  WorkspaceSymbol,
} from 'vscode-languageserver-protocol'
import { columnOf, lineAt, pathOf, textAt } from './text.ts'

/** Paths are absolute, lines 1-based, columns 0-based characters. */
export type Diagnostic = {
  path: string
  line: number
  column?: number
  severity: string
  message: string
  source?: string
}
export type Spot = { path: string; line: number; column?: number; text?: string }

const SEVERITIES = ['error', 'warning', 'info', 'hint']
const MOST_SPOTS = 500
const LONGEST_TEXT = 500

export function diagnosticOf(path: string, text: string | null, item: LspDiagnostic): Diagnostic {
  const { line, character } = item.range.start
  const message = typeof item.message === 'string' ? item.message : String((item.message as { value?: string }).value)
  const source = [item.source, item.code].filter(part => part !== undefined && part !== '').join(' ')
  return {
    path,
    line: line + 1,
    ...(text !== null && { column: columnOf(lineAt(text, line), character) }),
    severity: SEVERITIES[(item.severity ?? 1) - 1] ?? 'error',
    message,
    ...(source && { source }),
  }
}

type Place = { uri: string; line: number; character: number; text?: string }

/** Places with the line that stands there. Those in no file are left out. */
async function spotsAt(places: Place[]): Promise<Spot[]> {
  const texts = new Map<string, string | null>()
  const spots: Spot[] = []
  for (const { uri, line, character, text } of places.slice(0, MOST_SPOTS)) {
    const path = pathOf(uri)
    if (path === null) continue
    if (!texts.has(path)) texts.set(path, await textAt(path))
    const whole = lineAt(texts.get(path) ?? null, line)
    const shown = text ?? whole.trim().slice(0, LONGEST_TEXT)
    spots.push({ path, line: line + 1, column: columnOf(whole, character), ...(shown && { text: shown }) })
  }
  return spots
}

export function spotsOf(answer: Location | (Location | LocationLink)[] | null): Promise<Spot[]> {
  const list = answer === null ? [] : Array.isArray(answer) ? answer : [answer]
  return spotsAt(
    list.map(one =>
      'targetUri' in one
        ? { uri: one.targetUri, ...one.targetSelectionRange.start }
        : { uri: one.uri, ...one.range.start },
    ),
  )
}

export function textOf(hover: Hover | null): string {
  const parts = hover === null ? [] : Array.isArray(hover.contents) ? hover.contents : [hover.contents]
  return parts
    .map(part => {
      if (typeof part === 'string') return part
      return 'language' in part ? `\`\`\`${part.language}\n${part.value}\n\`\`\`` : part.value
    })
    .join('\n\n')
    .trim()
}

type Symbols = (DocumentSymbol | SymbolInformation | WorkspaceSymbol)[] | null

/** Names of nested symbols say what they are in: `Class.method`. */
export function symbolsOf(answer: Symbols, uri: string, query = ''): Promise<Spot[]> {
  const wanted = query.toLowerCase()
  const places: Place[] = []
  const add = (symbol: NonNullable<Symbols>[number], within: string) => {
    const name = within ? `${within}.${symbol.name}` : symbol.name
    const location = 'location' in symbol ? symbol.location : undefined
    const start = 'selectionRange' in symbol ? symbol.selectionRange.start : rangeOf(location)?.start
    const kind = KINDS[symbol.kind - 1]
    if (name.toLowerCase().includes(wanted))
      places.push({
        uri: location?.uri ?? uri,
        line: start?.line ?? 0,
        character: start?.character ?? 0,
        text: kind ? `${kind} ${name}` : name,
      })
    if ('children' in symbol) for (const child of symbol.children ?? []) add(child, name)
  }
  for (const symbol of answer ?? []) add(symbol, ('containerName' in symbol && symbol.containerName) || '')
  return spotsAt(places)
}

const rangeOf = (location: SymbolInformation['location'] | WorkspaceSymbol['location'] | undefined) =>
  location && 'range' in location ? location.range : undefined

const KINDS =
  'file module namespace package class method property field constructor enum interface function variable constant string number boolean array object key null enum-member struct event operator type-parameter'.split(
    ' ',
  )
