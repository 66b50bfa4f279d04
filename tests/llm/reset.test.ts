import { expect, test } from 'bun:test'
import { fromStatus, fromStreamProblem } from '../../src/llm/errors.ts'
import { problemOf } from '../../src/llm/provider-error.ts'
import { askedWait } from '../../src/llm/reset.ts'
import { endpointFor } from '../support/model-call.ts'

const NOW = Date.parse('2026-11-27T12:00:00Z') // a Friday
const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

const said = (words: string) => askedWait(new Headers(), problemOf({ error: { message: words } }), NOW)
const until = (date: string) => Date.parse(date) - NOW

test('a time to wait is read out of any words that name one', () => {
  const cases: [string, number | undefined][] = [
    ['Please retry after 45 seconds', 45 * SECOND],
    ['Retry after 45', 45 * SECOND],
    ['Rate limited, try again in 1m30s', 90 * SECOND],
    ['Please try again in 7.66s. Visit https://example.com/limits', 7_660],
    ['try again in 20ms', 20],
    ['limit resets in 2 hours', 2 * HOUR],
    ['Try again in 3 days 2 hours and 5 minutes.', 74 * HOUR + 5 * MINUTE],
    ['Please wait about an hour before retrying', HOUR],
    ['In 5 minutes you can try again', 5 * MINUTE],
    ['Time until reset: 3h 20m', 3 * HOUR + 20 * MINUTE],
    ['请 30 秒后重试', 30 * SECOND],
    ['resets 3pm (UTC)', 3 * HOUR],
    ['It resets at 3:30 p.m. UTC. Upgrade for more.', 3.5 * HOUR],
    ['resets 3am (UTC)', 15 * HOUR],
    ['limit resets at 15:00 +02:00', HOUR],
    ['resets daily at midnight Pacific time', 20 * HOUR],
    ['try again at 2026-11-27T15:00Z', 3 * HOUR],
    ['At 2026-11-27 15:00:00 UTC the limit is reset', 3 * HOUR],
    ['Your limit will reset at Fri, 27 Nov 2026 15:00:00 GMT', 3 * HOUR],
    ['Limit reached ∙ resets Nov 28 at 3am (Europe/Berlin)', until('2026-11-28T02:00:00Z')],
    ['try again at Dec 2nd, 2026 3:14 PM UTC.', until('2026-12-02T15:14:00Z')],
    ['quota resets Monday 9am UTC', until('2026-11-30T09:00:00Z')],
    ['limit will be lifted tomorrow at 9am UTC', 21 * HOUR],
    ['usage limit reached|1795788000', 2 * HOUR],
    // What names no time, or one that is over.
    ['Rate limit: 5 requests per 60 seconds. Retry later.', undefined],
    ['retry your request: the limit is 30000 tokens per 1 minute', undefined],
    ['resets 11:59am UTC', undefined],
    ['try again at 2026-11-26T15:00Z', undefined],
    ['You hit the 5-hour limit. Try again later.', undefined],
  ]
  for (const [words, wait] of cases) expect([words, said(words)]).toEqual([words, wait])
})

test('a time without a zone is never taken for later than it can be', () => {
  const wait = said('try again at 5:14 PM')!
  expect(wait).toBeGreaterThan(0)
  expect(wait).toBeLessThanOrEqual(5 * HOUR + 14 * MINUTE)
})

test('of the limits that the headers call used up, the last to end is waited for', () => {
  const wait = (headers: Record<string, string>, status = 429) =>
    askedWait(new Headers(headers), { ...problemOf({}), status }, NOW)
  const reset = '2026-11-27T12:03:00Z'
  const cases: [Record<string, string>, number | undefined][] = [
    [{ 'retry-after-ms': '1500', 'retry-after': '9' }, 1_500],
    [{ 'retry-after': '30' }, 30 * SECOND],
    [{ 'retry-after': 'Fri, 27 Nov 2026 12:10:00 GMT' }, 10 * MINUTE],
    [{ 'x-ratelimit-reset-requests': '6m0s', 'x-ratelimit-remaining-requests': '0' }, 6 * MINUTE],
    [{ 'x-ratelimit-reset-tokens': '9h', 'x-ratelimit-remaining-tokens': '500' }, undefined],
    [{ 'anthropic-ratelimit-tokens-reset': reset, 'anthropic-ratelimit-tokens-remaining': '0' }, 3 * MINUTE],
    [{ 'anthropic-ratelimit-unified-reset': `${NOW / 1000 + 7200}` }, 2 * HOUR],
    [{ 'x-ratelimit-reset': `${NOW + 5_000}` }, 5 * SECOND],
    [{ 'ratelimit-reset': '90', 'ratelimit-remaining': '0' }, 90 * SECOND],
    [{ ratelimit: '"default";r=0;t=90' }, 90 * SECOND],
    [{ ratelimit: '"default";r=7;t=90' }, undefined],
  ]
  for (const [headers, ms] of cases) expect([headers, wait(headers)]).toEqual([headers, ms])
  // They come with every answer: another failure has nothing to do with them.
  expect(wait({ 'x-ratelimit-reset': '90', 'x-ratelimit-remaining': '0' }, 503)).toBeUndefined()
})

test('a field of the answer names the time, wherever it is', () => {
  const cases: [object, number][] = [
    [{ error: { code: 429, message: 'x', details: [{ retryDelay: '34.5s' }] } }, 34_500],
    [{ error: { message: 'x', resets_at: NOW / 1000 + 60 } }, 60 * SECOND],
    [{ error: { message: 'x', resets_in_seconds: 300 } }, 300 * SECOND],
    [{ error: 'slow down', retry_after_ms: 1_500 }, 1_500],
    [{ error: { message: 'x', metadata: { headers: { 'X-RateLimit-Reset': `${NOW + 7_000}` } } } }, 7_000],
  ]
  for (const [body, ms] of cases) expect([body, askedWait(new Headers(), problemOf(body), NOW)]).toEqual([body, ms])
})

test('a limit is one whether a status says so or only words; the time is part of what is said', () => {
  const endpoint = endpointFor('chat')
  for (const error of [
    fromStatus(endpoint, 429, new Headers(), '{"error":{"message":"Usage limit reached, resets in 2 hours"}}'),
    fromStreamProblem(endpoint, { error: 'Usage limit reached, resets in 2 hours' }),
  ]) {
    expect(error).toMatchObject({ code: 'LLM_RATE_LIMIT', retryable: true, retry_after_ms: 2 * HOUR })
    expect(error.message).toContain('It asks to wait 2 h 0 min.')
    expect(error.message).toContain('wait_for_reset')
  }
})
