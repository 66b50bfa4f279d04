import type { ProviderError } from './provider-error.ts'

/**
 * How long a provider asks to wait, in milliseconds from `now`: by `retry-after-ms`, `retry-after` (seconds, a date, a
 * duration), a field of its answer, its words, or the reset of a limit that its headers call used up. Undefined where it names no time.
 */
export function askedWait(headers: Headers, problem: ProviderError, now = Date.now()): number | undefined {
  const ms = Number.parseFloat(headers.get('retry-after-ms') ?? '')
  if (ms >= 0) return ms
  return (
    bounded(waitOfValue(headers.get('retry-after') ?? '', now)) ??
    problem.resets.map(([field, value]) => bounded(waitOfField(field, value, now))).find(wait => wait !== undefined) ??
    ahead(waitInWords(problem.message, now)) ??
    (problem.status === 429 ? usedUp(headers, now) : undefined)
  )
}

const SECOND = 1_000
const DAY = 86_400_000
/** Nothing that is waited for is further away: a number that says so means something else. */
const FARTHEST = 35 * DAY
/** A time of day that has just passed does not mean tomorrow: the clocks differ. */
const JUST_NOW = 10 * 60 * SECOND

const bounded = (wait: number | undefined): number | undefined =>
  wait === undefined || wait > FARTHEST ? undefined : Math.max(0, wait)
/** A time in the past says nothing: the next attempts keep their own distance. */
const ahead = (wait: number | undefined): number | undefined =>
  wait === undefined || wait <= 0 ? undefined : bounded(wait)

/** Every provider sends `…ratelimit…reset…` with each answer: of the limits that are used up, the last to end counts. */
function usedUp(headers: Headers, now: number): number | undefined {
  const waits: number[] = []
  for (const [name, value] of headers) {
    if (!/rate-?limit/.test(name)) continue
    const structured = value.match(/\b(?:r|remaining)=(\d+).*?\b(?:t|reset)=(\d+)/) // RateLimit: "default";r=0;t=30
    const left = structured?.[1] ?? headers.get(name.replace('reset', 'remaining'))
    const wait = structured || name.includes('reset') ? ahead(waitOfValue(structured?.[2] ?? value, now)) : undefined
    if (wait !== undefined && (left === null || left === undefined || name === 'reset' || Number(left) === 0))
      waits.push(wait)
  }
  return waits.length > 0 ? Math.max(...waits) : undefined
}

function waitOfField(field: string, value: string, now: number): number | undefined {
  return /(_ms|Ms|[Mm]illis(econds)?)$/.test(field) && /^\d+(\.\d+)?$/.test(value)
    ? Number(value)
    : waitOfValue(value, now)
}

/** A value that is nothing but a time: seconds from now, seconds or milliseconds since 1970, a duration, a date. */
function waitOfValue(value: string, now: number): number | undefined {
  const text = value.trim()
  if (/^\d+(\.\d+)?$/.test(text)) {
    const number = Number(text)
    return number >= 1e12 ? number - now : number >= 1e9 ? number * SECOND - now : number * SECOND
  }
  const duration = text.match(DURATION)
  return duration?.[0].length === text.length ? lengthOf(duration[0]) : momentIn(text, now)?.wait
}

const UNITS: [RegExp, number][] = [
  [/^(ms|milli)/i, 1],
  [/^(s|秒)/i, SECOND],
  [/^(m|分)/i, 60 * SECOND],
  [/^(h|小)/i, 3_600 * SECOND],
  [/^(d|天)/i, DAY],
  [/^w/i, 7 * DAY],
]
const UNIT =
  '(?:ms|milliseconds?|s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?|w|weeks?|秒钟?|分钟?|小时|天)(?![a-z])'
const PART = `(?:\\d+(?:\\.\\d+)?[\\s-]?|\\b(?:an?|one)\\s)${UNIT}`
const DURATION = new RegExp(`${PART}(?:[\\s,]{0,3}(?:and )?${PART})*`, 'i')
const PARTS = new RegExp(`(\\d+(?:\\.\\d+)?|\\b(?:an?|one)(?=\\s))[\\s-]?(${UNIT})`, 'gi')

const lengthOf = (duration: string): number =>
  Array.from(duration.matchAll(PARTS)).reduce((sum, [, count = '', unit = '']) => {
    const each = UNITS.find(([name]) => name.test(unit))?.[1] ?? 0
    return sum + (Number.isNaN(Number(count)) ? 1 : Number(count)) * each
  }, 0)

/** Words behind which a provider says when. */
const CUE =
  /\b(?:resets?|resetting|retry(?:ing)?|try(?:ing)?(?: it| your request)? again|wait(?:ing)?|available(?: again)?|come back|renew\w*|refresh\w*|replenish\w*|lifted|limit reached\||until|expires?)|重置|重试|恢复/gi
