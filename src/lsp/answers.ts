import * as v from 'valibot'
import { hoverShape, listOf, placeShape, type Reported, symbolShape } from './shapes.ts'
import { columnOf, linesOf, pathOf, textAt } from './text.ts'

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
const MOST_SYMBOLS = 5000
const DEEPEST = 20
const LONGEST_TEXT = 500

/** What a server reports of a file. Without its text (null) there are no columns. */
export function diagnosticsOf(path: string, text: string | null, items: readonly Reported[]): Diagnostic[] {
  const lineAt = linesOf(text)
  return items.map(({ range, severity = 1, message, ...item }) => {
    const { line, character } = range.start
    const source = [item.source, item.code].filter(part => part !== undefined && part !== '').join(' ')
    return {
      path,
      line: line + 1,
      ...(text !== null && { column: columnOf(lineAt(line), character) }),
      severity: SEVERITIES[severity - 1]!,
      message,
      ...(source && { source }),
    }
  })
}

type Place = { uri: string; line: number; character: number; text?: string }

/** Places with the text of their line. Places that are not in a file are left out. */
async function spotsAt(places: readonly Place[]): Promise<Spot[]> {
  const files = new Map<string, ReturnType<typeof linesOf>>()
  const spots: Spot[] = []
  for (const { uri, line, character, text } of places.slice(0, MOST_SPOTS)) {
    const path = pathOf(uri)
    if (path === null) continue
    const lineAt = files.get(path) ?? linesOf(await textAt(path))
    files.set(path, lineAt)
    const whole = lineAt(line)
    const shown = text ?? whole.trim().slice(0, LONGEST_TEXT)
    spots.push({ path, line: line + 1, column: columnOf(whole, character), ...(shown && { text: shown }) })
  }
  return spots
}

/** Of `textDocument/definition` and `textDocument/references`: one place, many or null. */
export const spotsOf = (answer: unknown): Promise<Spot[]> =>
  spotsAt(listOf(placeShape, Array.isArray(answer) ? answer : [answer], MOST_SPOTS))

/** Of `textDocument/hover`. */
export function textOf(hover: unknown): string {
  const parsed = v.safeParse(hoverShape, hover)
  return parsed.success ? [parsed.output.contents].flat().join('\n\n').trim() : ''
}

/** Of `textDocument/documentSymbol` of `uri`, or `workspace/symbol`. The name of a nested symbol is qualified: `Class.method`. */
export function symbolsOf(answer: unknown, uri: string, query = ''): Promise<Spot[]> {
  const wanted = query.toLowerCase()
  const places: Place[] = []
  const add = (symbols: unknown, within: string, depth: number) => {
    for (const { name: own, kind, containerName, selectionRange, location, children } of listOf(
      symbolShape,
      symbols,
      MOST_SYMBOLS,
    )) {
      const around = within || containerName
      const name = around ? `${around}.${own}` : own
      const word = KINDS[kind - 1]
      const { line, character } = (selectionRange ?? location?.range)?.start ?? { line: 0, character: 0 }
      if (name.toLowerCase().includes(wanted))
        places.push({ uri: location?.uri ?? uri, line, character, text: word ? `${word} ${name}` : name })
      if (children && depth < DEEPEST) add(children, name, depth + 1)
    }
  }
  add(answer, '', 0)
  return spotsAt(places)
}

const KINDS =
  'file module namespace package class method property field constructor enum interface function variable constant string number boolean array object key null enum-member struct event operator type-parameter'.split(
    ' ',
  )
