import { randomBytes, randomUUID } from 'node:crypto'

export const newSessionId = (): string => randomUUID()

/** `tc_k3v9…`: 12 random letters and digits behind a prefix that names the kind. */
export const newId = (
  kind: 'tc' | 'turn' | 'msg' | 'q' | 'job' | 'rule' | 'undo' | 'er' | 'acp' | 'wt' | 'mc',
): string => `${kind}_${Array.from(randomBytes(12), byte => ALPHABET[byte % 32]).join('')}`

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567'
