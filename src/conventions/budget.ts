import { tokensIn } from '../base/tokens.ts'
import type { Instruction, Remark } from './instructions.ts'

/** Less of a file than this many tokens says nothing. */
const LEAST = 60

type Fitted = { text: string; tokens: number; remarks: Remark[] }

/**
 * The files as a model reads them, within `budget` tokens. The longest give way: each file gets as much as there is for all
 * of them, and the beginning of a longer one is kept to a whole line. What does not fit is named in the text, and to the
 * person in `remarks`. `tokens` is what the files themselves take.
 */
export function fitInstructions(files: readonly Instruction[], budget: number): Fitted {
  if (files.length === 0) return { text: '', tokens: 0, remarks: [] }
  const shares = shareOut(files, budget)
  const remarks: Remark[] = []
  const missing: string[] = []
  let tokens = 0
  const parts = files.flatMap(file => {
    const { text, line } = beginningOf(file, shares.get(file)!)
    if (text !== '') tokens += tokensIn(text)
    if (line === null) return [rendered(file.shown, text)]
    const what = text === '' ? 'is left out' : `is left out from line ${line} on`
    remarks.push({
      code: 'INSTRUCTIONS_CUT',
      path: file.shown,
      line,
      message: `${file.shown}:${line} ${what}: instructions may take ${budget} tokens (instructions_budget).`,
    })
    missing.push(`${file.shown} from line ${line} on`)
    return text === '' ? [] : [rendered(file.shown, text)]
  })
  if (missing.length > 0) parts.push(`Not shown for want of room, read it when it matters: ${missing.join('; ')}.`)
  return { text: parts.join('\n\n'), tokens, remarks }
}

const rendered = (shown: string, text: string) =>
  `<instructions from="${shown}">\n${text.replace(/\n{3,}/g, '\n\n').trim()}\n</instructions>`

/** Max-min fair: nobody gets more than it needs, and nobody goes short while another has more. */
function shareOut(files: readonly Instruction[], budget: number): Map<Instruction, number> {
  const shares = new Map<Instruction, number>()
  const byNeed = files.map(file => ({ file, need: tokensIn(file.text) })).sort((a, b) => a.need - b.need)
  let left = budget
  for (const [index, { file, need }] of byNeed.entries()) {
    const share = Math.min(need, Math.floor(left / (byNeed.length - index)))
    shares.set(file, share)
    left -= share
  }
  return shares
}

/** `line` is the first that is left out; null when none is. */
function beginningOf({ text, isWhole }: Instruction, share: number): { text: string; line: number | null } {
  const lines = text.split('\n')
  if (isWhole && tokensIn(text) <= share) return { text, line: null }
  if (share < LEAST) return { text: '', line: 1 }
  let kept = 0
  for (let tokens = 0; kept < lines.length; kept++) {
    tokens += tokensIn(`${lines[kept]}\n`)
    if (tokens > share) break
  }
  return { text: lines.slice(0, kept).join('\n'), line: kept + 1 }
}
