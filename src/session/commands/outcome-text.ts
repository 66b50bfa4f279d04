import type { Outcome } from '../../undo/outcome.ts'

/** What undo or redo did, in a sentence for each kind. */
export function outcomeText(did: string, { restored, refused }: Outcome): string {
  const done = restored.map(({ path, change }) => `${path} (${change})`)
  const left = refused.map(({ path, reason }) => `${path}: ${reason}`)
  return [`${did}: ${done.join(', ') || 'nothing'}.`, ...(left.length > 0 ? [`Left as they are:`, ...left] : [])].join(
    '\n',
  )
}
