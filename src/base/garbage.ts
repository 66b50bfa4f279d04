/**
 * Throws away what is not used any more, now. The engine lets garbage grow with what is alive, so that a large session would
 * take twice its size while it is read or rendered. Only Bun lets us ask for it.
 */
export function collectGarbage(): void {
  if (typeof Bun !== 'undefined') Bun.gc(true)
}
