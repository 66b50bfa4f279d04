import { isDeepStrictEqual } from 'node:util'
import { AppError } from '../base/errors.ts'
import type { Params } from '../event.ts'
import type { Tool } from '../tools/tool.ts'

type Landing = Pick<Tool, 'name' | 'category' | 'effect' | 'run'> & {
  params: Params
  /** Why its params cannot be others. */
  fixed: string
}

/**
 * A tool that writes work which is done, after a person decided about its files. No model is offered it. It is looked at again
 * before and after it is approved, as any other, and takes no other params than it was announced with.
 */
export const landingTool = ({ params, fixed, ...tool }: Landing): Tool => ({
  ...tool,
  description: '',
  parameters: {},
  level: 'write',
  divisible: true,
  parse(given) {
    if (isDeepStrictEqual(given, params)) return given
    throw new AppError('INVALID_PARAMS', fixed)
  },
})
