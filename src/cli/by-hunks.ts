import type { Stored, ToolCallAnnounced } from '../event.ts'
import type { Session } from '../session/session.ts'
import type { FileDecision } from '../tools/files/change.ts'
import type { Answer, Present } from './approve.ts'
import { filesOf, isByFile, isWhole, type Parts, showHunk, type Whole } from './hunks.ts'
import { colourDiff, inert } from './terminal.ts'
import { isExplain, isYes, readNo } from './words.ts'

type Say = (text: string) => 'again'

/** Goes through the hunks of what the call would write, and through the files that have none, one after another. */
export async function byHunks(
  call: Stored<ToolCallAnnounced>,
  session: Session,
  asking: Present,
  over: AbortSignal,
  say: Say,
): Promise<Answer> {
  const files = await filesOf(call, session.state.project_path)
  if (typeof files === 'string') return say(`This call cannot be approved in parts: ${files}.`)
  const decided: FileDecision[] = []
  let kept = 0
  for (const file of files) {
    const decision = await decideFile(file, asking, over, say)
    if (decision === 'again') return say('Nothing is decided yet.')
    if (decision === 'none') {
      decided.push({ path: file.path })
      continue
    }
    kept++
    if (decision !== 'all') decided.push({ path: file.path, content: decision.content })
  }
  if (kept === 0) return { reject: 'Every hunk was refused.' }
  if (decided.length === 0) return {}
  return isByFile(call) ? { files: decided } : { content: decided[0]!.content }
}

/** What is kept of a file; `again` to go back to the whole call. */
async function decideFile(
  file: Parts | Whole,
  { keyboard, style, line }: Present,
  over: AbortSignal,
  say: Say,
): Promise<'all' | 'none' | 'again' | { content: string }> {
  line(`  ${style.bold(inert(file.path))}`)
  const parts = isWhole(file) ? [file.diff.trimEnd()] : file.hunks.map(showHunk)
  const kept: number[] = []
  for (const [i, part] of parts.entries()) {
    line(colourDiff(part, style))
    const what = isWhole(file) ? 'The whole file?' : `Hunk ${i + 1} of ${parts.length}?`
    for (;;) {
      const typed = await keyboard.ask(`  ${style.bold(what)} [y]es, [n]o, [q]uit: `, over)
      if (typed === null || /^\s*q(uit)?\s*$/i.test(typed)) return 'again'
      if (isYes(typed)) kept.push(i)
      else if (!readNo(typed)) {
        say(isExplain(typed) ? 'y keeps this hunk, n leaves it out, q goes back to the whole call.' : 'y, n or q.')
        continue
      }
      break
    }
  }
  if (kept.length === 0) return 'none'
  if (isWhole(file) || kept.length === parts.length) return 'all'
  return { content: file.withHunks(kept.map(i => file.hunks[i]!)) }
}
