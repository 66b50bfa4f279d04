import * as v from 'valibot'
import { AppError } from '../../base/errors.ts'
import { defineTool } from '../define.ts'
import type { Effect, Tool, ToolContext } from '../tool.ts'
import { MAX_BYTES, readPage } from './page.ts'
import { type Answer, request, USER_AGENT } from './request.ts'
import { timed } from './timed.ts'

const MOST_REDIRECTS = 10
const SHOWN_OF_FAILURE = 500

const fetchUrl = defineTool({
  name: 'fetch_url',
  proposals: 'sees',
  category: 'web',
  level: 'read',
  takes: 'url',
  description: 'Fetch a web page as Markdown.',
  params: v.object({
    url: v.string(),
    format: v.optional(v.picklist(['markdown', 'raw'])),
  }),
  async effect({ url }): Promise<Effect> {
    const { href } = parseUrl(url)
    return { level: 'read', reason: `Fetch ${href}`, reads: [], writes: [], url: href }
  },
  run: ({ format }, context, effect) =>
    timed(effect.url!, context, async signal => {
      const { answer, url } = await follow(new URL(effect.url!), { ...context, signal })
      const page = await readPage(answer, url, format === 'raw')
      if (answer.status >= 400)
        throw new AppError(
          'TOOL_FAILED',
          `${url} answers ${answer.status}. ${page.text.slice(0, SHOWN_OF_FAILURE)}`.trim(),
        )
      const notes = [
        url !== effect.url && `[Redirected to ${url}.]`,
        page.cut && `[Cut after ${MAX_BYTES / 1024 / 1024} MiB.]`,
      ].filter(note => note !== false)
      const { media_type, bytes } = page
      return {
        content: [page.text || '[The page is empty.]', ...notes].join('\n'),
        metadata: { url, status: answer.status, media_type, bytes, ...(page.cut && { truncated: true }) },
      }
    }),
})

export const webTools: readonly Tool[] = [fetchUrl]

/** Throws INVALID_PARAMS for what is no http or https URL, or carries credentials. */
function parseUrl(written: string): URL {
  const url = URL.canParse(written) ? new URL(written) : null
  if (!url || !/^https?:$/.test(url.protocol))
    throw new AppError('INVALID_PARAMS', 'url must be an absolute http:// or https:// URL.')
  if (url.username || url.password) throw new AppError('INVALID_PARAMS', 'A url with credentials in it is not fetched.')
  url.hash = ''
  return url
}

/**
 * Each address is judged for itself: a redirect within the origin that was approved (or from http to https on the same host)
 * goes on; elsewhere only where a rule allows it, else the result names the address, and the model may fetch that.
 */
async function follow(
  first: URL,
  context: Pick<ToolContext, 'judgeUrl' | 'env' | 'signal'>,
): Promise<{ answer: Answer; url: string }> {
  let url = first
  for (let count = 0; count <= MOST_REDIRECTS; count++) {
    const verdict = context.judgeUrl?.(url.href) ?? { decision: 'ask', named: false, reason: '' }
    if (verdict.decision === 'deny') throw new AppError('PERMISSION_DENIED', `${url.href}: ${verdict.reason}`)
    if (verdict.decision === 'ask' && !isSameSite(first, url))
      throw new AppError('TOOL_FAILED', `${first.href} redirects to ${url.href}. Fetch that if it is what you want.`)
    const answer = await request(url, {
      named: verdict.named,
      headers: {
        accept: 'text/markdown, text/html, text/*;q=0.9, */*;q=0.5',
        'user-agent': USER_AGENT,
      },
      env: context.env,
      signal: context.signal,
    })
    const location = answer.headers.location
    if (![301, 302, 303, 307, 308].includes(answer.status) || location === undefined) return { answer, url: url.href }
    answer.close()
    if (!URL.canParse(location, url)) throw new AppError('TOOL_FAILED', `${url.href} redirects to no address.`)
    url = parseUrl(new URL(location, url).href)
  }
  throw new AppError('TOOL_FAILED', `${first.href} redirects more than ${MOST_REDIRECTS} times.`)
}

const isSameSite = (from: URL, to: URL): boolean =>
  from.origin === to.origin || (from.protocol === 'http:' && to.protocol === 'https:' && from.host === to.host)
