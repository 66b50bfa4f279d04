import { describe, test } from 'bun:test'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { toJson } from '../../src/base/text.ts'
import type { Storable, Stored } from '../../src/event.ts'
import { hostileText } from '../org/fragments.ts'
import { everywhere, hostile } from '../org/hostile.ts'
import {
  directory,
  emacs,
  expectInert,
  expectNothingSmuggled,
  inspect,
  lack,
  marker,
  type Ours,
} from '../org/inspect.ts'
import { FUZZ_SEED } from '../support/fuzz.ts'
import { toolCall } from '../transcript/events.ts'
import { type Event, render } from './support/org-events.ts'

/** Hostile conversations in the client's buffer, which a real Emacs that trusts everything then opens, exports and executes. */

const MINUTES = 60_000

const TIME = String.raw`\[2026-11-23 20:2\d:\d\d\]`
const OURS: Ours = {
  headings: [
    '1 Conversation',
    `2 User ${TIME}`,
    `2 Assistant ${TIME}`,
    String.raw`4 Task \([^\n]*\) ${TIME}`,
    String.raw`4 Assistant \([^\n]*\) ${TIME}`,
    '3 Question of [^\n]*',
    `2 Assistant ${TIME}`,
  ].map(pattern => new RegExp(`^${pattern}$`)),
  keywords: ['TITLE', 'OPTIONS'],
  // Of two texts on one line, one may begin what the other ends; nothing but its look depends on that.
  also: ['underline'],
}

/** `text` wherever text can come from, and in a call that waits for a decision. */
function conversation(text: string): Event[] {
  const asks: Storable = toolCall('tc_asks', text, {
    params: { command: text, [text]: text },
    requires_approval: true,
    danger: text,
    reason: text,
    preview: { hash: text, files: [{ path: text, before_hash: null, diff: text }] },
    remember: { session: text, project: text },
  })
  const log = everywhere(text).filter(({ type }) => type !== 'turn.end')
  const at = log.at(-1)!.at
  const whole = [...log, { id: log.length + 1, at, ...asks } as Stored]
  return whole.flatMap(event => [...(event.type === 'message' ? deltas(event) : []), event as Event])
}

/** A message, character by character. */
const deltas = ({ message_id, content, thinking, at, ...more }: Stored & { type: 'message' }): Event[] =>
  [
    ...[...(thinking ?? '')].map(piece => ({ type: 'thinking.delta', content: piece })),
    ...[...content].map(piece => ({ type: 'message.delta', content: piece })),
  ].map(event => ({
    ...event,
    message_id,
    at,
    agent: more.agent,
    parent_tool_call_id: more.parent_tool_call_id,
  }))

async function show(directory: string, texts: readonly string[]): Promise<void> {
  for (const [index, text] of texts.entries())
    writeFileSync(join(directory, `${index}.json`), toJson(conversation(text).flatMap(event => render(event, '/tmp'))))
  const client = join(import.meta.dir, '../../src/emacs')
  const script = join(import.meta.dir, 'support/show.el')
  const child = Bun.spawn([emacs!, '-Q', '--batch', '-L', client, '-l', script, '--', directory], {
    env: { ...process.env, HOME: directory, LC_ALL: 'C.UTF-8', TZ: 'UTC' },
    stdout: 'ignore',
    stderr: 'pipe',
  })
  const errors = await new Response(child.stderr).text()
  if ((await child.exited) !== 0) throw new Error(`emacs: ${errors.slice(0, 2000)}`)
}

describe("hostile conversations in the client's buffer", () => {
  test.skipIf(!emacs)(
    `nothing is Org but what we wrote, and nothing runs${lack}`,
    async () => {
      const path = directory('client-hostile')
      const texts = hostile(marker)
      await show(path, texts)
      const found = await inspect(path, 'full')
      expectInert(found, texts, OURS)
    },
    5 * MINUTES,
  )

  test.skipIf(!emacs)(
    `any text is inert${lack}`,
    async () => {
      const path = directory('client-random')
      const seed = FUZZ_SEED
      const texts = fc.sample(hostileText, { numRuns: 60, seed })
      await show(path, texts)
      const found = await inspect(path, 'parse')
      expectNothingSmuggled(found, { texts, seed, ours: OURS })
    },
    3 * MINUTES,
  )
})
