import { type AST, parseTOML } from 'toml-eslint-parser'

export type Path = readonly (string | number)[]
/** The 1-based line of a key or array element, or of the nearest thing around it that is in the text. */
export type LineOf = (path: Path) => number

/**
 * Finds the line of every key of a TOML text, for error messages: the parser of its values gives positions for syntax errors
 * only. On what is no TOML, every line is 1.
 */
export function locateKeys(text: string): LineOf {
  const lines = new Map<string, number>()
  const mark = (path: Path, { loc }: AST.TOMLNode) => {
    for (let length = 1; length <= path.length; length++) {
      const key = JSON.stringify(path.slice(0, length))
      if (!lines.has(key)) lines.set(key, loc.start.line)
    }
  }
  const assignment = (table: Path, node: AST.TOMLKeyValue) => {
    const path = [...table, ...node.key.keys.map(key => (key.type === 'TOMLBare' ? key.name : key.value))]
    mark(path, node)
    value(path, node.value)
  }
  const value = (path: Path, node: AST.TOMLContentNode) => {
    if (node.type === 'TOMLInlineTable') for (const each of node.body) assignment(path, each)
    if (node.type !== 'TOMLArray') return
    for (const [index, element] of node.elements.entries()) {
      mark([...path, index], element)
      value([...path, index], element)
    }
  }

  for (const node of nodesOf(text)) {
    if (node.type === 'TOMLKeyValue') assignment([], node)
    else {
      mark(node.resolvedKey, node)
      for (const each of node.body) assignment(node.resolvedKey, each)
    }
  }
  return path => {
    for (let length = path.length; length > 0; length--) {
      const line = lines.get(JSON.stringify(path.slice(0, length)))
      if (line !== undefined) return line
    }
    return 1
  }
}

function nodesOf(text: string): (AST.TOMLKeyValue | AST.TOMLTable)[] {
  try {
    return parseTOML(text.replace(/^\ufeff/, ''), { tomlVersion: '1.1' }).body[0].body
  } catch {
    return [] // no TOML, or nested too deeply: the caller's parser reports it
  }
}
