import type { Intent } from './plan.ts'
import { readPage } from './results.ts'
import { callOnce, code, failure, plural, type Script } from './script.ts'

type Of<D extends Intent['do']> = Extract<Intent, { do: D }>

export const create = ({ path, content }: Pick<Of<'create'>, 'path' | 'content'>): Script =>
  callOnce(
    { tool: 'write_file', params: { path, content } },
    {
      before: `Creating ${code(path)}.`,
      after: () =>
        content === ''
          ? `${code(path)} is there now, and empty.`
          : `${code(path)} is written: ${plural(content.split('\n').length - (content.endsWith('\n') ? 1 : 0), 'line')}.`,
      failed: `${code(path)} was not written`,
    },
  )

export const edit = ({ path, old, new: text, all }: Of<'edit'>): Script =>
  callOnce(
    { tool: 'edit_file', params: { path, old, new: text, ...(all && { replace_all: true }) } },
    {
      before: `Editing ${code(path)}.`,
      after: () =>
        text === ''
          ? `${code(old)} is gone from ${code(path)}.`
          : `In ${code(path)}, ${code(old)} is now ${code(text)}.`,
      failed: `${code(path)} was not changed`,
    },
  )

const MAX_PAGES = 10

/**
 * There is no tool that appends: the last lines of the file, as many as it takes to be found once, are replaced by
 * themselves and the new text. So the file keeps its final newline, or its lack of one.
 */
export function* append({ path, content }: Of<'append'>): Script {
  const lines: string[] = []
  let offset: number | undefined = 1
  for (let page = 0; offset !== undefined; page++) {
    if (page === MAX_PAGES)
      return { text: `${code(path)} is too long for me to append to. A shell command can.`, failed: true }
    const params = { path, ...(offset > 1 && { offset }) }
    const [outcome] = yield {
      text: page === 0 ? `Reading the end of ${code(path)}.` : '',
      calls: [{ tool: 'read_file', params }],
    }
    if (outcome?.facts?.error?.details?.missing) break
    if (!outcome || outcome.is_error) return { text: failure(`${code(path)} could not be read`, outcome), failed: true }
    const read = readPage(outcome)
    lines.push(...read.lines)
    offset = read.next
  }
  if (lines.length === 0) return yield* create({ path, content: content.endsWith('\n') ? content : `${content}\n` })
  const old = ending(lines)
  return yield* callOnce(
    { tool: 'edit_file', params: { path, old, new: `${old}\n${content.replace(/\n$/, '')}` } },
    {
      before: `Appending to ${code(path)}.`,
      after: () => `${code(path)} now ends with ${code(content)}.`,
      failed: `${code(path)} was not changed`,
    },
  )
}

/** The fewest last lines that are found once in the whole, and are not blank. */
function ending(lines: string[]): string {
  const text = lines.join('\n')
  for (let count = 1; count < lines.length; count++) {
    const end = lines.slice(-count).join('\n')
    if (end.trim() !== '' && text.indexOf(end) === text.length - end.length) return end
  }
  return text
}
