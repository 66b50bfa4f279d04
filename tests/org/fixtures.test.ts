import { describe, expect, test } from 'bun:test'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { convertToOrg } from '../../src/org/convert.ts'

const directory = join(import.meta.dir, '../fixtures/markdown-org')
const names = readdirSync(directory).filter(name => name.endsWith('.md'))

describe('Markdown becomes Org', () => {
  test.each(names)('%s', name => {
    const markdown = readFileSync(join(directory, name), 'utf8')
    const org = readFileSync(join(directory, name.replace(/md$/, 'org')), 'utf8')
    expect(`${convertToOrg(markdown)}\n`).toBe(org)
    expect(`${convertToOrg(markdown.replaceAll('\n', '\r\n'))}\n`).toBe(org)
  })

  test('relative links start from the base', () => {
    expect(convertToOrg('[a](b/c.ts#L3) [d](/e) [f](~/g)', '/home/me/')).toBe(
      '[[file:/home/me/b/c.ts::3][a]] [[file:/e][d]] [[file:~/g][f]]',
    )
  })

  test('what is too long to be a message is shown as it is', () => {
    const long = '*a*\n'.repeat(60_000)
    expect(convertToOrg(long)).toStartWith('#+BEGIN_EXAMPLE\n,*a*\n')
  })
})
