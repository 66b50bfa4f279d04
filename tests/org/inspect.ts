import { expect } from 'bun:test'
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { tempDir } from '../support/temp.ts'

/** Org files in a real Emacs that trusts everything: `inspect.el` opens, parses, exports and executes them. */

export const emacs = Bun.which('emacs')
export const lack = emacs ? '' : ' (skipped: no emacs on this machine)'
const root = tempDir()
export const marker = join(root, 'MARKER')

export type Found = {
  file: string
  pwned: boolean
  headings: string[]
  types: Record<string, number>
  keywords: string[]
  entities: string[]
  links: string[]
  timestamps: string[]
  blocks: string[]
  names: (string | null)[]
  properties: string[]
  drawers: string[]
  fragments: string[]
  cells: string[]
  ascii: string
  html: string
  tangled: number
  changed: boolean
  entries: string[]
  mode: string
}

export async function inspect(directory: string, mode: 'full' | 'parse'): Promise<Map<string, Found>> {
  const script = join(import.meta.dir, 'inspect.el')
  const child = Bun.spawn([emacs!, '-Q', '--batch', '-l', script, '--', directory, mode], {
    env: { ...process.env, HOME: root, LC_ALL: 'C.UTF-8' },
    stdout: 'pipe',
    stderr: 'pipe',
  })
  const [out, errors, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ])
  if (code !== 0) throw new Error(`emacs: ${errors.slice(-2000)}`)
  const found = out
    .split('\n')
    .filter(Boolean)
    .map(line => JSON.parse(line) as Found)
  return new Map(found.map(item => [item.file, item]))
}

export function directory(name: string): string {
  const path = join(root, name)
  mkdirSync(path)
  return path
}

/** What a transcript may consist of; everything else that Org knows is syntax someone smuggled in. */
const TYPES = new Set(
  `section headline keyword property-drawer node-property drawer paragraph plain-list item table table-row table-cell
   src-block example-block quote-block horizontal-rule timestamp link bold italic strike-through code verbatim entity
   line-break subscript superscript latex-fragment`.split(/\s+/),
)
const PROPERTIES = /^(?:CREATED|TOOL_CALL_ID|STATUS|DURATION|APPROVAL|ERROR|STOPPED|STEERED)$/
/** Numbers alone may follow an unknown type (`a.ts:12`): they carry no code. */
const LINKS = /^(?:file|https?):|^[a-z]+:[\d:.,-]+$/

/** Formulas in their marks on one line, with no command that reads, writes, defines or changes what a character is. */
const FORMULA = /^(?:\$[^$\n]+\$|\$\$[^$\n]+\$\$|\\\([^$\n]+\\\)|\\\[[^$\n]+\\\])$/
const UNSAFE =
  /\^\^|%(?<!\\%)|<\S|\[\[|\\(?:input|include|open|close|read|write|immediate|special|catcode|csname|endcsname|[egx]?def|let|new|renew|provide|usepackage|require|directlua|lua|pdf|output|everypar|loop|expandafter|scantokens|(?:low|upp)ercase|verb|font|message|typeout|begin\{(?!(?:[pbBvV]|small)?matrix|cases|array|aligned|gathered|split|subarray))/i

/** What a document has of ours; `also` are types of Org that it may consist of as well. */
export type Ours = { headings: readonly RegExp[]; keywords: readonly string[]; also?: readonly string[] }

/** Everything in `found` that is Org and not `ours`. */
export function smuggled(found: Found, ours: Ours): string[] {
  const odd = (kind: string, list: readonly (string | null)[]) => list.map(item => `${kind} ${item}`)
  const headings =
    ours.headings.length === found.headings.length && ours.headings.every((h, at) => h.test(found.headings[at]!))
  return [
    ...odd('headings', headings ? [] : [found.headings.join(' | ')]),
    ...odd(
      'tagged',
      found.headings.filter(heading => heading.endsWith(' TAGGED')),
    ),
    ...odd(
      'type',
      Object.keys(found.types).filter(type => !TYPES.has(type) && !ours.also?.includes(type)),
    ),
    ...odd('keywords', found.keywords.join() === ours.keywords.join() ? [] : found.keywords),
    ...odd(
      'entity',
      found.entities.filter(entity => entity !== 'vert'),
    ),
    ...odd(
      'link',
      found.links.filter(link => !LINKS.test(link)),
    ),
    ...odd(
      'timestamp',
      found.timestamps.filter(stamp => !/^\[2026-11-23 20:27:\d\d\]$/.test(stamp)),
    ),
    ...odd(
      'block',
      found.blocks.filter(parameters => parameters !== ':eval never'),
    ),
    ...odd('name', found.names),
    ...odd(
      'property',
      found.properties.filter(property => !PROPERTIES.test(property)),
    ),
    ...odd(
      'drawer',
      found.drawers.filter(drawer => drawer !== 'THINKING'),
    ),
    ...odd(
      'fragment',
      found.fragments.filter(fragment => !FORMULA.test(fragment) || UNSAFE.test(fragment)),
    ),
    ...odd('formula', found.cells),
    ...odd('ran', found.pwned ? ['something'] : []),
  ]
}

/** Of hostile texts, each in a file `N.org`: no structure but `ours`, no code, and nothing that ran or that the agenda found. */
export function expectInert(found: Awaited<ReturnType<typeof inspect>>, texts: readonly string[], ours: Ours): void {
  for (const [index, text] of texts.entries()) {
    const org = found.get(`${index}.org`)!
    expect({ text, smuggled: smuggled(org, ours) }).toEqual({ text, smuggled: [] })
    expect({ text, changed: org.changed, tangled: org.tangled }).toEqual({ text, changed: false, tangled: 0 })
    expect(org.ascii).not.toStartWith('EXPORT FAILED')
    expect(org.html).not.toStartWith('EXPORT FAILED')
  }
  expect(found.get('agenda')).toMatchObject({ entries: [], pwned: false })
  expect(existsSync(marker)).toBe(false)
}

/** Of random texts, each in a file `N.org`. */
export function expectNothingSmuggled(
  found: Awaited<ReturnType<typeof inspect>>,
  { texts, seed, ours }: { texts: readonly string[]; seed: number; ours: Ours },
): void {
  for (const [index, text] of texts.entries())
    expect({ seed, text, smuggled: smuggled(found.get(`${index}.org`)!, ours) }).toEqual({ seed, text, smuggled: [] })
}
