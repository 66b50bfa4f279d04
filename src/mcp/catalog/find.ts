import type { McpTool } from './catalog.ts'
import { isObject, propertiesOf } from './schema.ts'
import { synonymsOf, wordsOf } from './words.ts'

/** A tool to be found, by its full name `server/tool`. */
export type Findable = { name: string; tool: McpTool }
export type Index<E extends Findable = Findable> = { search(query: string, limit: number): E[] }

/** What a word counts by where it stands: in the tool's name, its server, its description, or its parameters. */
const WEIGHTS = { name: 4, server: 2.5, first: 1.6, rest: 0.5, params: 0.7 }
const SYNONYM = 0.45
/** BM25: how soon repetition stops counting, and how much long texts are held back. */
const K1 = 1.2
const B = 0.5

type Document<E> = { entry: E; weights: Map<string, number>; length: number }

/** Ranks tools by the words of a query (BM25 over weighted fields, with a few synonyms). Pure; a millisecond for 1,000 tools. */
export function createIndex<E extends Findable>(entries: E[]): Index<E> {
  const documents = entries.map(entry => documentOf(entry))
  const frequency = new Map<string, number>()
  for (const { weights } of documents)
    for (const word of weights.keys()) frequency.set(word, (frequency.get(word) ?? 0) + 1)
  const average = documents.reduce((sum, { length }) => sum + length, 0) / Math.max(1, documents.length)

  const rarity = (word: string) => {
    const n = frequency.get(word) ?? 0
    return Math.log(1 + (documents.length - n + 0.5) / (n + 0.5))
  }
  const gain = ({ weights, length }: Document<E>, word: string) => {
    const weight = weights.get(word)
    if (weight === undefined) return 0
    return (rarity(word) * weight * (K1 + 1)) / (weight + K1 * (1 - B + (B * length) / average))
  }
  const score = (document: Document<E>, words: string[]) =>
    words.reduce((sum, word) => {
      const others = synonymsOf(word).map(other => SYNONYM * gain(document, other))
      return sum + Math.max(gain(document, word), ...others)
    }, 0)

  return {
    search(query, limit) {
      const words = [...new Set(wordsOf(query))]
      return documents
        .map(document => ({ entry: document.entry, score: score(document, words) }))
        .filter(hit => hit.score > 0)
        .sort((a, b) => b.score - a.score)
        .slice(0, limit)
        .map(hit => hit.entry)
    },
  }
}

function documentOf<E extends Findable>(entry: E): Document<E> {
  const weights = new Map<string, number>()
  let length = 0
  const add = (text: string, weight: number) => {
    for (const word of wordsOf(text)) {
      weights.set(word, (weights.get(word) ?? 0) + weight)
      length += weight
    }
  }
  const at = entry.name.indexOf('/')
  add(entry.name.slice(at + 1), WEIGHTS.name)
  add(entry.name.slice(0, at), WEIGHTS.server)
  const [first = '', ...rest] = entry.tool.description.split(/(?<=[.!?])\s|\n/)
  add(first, WEIGHTS.first)
  add(rest.join(' ').slice(0, 600), WEIGHTS.rest)
  const { properties } = propertiesOf(entry.tool.schema, entry.tool.schema)
  for (const [name, property] of Object.entries(properties)) {
    add(name, WEIGHTS.params)
    if (isObject(property) && typeof property.description === 'string')
      add(property.description.slice(0, 100), WEIGHTS.params / 3)
  }
  return { entry, weights, length }
}
