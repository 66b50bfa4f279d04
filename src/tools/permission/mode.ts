import { isInside } from '../paths.ts'
import { inProject, type Subject } from './binding.ts'
import type { Policy, Verdict } from './policy.ts'
import { isSensitive } from './sensitive.ts'
import type { Warning } from './warning.ts'

/** The file tools that edit. `delete_file` is none of them: a person decides what is deleted. */
const EDITS = new Set(['write_file', 'edit_file', 'create_directory', 'copy_file', 'move_file', 'review_edits'])

/** In `plan` the session only reads, even if its agent and the rules allow more. */
export function refuseByMode({ effect }: Subject, { mode }: Policy): Verdict | undefined {
  if (mode !== 'plan' || effect.level === 'read') return
  const reason =
    'The session is in the mode plan, which only reads. Say what you would do; the user can switch to another mode.'
  return { decision: 'deny', by: 'config', reason }
}

/** What the mode allows where no rule decides and no danger is known. */
export function allowByMode(subject: Subject, { word }: Warning, { mode, project }: Policy): Verdict | undefined {
  if (word !== undefined) return
  const { tool, effect, touched } = subject
  const isEdit = mode === 'accept-edits' && EDITS.has(tool) && effect.writes.length > 0
  const isOpen = (path: string) => isInside(path, project) && !isSensitive(inProject(path, project))
  if (!isEdit || !touched.every(isOpen)) return
  return { decision: 'allow', by: 'config', reason: 'The mode is accept-edits.', if_undoable: true }
}
