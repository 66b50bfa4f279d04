import { join } from 'node:path'

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
  cells: string[]
  ascii: string
  html: string
  tangled: number
  changed: boolean
  entries: string[]
  mode: string
}

/** What `emacs`, which trusts everything, finds in the files in `directory`, by name. */
export async function inspect(emacs: string, directory: string, mode: 'full' | 'parse'): Promise<Map<string, Found>> {
  const script = join(import.meta.dir, 'inspect.el')
  const child = Bun.spawn([emacs, '-Q', '--batch', '-l', script, '--', directory, mode], {
    env: { ...process.env, HOME: directory, LC_ALL: 'C.UTF-8' },
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

/** What our documents may consist of; everything else that Org knows is syntax someone smuggled in. */
const TYPES = new Set(
  `section headline keyword property-drawer node-property drawer paragraph plain-list item table table-row table-cell
   src-block example-block quote-block horizontal-rule timestamp link bold italic strike-through code verbatim entity
   line-break subscript superscript`.split(/\s+/),
)
/** Numbers alone may follow an unknown type (`a.ts:12`): they carry no code. */
const LINKS = /^(?:file|https?):|^[a-z]+:[\d:.,-]+$/

/** What a document of ours has, in order. */
export type Expected = {
  headings: RegExp[]
  keywords: string[]
  properties: RegExp
  drawers: string[]
  also?: string[]
}

/** Everything in `found` that a document with what is `expected`, made of `everywhere`, must not have. */
export function smuggled(
  found: Found,
  { headings: patterns, keywords, properties, drawers, also = [] }: Expected,
): string[] {
  const odd = (kind: string, list: readonly (string | null)[]) => list.map(item => `${kind} ${item}`)
  const headings = patterns.length === found.headings.length && patterns.every((h, at) => h.test(found.headings[at]!))
  return [
    ...odd('headings', headings ? [] : [found.headings.join(' | ')]),
    ...odd(
      'tagged',
      found.headings.filter(heading => heading.endsWith(' TAGGED')),
    ),
    ...odd(
      'type',
      Object.keys(found.types).filter(type => !TYPES.has(type) && !also.includes(type)),
    ),
    ...odd('keywords', found.keywords.join() === keywords.join() ? [] : found.keywords),
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
      found.properties.filter(property => !properties.test(property)),
    ),
    ...odd(
      'drawer',
      found.drawers.filter(drawer => !drawers.includes(drawer)),
    ),
    ...odd('formula', found.cells),
    ...odd('ran', found.pwned ? ['something'] : []),
  ]
}
