import { afterEach, beforeEach, expect, test } from 'bun:test'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { editFileTool } from '../../../src/tools/files/edit.ts'
import { replaced } from '../../../src/tools/files/match.ts'
import { FUZZ_SEED } from '../../support/fuzz.ts'
import { createProject, type Project } from '../project.ts'

let project: Project
beforeEach(() => {
  project = createProject()
})
afterEach(() => project.remove())

/** The file as the edit would leave it, null where it is refused. */
async function edit(bytes: Uint8Array, params: { old: string; new: string; replace_all: boolean }) {
  writeFileSync(join(project.path, 'f'), bytes)
  try {
    const effect = await editFileTool.effect({ path: 'f', ...params }, project.context)
    return Buffer.from(effect.changes![0]!.after!)
  } catch (error) {
    expect(error).toMatchObject({ code: expect.stringMatching(/^(TOOL_FAILED|INVALID_PARAMS)$/) })
    return null
  }
}

const TOKENS = [
  'a',
  'b',
  'ab',
  '\n',
  '\n',
  'é',
  'e\u0301',
  '😀',
  '$&',
  '$1',
  '$$',
  ' ',
  '\t',
  '\\',
  '\\n',
  '\u2028',
  '日',
  '\r',
]
const texts = (tokens: string[], maxLength: number) =>
  fc.array(fc.constantFrom(...tokens), { maxLength }).map(tokens => tokens.join(''))

/** An `old` that is often there: a piece of the text, by characters. */
const pieceOf = (text: string, from: number, length: number) => [...text].slice(from, from + length).join('')

/** What an edit means, by the plainest means: null where it must be refused. */
function expected(text: string, old: string, now: string, all: boolean): string | null {
  if (old === '' || old === now) return null
  let times = 0
  for (let at = text.indexOf(old); at >= 0; at = text.indexOf(old, at + 1)) times++
  return times === 0 || (times > 1 && !all) ? null : text.split(old).join(now)
}

test('UTF-8, with and without a mark, of either line ends', async () => {
  const tokens = TOKENS.filter(token => token !== '\r')
  const cases = fc.tuple(
    texts(tokens, 30),
    fc.nat(30),
    fc.integer({ min: 1, max: 5 }),
    texts(tokens, 4),
    texts(tokens, 3),
  )
  await fc.assert(
    fc.asyncProperty(
      cases,
      fc.boolean(),
      fc.boolean(),
      fc.boolean(),
      fc.boolean(),
      async (of, all, crlf, bom, absent) => {
        const [text, from, length, now, other] = of
        const old = absent ? other : pieceOf(text, from, length)
        const written = (text: string) =>
          Buffer.from((bom ? '\uFEFF' : '') + (crlf ? text.replaceAll('\n', '\r\n') : text))
        fc.pre(old !== '')
        const want = expected(text, old, now, all)
        const style = !crlf || text.includes('\n') || !now.includes('\n')
        fc.pre(style) // a file of one line shows no style of its own
        expect(await edit(written(text), { old, new: now, replace_all: all })).toEqual(
          want === null ? null : written(want),
        )
      },
    ),
    { numRuns: 600, seed: FUZZ_SEED },
  )
})

test('mixed line ends: what stands around the edit stays, and the text becomes what was asked for', () => {
  const tokens = [...TOKENS, '\r\n', '\r\n', '\r\n']
  const cases = fc.tuple(texts(tokens, 30), fc.nat(30), fc.integer({ min: 1, max: 6 }), texts(['a', 'b', '\n', 'é'], 5))
  const plain = (text: string) => text.replaceAll('\r\n', '\n')
  fc.assert(
    fc.property(cases, ([text, from, length, now]) => {
      const old = pieceOf(plain(text), from, length)
      const want = old.includes('\r') || now === '' ? null : expected(plain(text), old, now, false)
      fc.pre(want !== null && !plain(text).includes('\r'))
      const { result } = replaced(text, { old, new: now })
      expect(plain(result)).toBe(want!)
      const at = plain(text).indexOf(old)
      const [head, tail] = [plain(text).slice(0, at), plain(text).slice(at + old.length)]
      const lines = (part: string) => part.split('\n').length - 1
      const ends = (text: string) => (text.match(/\r?\n/g) ?? []) as string[]
      expect(ends(result).slice(0, lines(head))).toEqual(ends(text).slice(0, lines(head)))
      expect(ends(result).slice(ends(result).length - lines(tail))).toEqual(
        ends(text).slice(ends(text).length - lines(tail)),
      )
      for (const end of ends(result)) expect(ends(text).length === 0 ? ['\n'] : ends(text)).toContain(end)
    }),
    { numRuns: 3_000, seed: FUZZ_SEED },
  )
})

test('bytes of any encoding: replaced exactly as bytes, or refused', async () => {
  const bytes = fc.array(
    fc.oneof(
      fc.constantFrom(
        'a',
        'b',
        '\\',
        '\n',
        'a=1',
        '\xe9',
        '\x95\\',
        '\x93\xfa',
        '\xc3\xa9',
        '\xa4\xa2',
        '\xef\xbb\xbf',
        '\uFFFD',
      ),
      fc.integer({ min: 1, max: 255 }).map(byte => String.fromCharCode(byte)),
    ),
    { minLength: 1, maxLength: 20 },
  )
  const olds = fc.constantFrom('a', 'b', '\\', 'a=1', '=', 'é', '1\n')
  await fc.assert(
    fc.asyncProperty(bytes, olds, fc.constantFrom('', 'c', 'é', '/'), fc.boolean(), async (parts, old, now, all) => {
      const file = Buffer.concat(
        parts.map(part => (part === '\uFFFD' ? Buffer.from(part) : Buffer.from(part, 'latin1'))),
      )
      fc.pre(!file.includes('\r'))
      const after = await edit(file, { old, new: now, replace_all: all })
      if (after === null) return
      const raw = (text: string) => Buffer.from(text).toString('latin1')
      expect(after.toString('latin1')).toBe(expected(file.toString('latin1'), raw(old), raw(now), all)!)
    }),
    { numRuns: 1_500, seed: FUZZ_SEED },
  )
})
