import { expect, test } from 'bun:test'
import { orgBold } from '../../src/org/inlines.ts'

const bold = (base: string) => orgBold('see [x](a.ts)', { base, links: new Map() })

test('a link within bold words stays within them', () => {
  expect(bold('/p')).toBe('*see [[file:/p/a.ts][x]]*')
})

test('a mark in the path of the project is no end of the emphasis around a link to it: there is no emphasis then', () => {
  expect(bold('/p* q')).toBe('see [[file:/p* q/a.ts][x]]')
})