/** What may stand between such a word and a duration: else “60 seconds” is what the limit is measured by. */
const LEADS =
  /^(?:[\s:=,(|~≈'"–—-]|(?:after|again|about|access|an?|another|approximately|are|around|at|available|be|by|delay|for|in|is|it|least|limits?|next|on|or|please|quota|rate|request|roughly|so|the|then|this|time|try|until|usage|will|window|within|your|you)\b|[sS]\b|请|在|约|于|等待)*$/i
const WORDS = 2_000
const SENTENCE = 120

/** When a limit ends, by what a provider writes for people. */
function waitInWords(words: string, now: number): number | undefined {
  const text = words.slice(0, WORDS).replace(/\b([ap])\.\s?m\b\.?/gi, '$1m')
  let cue = false
  for (const found of text.matchAll(CUE)) {
    cue = true
    const rest = text.slice(found.index + found[0].length).slice(0, SENTENCE)
    const sentence = rest.split(/[.!?;](?:\s|$)|[\n。！]/)[0]!
    const duration = sentence.match(DURATION)
    const moment = momentIn(sentence, now)
    const named = duration && LEADS.test(sentence.slice(0, duration.index)) ? duration : undefined
    if (named && (!moment || named.index! <= moment.index)) return lengthOf(named[0])
    if (moment) return moment.wait
    const bare = /^retry/i.test(found[0])
      ? sentence.match(/^[-_ ]?after[:=\s"']*(\d+(?:\.\d+)?)(?![\w:-])/i)
      : undefined
    if (bare) return waitOfValue(bare[1]!, now)
  }
  if (!cue) return undefined
  // The time first: “In 45 seconds you can try again”, “At 2026-11-27T15:00Z the limit resets”.
  const first = text.match(
    new RegExp(`(?:\\b(?:in|after)|[请在])\\s*(${DURATION.source})(?=[,\\s]*(?:you|please|try|before|后))`, 'i'),
  )
  if (first) return lengthOf(first[1]!)
  const date = text.match(ISO)
  return date ? momentIn(text.slice(date.index, date.index! + SENTENCE), now)?.wait : undefined
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
const WEEKDAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']
const MONTH = `(${MONTHS.join('|')})[a-z]*\\.?`
const ISO = /(?<!\d)(20\d\d)[-/](\d\d?)[-/](\d\d?)(?!\d)/
const MONTH_FIRST = new RegExp(`\\b${MONTH}\\s+(\\d\\d?)(?:st|nd|rd|th)?(?![\\d:]|\\s?[ap]m)(?:,?\\s+(20\\d\\d))?`, 'i')
const DAY_FIRST = new RegExp(`\\b(\\d\\d?)(?:st|nd|rd|th)?[\\s-]+(?:of )?${MONTH}(?:,?[\\s-]+(20\\d\\d))?`, 'i')
const WEEKDAY = new RegExp(`\\b(${WEEKDAYS.join('|')})(?:day|sday|nesday|rsday|urday)?\\b`, 'i')
const EPOCH = /(?<![\d.])(?:1\d{9}|2\d{9}|1\d{12})(?![\d.])/
const CLOCK =
  /(?:(?<![\d:.])|(?<=\dT))(\d\d?)(?::(\d\d)(?::(\d\d)(?:\.\d+)?)?)?\s?([ap]m)\b|(?:(?<![\d:.])|(?<=\dT))(\d\d?):(\d\d)(?::(\d\d)(?:\.\d+)?)?(?!\d)|\b(midnight|noon)\b/i
const ZONE =
  /^[\s,(]*(?:(Z|UTC|GMT)?\s?([+-]\d\d?)(?::?(\d\d))?(?!\d)|(Z|UTC|GMT)\b|([A-Z][\w+-]+\/[\w/+-]+)|([A-Z]{2,4})\b|(pacific|eastern|central|mountain)\b)/i

const ZONES: Record<string, string> = {
  ...{
    PST: 'America/Los_Angeles',
    PDT: 'America/Los_Angeles',
    PT: 'America/Los_Angeles',
    PACIFIC: 'America/Los_Angeles',
  },
  ...{ EST: 'America/New_York', EDT: 'America/New_York', ET: 'America/New_York', EASTERN: 'America/New_York' },
  ...{ CDT: 'America/Chicago', CT: 'America/Chicago', CENTRAL: 'America/Chicago', CST: 'America/Chicago' },
  ...{ MST: 'America/Denver', MDT: 'America/Denver', MT: 'America/Denver', MOUNTAIN: 'America/Denver' },
  ...{ CET: 'Europe/Berlin', CEST: 'Europe/Berlin', BST: 'Europe/London', IST: 'Asia/Kolkata', JST: 'Asia/Tokyo' },
}

/** A date, a time of day, or both, in any zone; the time of day alone is its next one. */
function momentIn(text: string, now: number): { index: number; wait: number } | undefined {
  const epoch = text.match(EPOCH)
  if (epoch) return { index: epoch.index!, wait: waitOfValue(epoch[0], now)! }
  const clock = text.match(CLOCK)
  const date = dateIn(text)
  if (!clock && !date) return undefined
  const time = clock ? timeOf(clock) : 0
  if (time === undefined) return undefined
  const zones = clock ? zonesOf(text.slice(clock.index! + clock[0].length)) : ['UTC']
  const index = Math.min(clock?.index ?? text.length, date?.index ?? text.length)
  // Without a zone it is the provider's time or ours: too early is only asked once more.
  const waits = zones.map(zone => nextAt(date, time, zone, now) - now)
  return { index, wait: Math.min(...waits.filter(wait => wait > 0)) }
}

/** Milliseconds since midnight. */
function timeOf([, hour12, minute12, second12, half, hour, minute, second, word]: RegExpMatchArray):
  | number
  | undefined {
  if (word) return /noon/i.test(word) ? DAY / 2 : 0
  const hours = half ? (Number(hour12) % 12) + (/p/i.test(half) ? 12 : 0) : Number(hour)
  const [minutes, seconds] = [Number(minute12 ?? minute ?? 0), Number(second12 ?? second ?? 0)]
  if (hours > 24 || minutes > 59 || seconds > 60 || Number(hour12 ?? 0) > 12) return undefined
  return ((hours * 60 + minutes) * 60 + seconds) * SECOND
}

type Named = { index: number; year?: number; month?: number; day?: number; weekday?: number; after?: number }

function dateIn(text: string): Named | undefined {
  const iso = text.match(ISO)
  if (iso) return { index: iso.index!, year: Number(iso[1]), month: Number(iso[2]) - 1, day: Number(iso[3]) }
  const first = text.match(MONTH_FIRST)
  if (first) return { index: first.index!, ...dayOf(first[1]!, first[2]!, first[3]) }
  const last = text.match(DAY_FIRST)
  if (last) return { index: last.index!, ...dayOf(last[2]!, last[1]!, last[3]) }
  const tomorrow = text.match(/\btomorrow\b/i)
  if (tomorrow) return { index: tomorrow.index!, after: 1 }
  const weekday = text.match(WEEKDAY)
  return weekday ? { index: weekday.index!, weekday: WEEKDAYS.indexOf(weekday[1]!.toLowerCase()) } : undefined
}

const dayOf = (month: string, day: string, year: string | undefined) => ({
  month: MONTHS.indexOf(month.toLowerCase()),
  day: Number(day),
  ...(year && { year: Number(year) }),
})

/** An offset in milliseconds, or a zone's name. */
type Zone = number | string

function zonesOf(text: string): Zone[] {
  const [, , hours, minutes, utc, name, short, word] = text.match(ZONE) ?? []
  if (hours) return [(Number(hours) * 60 + Math.sign(Number(hours) || 1) * Number(minutes ?? 0)) * 60 * SECOND]
  const zone = utc ? 'UTC' : (name ?? ZONES[(short ?? word ?? '').toUpperCase()])
  const local = Intl.DateTimeFormat().resolvedOptions().timeZone
  return zone && isZone(zone) ? [zone] : ['UTC', local]
}

function isZone(zone: string): boolean {
  try {
    return Boolean(Intl.DateTimeFormat('en', { timeZone: zone }))
  } catch {
    return false
  }
}

function offsetAt(zone: Zone, at: number): number {
  if (typeof zone === 'number') return zone
  const written = new Date(at).toLocaleString('sv-SE', { timeZone: zone }) // 2026-11-27 15:00:00
  return Date.parse(`${written.replace(' ', 'T')}Z`) - Math.floor(at / SECOND) * SECOND
}

function nextAt(date: Named | undefined, time: number, zone: Zone, now: number): number {
  const today = new Date(now + offsetAt(zone, now))
  const year = date?.year ?? today.getUTCFullYear()
  const at = (years: number, days: number) => {
    const wall =
      Date.UTC(year + years, date?.month ?? today.getUTCMonth(), (date?.day ?? today.getUTCDate()) + days) + time
    const guess = wall - offsetAt(zone, wall)
    return wall - offsetAt(zone, guess)
  }
  if (date?.year !== undefined) return at(0, 0)
  if (date?.month !== undefined) return at(0, 0) > now - JUST_NOW ? at(0, 0) : at(1, 0)
  const first = date?.after ?? (date?.weekday === undefined ? 0 : (date.weekday - today.getUTCDay() + 7) % 7)
  return at(0, first) > now - JUST_NOW ? at(0, first) : at(0, first + (date?.weekday === undefined ? 1 : 7))
}
