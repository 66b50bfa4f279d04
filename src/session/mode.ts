import { AppError } from '../base/errors.ts'
import { MODES } from '../event/parts.ts'
import type { Mode } from '../event.ts'
import type { Availability } from '../tools/sandbox/sandbox.ts'

/** The mode of that name. Throws INVALID_REQUEST that names those there are. */
export function readMode(name: string): Mode {
  const mode = MODES.find(known => known === name)
  if (mode) return mode
  throw new AppError('INVALID_REQUEST', `mode: expected ${MODES.slice(0, -1).join(', ')} or ${MODES.at(-1)}.`)
}

/** What isolates commands in the session, or why nothing does. */
type Has = () => Promise<Availability>

/** Whether the session has what the mode needs. */
export const canHave = async (mode: Mode, has: Has): Promise<boolean> =>
  mode !== 'sandboxed' || (await has()).launcher !== null

/** Throws INVALID_REQUEST for a mode that the session cannot have. */
export async function checkMode(mode: Mode | undefined, has: Has): Promise<void> {
  const found = mode === 'sandboxed' ? await has() : undefined
  if (found?.launcher === null)
    throw new AppError('INVALID_REQUEST', `config.mode: \`sandboxed\` needs a sandbox. ${found.reason}`)
}
