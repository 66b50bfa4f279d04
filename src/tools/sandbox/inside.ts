/**
 * Our own program inside of a sandbox, as a hidden command: `confine N BOUNDS… COMMAND…` (its bounds in N pieces) gives
 * up what the bounds do not open and becomes the command; `bridge SOCKET DIRECT COMMAND…` runs it beside a way to the proxy.
 * Resolves with the exit code.
 */
export async function inside([what, given = '', ...rest]: string[]): Promise<number> {
  switch (what) {
    case 'confine':
      return (await import('./confine.ts')).confine(rest.slice(0, Number(given)).join(''), rest.slice(Number(given)))
    case 'bridge':
      return (await import('./bridge.ts')).bridge(given, rest)
    default:
      throw new Error(`There is no way into a sandbox called ${what}.`)
  }
}
