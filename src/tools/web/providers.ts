import * as v from 'valibot'

/** One hit of a web search. `text` is what the provider shows of the page. */
export type Hit = { title: string; url: string; text: string }

/** A request to a provider's API: GET, or with `body` POST as JSON. */
export type Asked = { url: URL; headers: Record<string, string>; body?: object }

export type SearchProvider = {
  /** Where its API is when the configuration does not say. */
  base_url?: string
  needs_key: boolean
  ask(query: string, count: number, base_url: string, api_key: string): Asked
  /** Throws a ValiError for what is no answer of this provider. */
  read(answer: unknown): Hit[]
}

const text = v.fallback(v.string(), '')
/** An entry that is no object or has no address is left out; its other fields are empty where they are missing. */
const listOf = <const K extends string>(key: K) => {
  const entry = v.object({ title: text, url: text, [key]: text } as Record<'title' | 'url' | K, typeof text>)
  return v.array(v.fallback(entry, () => v.parse(entry, { title: '', url: '', [key]: '' })))
}

const hits = <K extends string>(list: Record<'title' | 'url' | K, string>[], key: K): Hit[] =>
  list.flatMap(each => (each.url === '' ? [] : [{ title: each.title, url: each.url, text: each[key] }]))

const Brave = v.object({ web: v.optional(v.object({ results: v.optional(listOf('description'), []) })) })
const Content = v.object({ results: listOf('content') })

const at = (base_url: string, path: string, query: Record<string, string> = {}): URL => {
  const url = new URL(`${base_url.replace(/\/+$/, '')}${path}`)
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value)
  return url
}

/** As their documentation has them: api-dashboard.search.brave.com, docs.tavily.com, docs.searxng.org (Search API). */
export const SEARCH_PROVIDERS: Record<'brave' | 'tavily' | 'searxng', SearchProvider> = {
  brave: {
    base_url: 'https://api.search.brave.com/res/v1',
    needs_key: true,
    ask: (query, count, base_url, api_key) => ({
      url: at(base_url, '/web/search', { q: query, count: String(count) }),
      headers: { 'x-subscription-token': api_key },
    }),
    read: answer => hits(v.parse(Brave, answer).web?.results ?? [], 'description'),
  },
  tavily: {
    base_url: 'https://api.tavily.com',
    needs_key: true,
    ask: (query, count, base_url, api_key) => ({
      url: at(base_url, '/search'),
      headers: { authorization: `Bearer ${api_key}` },
      body: { query, max_results: count },
    }),
    read: answer => hits(v.parse(Content, answer).results, 'content'),
  },
  searxng: {
    needs_key: false,
    ask: (query, _count, base_url, api_key) => ({
      url: at(base_url, '/search', { q: query, format: 'json' }),
      headers: Object.fromEntries(api_key === '' ? [] : [['authorization', `Bearer ${api_key}`]]),
    }),
    read: answer => hits(v.parse(Content, answer).results, 'content'),
  },
}
