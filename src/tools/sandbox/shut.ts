import { isInside } from '../paths.ts'

/** Sockets of services (Docker, D-Bus, agents) and files of other programs: closed as a whole. */
export const HIDDEN = ['/run', '/tmp', '/var/tmp']

/** Of the shut and the open places that hold `path` (or are it), the nearer decides; where both are the same place, it is shut. */
export function isShut(path: string, shut: readonly string[], open: readonly string[]): boolean {
  const depth = depthIn(path, shut)
  return depth > 0 && depth >= depthIn(path, open)
}

const depthIn = (path: string, places: readonly string[]): number =>
  places.reduce((depth, place) => (place.length > depth && isInside(path, place) ? place.length : depth), 0)
