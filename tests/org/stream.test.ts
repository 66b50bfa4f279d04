import { describe, expect, test } from 'bun:test'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { OrgFlow } from '../../src/org/flow.ts'
import { liveOrgTexts, type OrgTexts, orgTextsOf } from '../../src/transcript/shown.ts'
import { FUZZ_SEED } from '../support/fuzz.ts'
import { hostileText } from './fragments.ts'
import { everywhere, hostile } from './hostile.ts'
import { directory, emacs, inspect, lack, marker, smuggled } from './inspect.ts'

/** What a stream with `?render=org` brings, in a real Emacs that trusts everything, as a client inserts it. */

const MINUTES = 60_000

/** Each text that has come at some time, under a heading of its own. */
function prefixesOf(text: string): string[] {
  const flow = new OrgFlow('/home/me')
  const characters = [...text.slice(0, 400)]
  return characters.map(character => {
    flow.push(character)
    return flow.org
  })
}

const documentOf = (bodies: readonly string[]): string => bodies.map(body => `* Text\n${body}\n`).join('')

/** A plain client: titles in headings, bodies below them and apart, the lines of diffs in blocks. */
function shown(text: string): { document: string; headings: RegExp[] } {
  const headings: RegExp[] = []
  const heading = (words: string) => {
    headings.push(/^1 Event/)
    return `* Event ${words}\n`
  }
  const block = (lines: string) => `#+BEGIN_EXAMPLE\n${lines}\n#+END_EXAMPLE\n`
  const written = ({
    org,
    org_title,
    org_thinking,
    org_reason,
    org_notes,
    org_details,
    org_diff,
    org_agent,
    ...more
  }: OrgTexts) =>
    [
      heading([org_title, org_agent].filter(Boolean).join('  ')),
      ...[org_thinking, org, org_notes, org_details, org_reason].flatMap(body => (body ? [`${body}\n\n`] : [])),
      org_diff === undefined ? '' : block(org_diff),
      ...(more.preview?.files ?? []).map(file => `${file.org}\n${block(file.org_diff)}`),
      ...(more.remember ? [`${more.remember.org_session}\n`, `${more.remember.org_project}\n`] : []),
    ].join('')
  const preview = { hash: 'x', files: [{ path: text, before_hash: null, diff: text }] }
  const events = everywhere(text).map(event => {
    if (event.type === 'tool.call')
      return { ...event, reason: text, preview, remember: { session: text, project: text }, danger: text }
    if (event.type === 'question')
      return { ...event, url: text, schema: { properties: { [text]: { title: text, description: text } } } }
    return event
  })
  const parts = events.map(event =>
    written(orgTextsOf(event as (typeof events)[number] & { id: number; at: string }, '/home/me')),
  )
  const command = { ...events.find(({ type }) => type === 'tool.call')!, params: { command: text, path: text } }
  parts.push(written(orgTextsOf(command as Parameters<typeof orgTextsOf>[0], '/home/me')))
  parts.push(written(liveOrgTexts({ type: 'tool.progress', message: text })))
  return { document: parts.join(''), headings }
}

async function expectInert(
  name: string,
  texts: readonly string[],
  make: (text: string) => { document: string; headings: RegExp[] },
) {
  const path = directory(name)
  const made = texts.map(make)
  for (const [index, { document }] of made.entries()) writeFileSync(join(path, `${index}.org`), document)
  const found = await inspect(path, 'parse')
  for (const [index, text] of texts.entries()) {
    const { headings, document } = made[index]!
    const odd = smuggled(found.get(`${index}.org`)!, { headings, keywords: [] })
    expect({ text, odd, ...(odd.length > 0 && { document: document.slice(0, 3000) }) }).toEqual({ text, odd: [] })
  }
  expect(existsSync(marker)).toBe(false)
}

const growing = (text: string) => {
  const bodies = prefixesOf(text)
  return { document: documentOf(bodies), headings: bodies.map(() => /^1 Text$/) }
}

describe('hostile streams in Emacs', () => {
  test.skipIf(!emacs)(
    `a message is inert at any time${lack}`,
    () => expectInert('growing', hostile(marker), growing),
    5 * MINUTES,
  )
  test.skipIf(!emacs)(
    `any message is inert at any time${lack}`,
    () => expectInert('growing-random', fc.sample(hostileText, { numRuns: 60, seed: FUZZ_SEED }), growing),
    5 * MINUTES,
  )
  test.skipIf(!emacs)(
    `whatever else is shown is inert${lack}`,
    () => expectInert('shown', hostile(marker), shown),
    5 * MINUTES,
  )
  test.skipIf(!emacs)(
    `whatever else is shown is inert, of any text${lack}`,
    () => expectInert('shown-random', fc.sample(hostileText, { numRuns: 100, seed: FUZZ_SEED }), shown),
    5 * MINUTES,
  )
})
