import { describe, expect, test } from 'bun:test'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { countTokens as cl100k } from 'gpt-tokenizer/encoding/cl100k_base'
import { countTokens as o200k } from 'gpt-tokenizer/encoding/o200k_base'
import { looksCut, windowBehind } from '../../src/agent/truncation.ts'
import type { ModelMessage } from '../../src/llm/provider.ts'

import { PAGES } from '../../src/manual/pages.ts'

const user = (text: string, images?: { media_type: string; data: string }[]): ModelMessage => ({
  role: 'user',
  text,
  ...(images && { images }),
})
const assistant = (text: string, model = 'local/m'): ModelMessage => ({
  role: 'assistant',
  text,
  tool_calls: [],
  model,
})
const result = (content: string): ModelMessage => ({
  role: 'tool',
  tool_call_id: 'tc_1',
  tool: 'read_file',
  content,
  is_error: false,
})
const source = (file: string) => readFileSync(join(import.meta.dir, '../../src', file), 'utf8')
const code = source('llm/models/models.ts') + source('session/session.ts') + source('llm/openai/openai-reader.ts')
const prose = Object.values(PAGES).join('\n')
const much = code + prose.repeat(5)
const tokens = o200k(much)
const png = [{ media_type: 'image/png', data: 'A'.repeat(1_000) }]

describe('a prompt that its server cut', () => {
  test.each<[string, ModelMessage[], number, boolean]>([
    ['counted as it is', [user(much)], tokens, false],
    ['counted with a template around it', [user(much)], tokens + 3_000, false],
    ['not counted at all', [user(much)], 0, false],
    ['half of a window of 16,384', [user(much)], 8_194, true],
    ['half of a window of 4,096', [user(much)], 2_050, true],
    ['the same at the end of a long conversation', [user(much), assistant('Well.'), user('And?')], 2_050, true],
    ['the same with a long result', [user('Go'), assistant(''), result(much)], 2_050, true],
    ['a short prompt', [user('Hello there')], 1, false],
    ['spaces, of which many are one token', [user(' '.repeat(100_000))], 900, false],
    ['one sign many times', [user('='.repeat(100_000))], 1_600, false],
    ['one letter many times', [user('a'.repeat(100_000))], 12_500, false],
    ['base64', [user(Buffer.alloc(60_000, 7).toString('base64'))], 30_000, false],
    ['an image and few words', [user('What is this?', png)], 1_200, false],
    ['Chinese', [user('这是一个很长的中文段落。'.repeat(2_000))], 14_000, false],
    ['Thai, which has no spaces', [user('ภาษาไทยไม่มีช่องว่าง'.repeat(2_000))], 16_000, false],
    ['only what was not cached', [user(much), assistant('Well.'), user('And?')], 12, false],
    ['only what was not cached: a result', [user(much), assistant(''), result(code)], o200k(code) + 20, false],
    ['only what was not cached: nothing', [user(much), assistant('Well.'), user('And?')], 1, false],
    ['only what was not cached: an image', [user(much), assistant('Well.'), user('And?', png)], 1_800, false],
    ['what another model had seen is not cached', [user(much), assistant('Well.', 'a/b'), user('And?')], 2_050, true],
  ])('%s', (_, messages, counted, cut) => expect(looksCut(messages, 'local/m', counted)).toBe(cut))

  test('nobody is accused who counts right, whatever the text and the tokenizer', () => {
    const line = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 40 }),
      fc.constantFrom(...code.split('\n')),
      fc.lorem(),
    )
    fc.assert(
      fc.property(fc.array(line, { minLength: 100, maxLength: 200 }), lines => {
        const text = lines.join('\n').repeat(4)
        for (const count of [cl100k, o200k]) expect(looksCut([user(text)], 'local/m', count(text))).toBe(false)
      }),
      { numRuns: 100 },
    )
  })

  test('nor for any of our own files', () => {
    const folder = join(import.meta.dir, '../../src/llm')
    for (const file of readdirSync(folder).filter(name => name.endsWith('.ts'))) {
      const text = readFileSync(join(folder, file), 'utf8').repeat(3)
      for (const count of [cl100k, o200k]) expect(looksCut([user(text)], 'local/m', count(text))).toBe(false)
    }
  })

  test.each([
    [2_050, 4_096],
    [16_386, 32_768],
    [3_974, 4_096],
    [700, 2_048],
  ])('%i tokens counted tell of a window of %i', (counted, window) => expect(windowBehind(counted)).toBe(window))
})
