import * as v from 'valibot'
import { AppError } from '../../base/errors.ts'
import { head } from '../../base/text.ts'
import type { WebSearchConfig } from '../../config/config.ts'
import { defineTool } from '../define.ts'
import type { Tool, ToolContext } from '../tool.ts'
import { readPage } from './page.ts'
import { type Asked, type Hit, SEARCH_PROVIDERS } from './providers.ts'
import { request, USER_AGENT } from './request.ts'
import { timed } from './timed.ts'

const USUAL_COUNT = 8
const MOST_COUNT = 20
const SHOWN_OF_HIT = 500
const SHOWN_OF_FAILURE = 300

/** Where the configuration says enough for it: a key, or for SearXNG the address of an instance. Null otherwise. */
export function webSearchTool(config: WebSearchConfig | undefined): Tool | null {
  if (!config) return null
  const { provider: name, api_key = '' } = config
  const provider = SEARCH_PROVIDERS[name]
  const base_url = config.base_url ?? provider.base_url
  if (base_url === undefined || !URL.canParse(base_url) || (provider.needs_key && api_key === '')) return null
  const hitsIn = (answer: unknown): Hit[] => {
    try {
      return provider.read(answer)
    } catch {
      throw failed(`${name} answers with something else than results. Is base_url right?`)
    }
  }
  return defineTool({
    name: 'web_search',
    proposals: 'sees',
    category: 'web',
    level: 'read',
    description: 'Search the web: titles, addresses and excerpts of pages.',
    params: v.object({
      query: v.pipe(v.string(), v.nonEmpty(), v.maxLength(400)),
      count: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(MOST_COUNT))),
    }),
    async effect({ query }) {
      const url = new URL(base_url).href
      // The user chose the address, so it may be a private one.
      return { level: 'read', reason: `Search the web for: ${query}`, reads: [], writes: [], url, own_url: true }
    },
    async run({ query, count = USUAL_COUNT }, context) {
      const asked = provider.ask(query.trim(), count, base_url, api_key)
      const found = hitsIn(await answerOf(asked, context, name)).slice(0, count)
      return {
        content: found.map(shown).join('\n') || 'No results.',
        metadata: { provider: name, results: found.length },
      }
    },
  })
}

const answerOf = ({ url, headers, body }: Asked, context: ToolContext, name: string): Promise<unknown> =>
  timed(name, context, async signal => {
    const answer = await request(url, {
      named: true,
      headers: {
        accept: 'application/json',
        'user-agent': USER_AGENT,
        ...headers,
        ...(body && { 'content-type': 'application/json' }),
      },
      env: context.env,
      signal,
      ...(body && { body }),
    })
    const { text } = await readPage(answer, url.origin, true)
    if (answer.status === 401 || answer.status === 403)
      throw failed(
        `${name} refuses the key (${answer.status}). The user has to look at [web_search] in emacs-agent.toml.`,
      )
    if (answer.status === 429) throw failed(`${name} wants fewer searches (429). Wait a while.`)
    if (answer.status !== 200) throw failed(`${name} answers ${answer.status}. ${head(text, SHOWN_OF_FAILURE)}`.trim())
    try {
      return JSON.parse(text)
    } catch {
      throw failed(`${name} does not answer with JSON.`)
    }
  })

const failed = (message: string) => new AppError('TOOL_FAILED', message)

const shown = ({ title, url, text }: Hit, index: number): string =>
  [`${index + 1}. ${plain(title) || url}`, `   ${url}`, text !== '' && `   ${head(plain(text), SHOWN_OF_HIT)}`]
    .filter(Boolean)
    .join('\n')

/** Providers mark the words that were found, and write the rest as HTML. */
const plain = (html: string): string =>
  html
    .replace(/<\/?\w+[^<>]*>/g, '')
    .replace(/&(amp|lt|gt|quot|#x27|#39|nbsp);/g, (_, name: string) => ENTITIES[name]!)
    .replace(/\s+/g, ' ')
    .trim()

const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', '#x27': "'", '#39': "'", nbsp: ' ' }
