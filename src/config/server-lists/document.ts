import type { ParseError } from 'jsonc-parser'
import { printable } from '../../base/controls.ts'
import type { Path } from '../locate.ts'
import { locateKeys } from '../locate.ts'
import type { ConfigProblem } from '../problem.ts'

/** A file of another client, parsed: JSON, with comments or without, or TOML. */
export type Document = { content: unknown; lineOf(path: Path): number }

/** Never throws on content: what is wrong with it comes as a problem that names the line. */
export async function parseDocument(bytes: Uint8Array, path: string): Promise<Document | ConfigProblem> {
  const wrong = (line: number, message: string): ConfigProblem => ({ file: printable(path), line, key: '', message })
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return wrong(1, 'is not UTF-8 text')
  }
  if (path.endsWith('.toml')) {
    const toml = await import('smol-toml')
    try {
      return { content: toml.parse(text, { maxDepth: 64, unsafeKeyBehaviour: 'throw' }), lineOf: locateKeys(text) }
    } catch (error) {
      if (!(error instanceof toml.TomlError)) throw error
      return wrong(error.line, 'is no TOML')
    }
  }
  return readJson(text, wrong)
}

const DEEPEST = 64

async function readJson(text: string, wrong: (line: number, message: string) => ConfigProblem) {
  const json = await import('jsonc-parser')
  const lineAt = (offset: number) => text.slice(0, offset).split('\n').length
  const depth = deepest(text)
  if (depth > DEEPEST) return wrong(1, `is nested deeper than ${DEEPEST}`)
  const errors: ParseError[] = []
  const tree = json.parseTree(text, errors, { allowTrailingComma: true })
  const [error] = errors
  if (error || !tree)
    return wrong(lineAt(error?.offset ?? 0), `is no JSON: ${json.printParseErrorCode(error?.error ?? 4)}`)
  return {
    content: json.getNodeValue(tree) as unknown,
    lineOf(path: Path) {
      for (let length = path.length; length > 0; length--) {
        const node = json.findNodeAtLocation(tree, path.slice(0, length) as (string | number)[])
        if (node) return lineAt((node.parent?.type === 'property' ? node.parent : node).offset)
      }
      return 1
    },
  }
}

/** How many brackets are open at once, at most: the parser recurses. */
function deepest(text: string): number {
  let depth = 0
  let most = 0
  for (const [char] of text.matchAll(/"(?:[^"\\\n]|\\.)*"|[{}[\]]/g)) {
    if (char === '{' || char === '[') most = Math.max(most, ++depth)
    else if (char === '}' || char === ']') depth--
  }
  return most
}

export const isDocument = (read: Document | ConfigProblem): read is Document => 'content' in read
