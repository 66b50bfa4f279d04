import { describe, expect, test } from 'bun:test'
import { createFit, type Fit } from '../../src/agent/context.ts'
import { keyOf } from '../../src/agent/images.ts'
import { createRecovery } from '../../src/agent/recovery.ts'
import { LlmError } from '../../src/llm/errors.ts'
import type { Image, LlmErrorCode, ModelMessage, ModelRequest } from '../../src/llm/provider.ts'

const image = (data: string): Image => ({ media_type: 'image/png', data })
const [OLD, NEW, NEWER] = ['old', 'new', 'newer'].map(image) as [Image, Image, Image]
const user = (text: string, ...images: Image[]): ModelMessage => ({ role: 'user', text, images })
const said: ModelMessage = { role: 'assistant', text: 'Yes.', tool_calls: [], model: 'test/m' }
const requestOf = (...messages: ModelMessage[]): ModelRequest => ({ model: 'test/m', system: '', messages, tools: [] })
const refused = (words: string, code: LlmErrorCode = 'LLM_INVALID_REQUEST', http_status = 400) =>
  new LlmError(code, words, { words, http_status })
const keys = (...images: Image[]) => new Set(images.map(keyOf))

describe('a request with images that is refused', () => {
  const history = requestOf(user('See', OLD), said, user('And these', NEW, NEWER))

  test('is sent without the newest ones, then without any, whatever the words are', () => {
    const recovery = createRecovery(createFit())
    expect(recovery.next(refused('no'), history)).toBe('images')
    expect(recovery.need.without).toEqual(keys(NEW, NEWER))
    expect(recovery.next(refused('no'), history)).toBe('images')
    expect(recovery.need.without).toEqual(keys(OLD, NEW, NEWER))
    expect(recovery.next(refused('no'), history)).toBeUndefined()
    // Without them it failed as well: nothing is held against them.
    expect(recovery.need.without).toEqual(keys())
    expect(recovery.refusal).toBeUndefined()
  })

  test('never loses those that the model took before', () => {
    const fit = createFit()
    createRecovery(fit).accepted(requestOf(user('See', OLD)))
    const recovery = createRecovery(fit)
    expect(recovery.next(refused('no'), history)).toBe('images')
    expect(recovery.need.without).toEqual(keys(NEW, NEWER))
    expect(recovery.next(refused('no'), history)).toBeUndefined()
  })

  test('that the model took, all of them, is sent without them only if the words are about images', () => {
    const fit = createFit()
    createRecovery(fit).accepted(history)
    expect(createRecovery(fit).next(refused('a tool is wrong'), history)).toBeUndefined()
    expect(createRecovery(fit).next(refused('too many images'), history)).toBe('images')
  })

  test('of which all stand in older messages, after a resume or for another model', () => {
    const recovery = createRecovery(createFit())
    const older = requestOf(user('See', OLD), said, user('And this', NEW), said, user('Hello'))
    expect(recovery.next(refused('Could not process image'), older)).toBe('images')
    expect(recovery.need.without).toEqual(keys(NEW))
    expect(recovery.next(refused('Could not process image'), older)).toBe('images')
    expect(recovery.need.without).toEqual(keys(OLD, NEW))
  })

  test.each<[string, LlmError]>([
    ['a key', refused('Invalid key', 'LLM_AUTH', 401)],
    ['a limit', refused('Slow down', 'LLM_RATE_LIMIT', 429)],
    ['the network', refused('', 'LLM_UNREACHABLE', 0)],
    ['a full window', refused('prompt is too long', 'LLM_CONTEXT_LENGTH')],
  ])('for a reason of its own keeps its images: %s', (_, error) => {
    const recovery = createRecovery(createFit())
    expect(recovery.next(error, history)).not.toBe('images')
    expect(recovery.need.without).toEqual(keys())
  })

  test('for their number keeps as many as it may have', () => {
    const fit = createFit()
    const recovery = createRecovery(fit)
    expect(recovery.next(refused('At most 2 images'), history)).toBe('images')
    expect([...fit.most_images]).toEqual([['test/m', 2]])
    expect(recovery.need.without).toEqual(keys())
  })

  test('by a gateway for its size goes without them, where they are most of it', () => {
    const large = requestOf(user('See', image('A'.repeat(10_000))))
    const error = refused('Request Entity Too Large', 'LLM_CONTEXT_LENGTH', 413)
    expect(createRecovery(createFit()).next(error, large)).toBe('images')
    const long = requestOf(user('word '.repeat(5_000), NEW))
    expect(createRecovery(createFit()).next(error, long)).toBe('room')
  })
})

describe('a request that is refused for its length', () => {
  const request = requestOf(user('Go'))
  const fitOf = (accepted: number | undefined, sent: number): Fit => {
    const fit = createFit()
    fit.sent = sent
    if (accepted !== undefined) fit.accepted.set('test/m', accepted)
    return fit
  }

  test('is made shorter, three times', () => {
    const recovery = createRecovery(createFit())
    const full = refused('prompt is too long', 'LLM_CONTEXT_LENGTH')
    expect([1, 2, 3, 4].map(() => recovery.next(full, request))).toEqual(['room', 'room', 'room', undefined])
  })

  test.each<[string, number | undefined, number, string, 'room' | undefined]>([
    ['much longer than the last one', 10_000, 14_000, 'Bad request', 'room'],
    ['as long as the last one', 10_000, 10_500, 'Bad request', undefined],
    ['short', 100, 900, 'Bad request', undefined],
    ['longer, but for a named reason', 10_000, 30_000, 'tools.3: unknown field', undefined],
    ['the first one, without a word', undefined, 9_000, '', 'room'],
    ['the first one, with words', undefined, 9_000, 'Bad request', undefined],
  ])('without saying so: %s', (_, accepted, sent, words, way) => {
    expect(createRecovery(fitOf(accepted, sent)).next(refused(words), request)).toBe(way as never)
  })

  test('by a guess that does not help ends in the words of the provider', () => {
    const recovery = createRecovery(fitOf(10_000, 20_000))
    const first = refused('Bad request')
    recovery.next(first, request)
    expect(recovery.final(refused('it is too long', 'LLM_CONTEXT_LENGTH'))).toBe(first)
    const other = refused('Slow down', 'LLM_RATE_LIMIT', 429)
    expect(recovery.final(other)).toBe(other)
  })
})
