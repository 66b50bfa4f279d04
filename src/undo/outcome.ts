import type { Storable } from '../event.ts'

/** What undo is asked for and answers; the same in HTTP, the terminal and Emacs (the contract, "What the newer issues add"). */

/** `created` means that undo put something where nothing was. Paths are as events have them: below the project, else absolute. */
type Restored = { path: string; change: 'created' | 'modified' | 'deleted' }

/** `diff`: what stood after the call, what stood before it and what stands now, where these are texts. */
export type Refused = { path: string; reason: string; diff?: string }

/** `undo_id` is null for a dry run. */
export type Outcome = { undo_id: string | null; restored: Restored[]; refused: Refused[] }

/** Which changes: of a turn, of a call, to these paths, or single hunks of `changes[].diff`. Nothing: of the last turn that changed something and is not undone. */
export type UndoRequest = {
  turn_id?: string
  tool_call_id?: string
  paths?: string[]
  hunks?: { path: string; diff: string }[]
  /** Answers what would be done, and does nothing. */
  dry_run?: boolean
}

/** The net change to a file over the session, or since a turn or an event. `mode` is there when it changed. */
export type NetChange = {
  path: string
  from?: string
  change: 'created' | 'modified' | 'deleted'
  added: number
  removed: number
  diff?: string
  mode?: { before: string | null; after: string | null }
  calls: string[]
  state: 'current' | 'edited_since' | 'not_undoable'
}

/** The files of one session, forth and back. All but `changes` throw SESSION_BUSY while a turn runs. */
export type Undoing = {
  /** `since`: a turn, itself included, or the id of an event, that one excluded. Throws NOT_FOUND for an unknown turn. */
  changes(since?: string | number): Promise<NetChange[]>
  /** Throws NOTHING_TO_UNDO, NOT_FOUND for an unknown turn, INVALID_TOOL_CALL for an unknown call. */
  undo(request: UndoRequest): Promise<Outcome>
  /** Without an id: the last undo that is not redone. Throws NOTHING_TO_UNDO, NOT_FOUND. */
  redo(undo_id?: string): Promise<Outcome>
  /**
   * Undoes all that was changed after the event `to_event_id`, also by turns that were rewound before, as one `undo` event of
   * kind `rewind` when there is something. `also` is appended right before that event, or alone; after a kill and a resume
   * both the files and the events are there, or none of it. To be called within `turns.alone`.
   */
  rewind(turn_id: string, to_event_id: number, also: Storable[]): Promise<Omit<Outcome, 'undo_id'>>
}
