import MiniSearch, { type Query } from 'minisearch'
import type { McpTool } from './catalog.ts'
import { isObject, propertiesOf } from './schema.ts'
import { synonymsOf, wordsOf } from './words.ts'

/** A tool to be found, by its full name `server/tool`. */
export type Findable = { name: string; tool: McpTool }
export type Index<E extends Findable = Findable> = { search(query: string, limit: number): E[] }

/** What a word counts by where it stands: in the tool's name, its server, its description, or its parameters. */
const WEIGHTS = { name: 4, server: 2.5, first: 1.6, rest: 0.5, params: 0.7, about: 0.23 }
type Texts = Record<keyof typeof WEIGHTS, string>
/** What a synonym counts beside the word itself. */
const SYNONYM = 0.3

/** Ranks tools by the words of a query (BM25 over weighted fields, with a few synonyms). */
export function createIndex<E extends Findable>(entries: E[]): Index<E> {
  const index = new MiniSearch<Texts & { id: number }>({
    fields: Object.keys(WEIGHTS),
    tokenize: wordsOf,
    processTerm: word => word,
  })
  index.addAll(entries.map((entry, id) => ({ id, ...textsOf(entry) })))
  return {
    search(query, limit) {
      const queries = [...new Set(wordsOf(query))].map(meaningOf)
      return index
        .search({ queries }, { boost: WEIGHTS, tokenize: word => [word] })
        .slice(0, limit)
        .map(({ id }) => entries[id]!)
    },
  }
}

const meaningOf = (word: string): Query => ({
  queries: [word, ...synonymsOf(word)],
  boostTerm: term => (term === word ? 1 : SYNONYM),
})

function textsOf({ name, tool }: Findable): Texts {
  const at = name.indexOf('/')
  const [first = '', ...rest] = tool.description.split(/(?<=[.!?])\s|\n/)
  const { properties } = propertiesOf(tool.schema, tool.schema)
  const about = Object.values(properties).map(property =>
    isObject(property) && typeof property.description === 'string' ? property.description.slice(0, 100) : '',
  )
  return {
    name: name.slice(at + 1),
    server: name.slice(0, at),
    first,
    rest: rest.join(' ').slice(0, 600),
    params: Object.keys(properties).join(' '),
    about: about.join(' '),
  }
}
