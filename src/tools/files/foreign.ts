import { AppError } from '../../base/errors.ts'
import { keepLines, openForeign } from '../foreign.ts'
import { encodingOf } from '../text.ts'
import { type Replacement, replaced } from './match.ts'
import { explainNotFound, lineAt } from './not-found.ts'

const NOTE = 'The file is not UTF-8: \uFFFD stands for bytes of it that are not'

/**
 * An edit of a file that is not UTF-8, as bytes, so that all others stay as they are. Whole lines may hold U+FFFD, as the model
 * sees them: those that are among the new ones keep their bytes. Throws TOOL_FAILED for a place that may lie inside a
 * character, and for text that would bring a second encoding into the file.
 */
export function editedForeign(params: Replacement, bytes: Uint8Array) {
  if (encodingOf(bytes) !== 'utf-8')
    throw new AppError(
      'TOOL_FAILED',
      'The file begins as UTF-16 and does not go on as such: it cannot be edited as text.',
    )
  const file = openForeign(bytes)
  const { shown } = file
  if (params.old.includes('\uFFFD')) {
    const { result, ...where } = replaced(shown, params, { check: (at, end) => requireWholeLines(shown, at, end) })
    return { ...where, after: keepLines(result, bytes) }
  }
  const old = file.spell(params.old)
  if (old === null)
    throw new AppError(
      'TOOL_FAILED',
      `${explainNotFound(shown, params.old, params.new)}\n${NOTE}. Take ASCII parts of it.`,
    )
  const now = params.new.includes('\uFFFD') ? null : file.spell(params.new)
  if (now === null)
    throw new AppError(
      'TOOL_FAILED',
      `${NOTE}, and its encoding is unknown, so that only ASCII can be put into it. Leave other characters out, or convert the file first (iconv).`,
    )
  const check = (at: number) => {
    if (!file.isDoubtful(at)) return
    const line = lineAt(file.text, at)
    throw new AppError(
      'TOOL_FAILED',
      `${NOTE}. On line ${line}, old may begin inside a character of several bytes: add what stands before it, or give whole lines.`,
    )
  }
  const { result, ...where } = replaced(file.text, { ...params, old, new: now }, { shown, check })
  return { ...where, after: file.close(result) }
}

function requireWholeLines(text: string, at: number, end: number): void {
  const isStart = at === 0 || text[at - 1] === '\n'
  if (isStart && (end === text.length || text[end - 1] === '\n' || /^\r?\n/.test(text.slice(end, end + 2)))) return
  throw new AppError('TOOL_FAILED', `${NOTE}. An old that holds it has to be whole lines; or take ASCII parts.`)
}
