/** What was typed where a decision was asked for. Nothing is decided by an empty line, or by words that are none of these. */
export type Decision =
  | { kind: 'approve'; remember?: 'session' | 'project' }
  | { kind: 'reject'; reason?: string }
  | { kind: 'edit' | 'hunks' | 'explain' | 'unclear' }

export function readDecision(typed: string): Decision {
  const no = readNo(typed)
  if (no) return { kind: 'reject', ...(no.reason && { reason: no.reason }) }
  switch (typed.trim().toLowerCase()) {
    case 'y':
    case 'yes':
    case 'a': // as in Emacs
    case 'approve':
      return { kind: 'approve' }
    case 's':
    case 'session':
      return { kind: 'approve', remember: 'session' }
    case 'p':
    case 'project':
      return { kind: 'approve', remember: 'project' }
    case 'e':
    case 'edit':
      return { kind: 'edit' }
    case 'h':
    case 'hunks':
      return { kind: 'hunks' }
    default:
      return { kind: isExplain(typed) ? 'explain' : 'unclear' }
  }
}

export const isYes = (typed: string): boolean => /^\s*y(es)?\s*$/i.test(typed)
export const isExplain = (typed: string): boolean => /^\s*(\?|help)\s*$/i.test(typed)

/** `n`, `no`, `n because …`, `No, rather …`, and as in Emacs `r`, `reject …`; null when it is no refusal. */
export function readNo(typed: string): { reason: string } | null {
  const found = /^\s*(?:no?|r|reject)(?:$|[\s,;:.!]+([\s\S]*)$)/i.exec(typed)
  return found && { reason: found[1]?.trim() ?? '' }
}
