import { EFFORTS } from '../event/parts.ts'
import type { Effort } from '../event.ts'
import type { ModelInfo } from './provider.ts'

/**
 * The effort that a model is asked for: the one wanted where it has it or where nobody knows which it has, else the nearest,
 * of two the lower. Thinking is turned off only where `none` is wanted. Undefined for a model that cannot be asked.
 */
export function effortFor({ efforts }: ModelInfo, wanted: Effort | undefined): Effort | undefined {
  if (!wanted || !efforts || efforts.includes(wanted)) return wanted
  const at = EFFORTS.indexOf(wanted)
  const distance = (effort: Effort) => Math.abs(EFFORTS.indexOf(effort) - at)
  const [nearest] = efforts.filter(effort => effort !== 'none').sort((a, b) => distance(a) - distance(b))
  return nearest
}
