/** So long nothing must happen. */
const QUIET_MS = 10_000

export type Rest = {
  /** Something happens: rest begins again from here. */
  stir(): void
}

/**
 * Gives memory back when nothing has happened for ten seconds and nothing `isBusy`: garbage, and all code that the engine has
 * compiled, which is most of what a process holds after its first turns. What is needed again is compiled again, for some 40 ms
 * of processor time in the next turn. Only Bun lets us ask for it.
 */
export function createRest(isBusy: () => boolean): Rest {
  if (typeof Bun === 'undefined') return { stir() {} }
  let stirred = 0
  let timer: NodeJS.Timeout | undefined
  const look = () => {
    const left = isBusy() ? QUIET_MS : stirred + QUIET_MS - performance.now()
    timer = left > 0 ? setTimeout(look, left).unref() : undefined
    if (!timer) Bun.shrink()
  }
  return {
    stir() {
      stirred = performance.now()
      timer ??= setTimeout(look, QUIET_MS).unref()
    },
  }
}
