/** What a sentence asks for. Paths as written; `''` is a "this file" of an editor that named none. */
export type Intent =
  | { do: 'tour' }
  | { do: 'help'; greeting?: true }
  | { do: 'list'; path: string }
  | { do: 'read'; paths: string[] }
  | { do: 'grep'; text: string; path?: string }
  | { do: 'find'; glob: string; path?: string }
  | { do: 'create'; path: string; content: string }
  | { do: 'mkdir'; path: string }
  | { do: 'append'; path: string; content: string }
  | { do: 'edit'; path: string; old: string; new: string; all: boolean }
  | { do: 'delete'; path: string }
  | { do: 'move' | 'copy'; from: string; to: string }
  | { do: 'run'; command: string }
  | { do: 'test' }
  | { do: 'status' }
  | { do: 'diff'; staged: boolean; path?: string }
  | { do: 'log'; limit: number }
  | { do: 'branches' }
  | { do: 'branch'; name: string }
  | { do: 'commit'; message: string; all: boolean }
  | { do: 'push' }
  | { do: 'plan'; goal: string }
  /** Understood, but for something that only the person can tell. */
  | { do: 'ask'; question: string }
  | { do: 'unknown'; text: string }
