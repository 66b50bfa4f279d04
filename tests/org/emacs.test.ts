import { describe, expect, test } from 'bun:test'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as fc from 'fast-check'
import type { Stored } from '../../src/event.ts'
import { FUZZ_SEED } from '../support/fuzz.ts'
import { renderJson, renderMarkdown, renderOrg } from '../support/rendered.ts'
import { sample } from '../transcript/sample.ts'
import { hostileText } from './fragments.ts'
import { everywhere, hostile } from './hostile.ts'
import { directory, emacs, expectInert, expectNothingSmuggled, inspect, lack, marker } from './inspect.ts'

/** Hostile transcripts in a real Emacs that trusts everything: `inspect.el` opens, parses, exports and executes them. */

const HEADINGS = [
  /^1 Conversation$/,
  /^3 Prompt dropped, never sent \[2026-11-23 20:27:03\]$/,
  /^2 User \[2026-11-23 20:27:06\]$/,
  /^2 Assistant \[2026-11-23 20:27:09\]$/,
  /^3 Tool Call:[^\n]*$/,
  /^3 Result: Success$/,
  /^4 Task[^\n]* \[2026-11-23 20:27:24\]$/,
  /^4 Assistant[^\n]* \[2026-11-23 20:27:27\]$/,
  /^5 Tool Call:[^\n]*$/,
  /^5 Result: Error$/,
  /^3 Context compacted, 9 → 1 tokens \[2026-11-23 20:27:33\]$/,
  /^3 Question from[^\n]* \[2026-11-23 20:27:36\]$/,
  /^3 Error TOOL_FAILED \[2026-11-23 20:27:39\]$/,
  /^3 Model \[2026-11-23 20:27:42\]$/,
  /^3 Rule remembered \[2026-11-23 20:27:42\]$/,
  /^3 Round limit reached \[2026-11-23 20:27:48\]$/,
  /^1 Metadata$/,
  /^2 Files Changed$/,
  /^2 Tool Calls$/,
]

const KEYWORDS = ['TITLE', 'DATE', 'SESSION_ID', 'MODEL', 'PROJECT', 'OPTIONS', 'PROPERTY']
const OURS = { headings: HEADINGS, keywords: KEYWORDS }
const MINUTES = 60_000

const bodyOf = (html: string) => html.slice(html.indexOf('<body'))

describe('hostile transcripts in Emacs', () => {
  test.skipIf(!emacs)(
    `nothing is Org but what we wrote, and nothing runs${lack}`,
    async () => {
      const path = directory('hostile')
      const texts = hostile(marker)
      for (const [index, text] of texts.entries()) {
        const log: Stored[] = everywhere(text)
        writeFileSync(join(path, `${index}.org`), await renderOrg(log))
        writeFileSync(join(path, `${index}.md`), await renderMarkdown(log))
        writeFileSync(join(path, `${index}.json`), await renderJson(log))
      }
      const found = await inspect(path, 'full')
      expectInert(found, texts, OURS)
      for (const index of texts.keys()) {
        expect(bodyOf(found.get(`${index}.org`)!.html)).not.toMatch(
          /<(?:script|iframe|img|object)|<a href="(?!https?:|file:|#)/,
        )
        expect(found.get(`${index}.md`)!.pwned).toBe(false)
        expect(found.get(`${index}.json`)!.pwned).toBe(false)
      }
    },
    5 * MINUTES,
  )

  test.skipIf(!emacs)(
    `any text is inert${lack}`,
    async () => {
      const path = directory('random')
      const seed = FUZZ_SEED
      const texts = fc.sample(hostileText, { numRuns: 150, seed })
      for (const [index, text] of texts.entries())
        writeFileSync(join(path, `${index}.org`), await renderOrg(everywhere(text)))
      const found = await inspect(path, 'parse')
      expectNothingSmuggled(found, { texts, seed, ours: OURS })
    },
    3 * MINUTES,
  )

  test.skipIf(!emacs)(
    `the sample is what it looks like${lack}`,
    async () => {
      const path = directory('sample')
      writeFileSync(join(path, 'sample.org'), await renderOrg(sample))
      const { types, links, ascii, html } = (await inspect(path, 'full')).get('sample.org')!
      expect(links).toEqual(
        ['file:/home/me/shop/src/cart.ts', 'https://example.org/cart', 'file:/home/me/shop/src/cart.ts'].map(link =>
          link.replace('https:', 'https:'),
        ),
      )
      expect(types).toMatchObject({ table: 3, 'src-block': 7, drawer: 1, bold: 3, italic: 1, code: 1 })
      expect(ascii).toContain("Fixed: the total calls `sum()' now.")
      expect(html).toContain('<code>sum()</code>')
    },
    MINUTES,
  )

  test.skipIf(!emacs)(
    `the inspection sees what is live${lack}`,
    async () => {
      const path = directory('control')
      const live = (name: string, text: string) => writeFileSync(join(path, `${name}.org`), text)
      live('macro', '#+MACRO: m (eval (pwn))\n{{{m}}}\n')
      live('block', '#+BEGIN_SRC emacs-lisp\n(pwn)\n#+END_SRC\n')
      live('variables', 'x\n\n# Local Variables:\n# eval: (pwn)\n# End:\n')
      live('title', '#+TITLE: -*- eval: (pwn) -*-\n')
      live('mode', '#+BEGIN_SRC pwn\nx\n#+END_SRC\n')
      live('agenda', '* x\n%%(pwn)\n')
      live('inert', 'x\n')
      const found = await inspect(path, 'full')
      expect(Object.fromEntries([...found].map(([file, { pwned }]) => [file, pwned]))).toEqual({
        'macro.org': true,
        'block.org': true,
        'variables.org': true,
        'title.org': true,
        'mode.org': true,
        'agenda.org': false,
        'inert.org': false,
        agenda: true,
      })
      expect((await inspect(path, 'parse')).get('mode.org')!.pwned).toBe(true) // by colouring it alone
    },
    MINUTES,
  )
})
