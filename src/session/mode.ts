import { AppError } from '../base/errors.ts'
import { MODES } from '../event/parts.ts'
import type { Mode } from '../event.ts'

/** The mode of that name. Throws INVALID_REQUEST that names those there are. */
export function readMode(name: string): Mode {
  const mode = MODES.find(known => known === name)
  if (mode) return mode
  throw new AppError('INVALID_REQUEST', `mode: expected ${MODES.slice(0, -1).join(', ')} or ${MODES.at(-1)}.`)
}

/** Whether this machine has what the mode needs. */
export const canHave = async (mode: Mode): Promise<boolean> => mode !== 'sandboxed' || (await hasSandbox())

/** Throws INVALID_REQUEST for a mode that this machine cannot have. */
export async function checkMode(mode: Mode | undefined): Promise<void> {
  if (mode && !(await canHave(mode)))
    throw new AppError('INVALID_REQUEST', 'config.mode: there is no sandbox here, so `sandboxed` cannot be had.')
}

const hasSandbox = async (): Promise<boolean> => false
