import { expect, jest, test } from 'bun:test'
import type { EditorRequest } from '../../src/event.ts'
import { createEditor } from '../../src/session/editor.ts'
import { readText } from '../../src/tools/editor/answer.ts'

const plain = { value: <T>(value: T): T => value, stream: () => ({ push: (piece: string) => piece, flush: () => '' }) }

function open() {
  const sent: EditorRequest[] = []
  const editor = createEditor(event => void sent.push(event), plain)
  editor.attach('Test', ['describe', 'compile'])
  const ask = (more: object = {}, signal = new AbortController().signal) =>
    editor.current!.ask({ tool: 'compile', params: {}, parse: readText, timeout_ms: 30_000, ...more }, signal)
  return { sent, editor, ask }
}

test('progress starts the time anew, and is sent on', async () => {
  jest.useFakeTimers()
  try {
    const { sent, editor, ask } = open()
    const heard: unknown[] = []
    const asked = ask({ timeout_ms: 1000, progress: (...said: unknown[]) => void heard.push(said) })
    asked.catch(() => {})
    const [{ request_id }] = sent as [EditorRequest]
    for (let i = 0; i < 5; i++) {
      jest.advanceTimersByTime(900)
      editor.answer(request_id, { progress: { message: 'on it', output: 'x' } })
    }
    expect(heard).toHaveLength(5)
    expect(heard[0]).toEqual(['on it', 'x'])
    jest.advanceTimersByTime(1100)
    expect(() => editor.answer(request_id, { result: 'late' })).toThrow('No request with this id')
    await expect(asked).rejects.toMatchObject({ code: 'TIMEOUT' })
  } finally {
    jest.useRealTimers()
  }
})

test('a registration in place of another leaves requests open; none ends them', async () => {
  const { sent, editor, ask } = open()
  const [first, second] = [ask(), ask()]
  editor.attach('Other', ['hover'])
  expect(editor.current).toMatchObject({ name: 'Other' })
  expect(editor.current!.answers('compile')).toBe(false)
  editor.answer(sent[0]!.request_id, { result: 'done' })
  expect(await first).toBe('done')
  editor.detach()
  await expect(second).rejects.toMatchObject({ code: 'TOOL_FAILED' })
  expect(editor.current).toBeUndefined()
})

test('an abort ends a request, and one that is aborted already is never sent', async () => {
  const { sent, ask } = open()
  const abort = new AbortController()
  const asked = ask({}, abort.signal)
  abort.abort(new Error('interrupted'))
  await expect(asked).rejects.toThrow('interrupted')
  expect(() => ask({}, abort.signal)).toThrow('interrupted')
  expect(sent).toHaveLength(1)
})

test('requests are kept for streams until they are answered', () => {
  const { sent, editor, ask } = open()
  ask().catch(() => {})
  expect(editor.unanswered()).toEqual(sent)
  editor.answer(sent[0]!.request_id, { result: 'done' })
  expect(editor.unanswered()).toEqual([])
})

test('it is detached once no stream has been open for a second, and not before', async () => {
  jest.useFakeTimers()
  try {
    const { editor, ask } = open()
    jest.advanceTimersByTime(5000) // it registered before it follows
    const [first, second] = [editor.opened(), editor.opened()]
    const asked = ask()
    asked.catch(() => {})
    first()
    jest.advanceTimersByTime(5000)
    second()
    jest.advanceTimersByTime(900)
    const back = editor.opened()
    jest.advanceTimersByTime(900)
    expect(editor.current?.name).toBe('Test')
    back()
    jest.advanceTimersByTime(1100)
    expect(editor.current).toBeUndefined()
    await expect(asked).rejects.toMatchObject({ code: 'TOOL_FAILED' })
  } finally {
    jest.useRealTimers()
  }
})
