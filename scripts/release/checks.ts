import { homedir, userInfo } from 'node:os'
import { isElf } from '../build/elf.ts'
import { MAGIC_64 } from '../build/macho.ts'
import { isPe } from '../build/pe.ts'
import { readVersionInfo } from '../build/version-info.ts'

/** What must be true of an executable before it is shipped. */

type Format = { kind: 'ELF' | 'Mach-O' | 'PE'; processor: string }

const PROCESSORS: Record<Format['kind'], Record<number, string>> = {
  ELF: { 62: 'x64', 183: 'arm64' },
  'Mach-O': { 16777223: 'x64', 16777228: 'arm64' },
  PE: { 34404: 'x64', 43620: 'arm64' },
}
const KINDS: Record<string, Format['kind']> = { linux: 'ELF', darwin: 'Mach-O', windows: 'PE' }
/** Of Debian 10, RHEL 8 and everything newer. */
const NEWEST_GLIBC = '2.28'
const MOST_BYTES: Record<string, number> = { windows: 116 * 2 ** 20 }
const LARGEST = 110 * 2 ** 20

/** What is wrong with an executable for `target`, a line each. `places` are paths of this machine that must not be in it. */
export function faultsOf(file: Buffer, target: string, version: string, places: readonly string[]): string[] {
  const [system, processor, libc] = target.split('-') as [string, string, string?]
  const format = formatOf(file)
  const least = leastGlibc(file)
  return [
    format?.kind !== KINDS[system] && `it is no ${KINDS[system]} file`,
    format?.processor !== processor && `it is for ${format?.processor}`,
    file.length > (MOST_BYTES[system] ?? LARGEST) && `it has ${(file.length / 2 ** 20).toFixed(1)} MiB`,
    !file.includes(version) && `it does not know its version ${version}`,
    system === 'windows' &&
      readVersionInfo(file)['ProductVersion'] !== version &&
      'its version information is not ours',
    libc === 'musl' && !file.subarray(0, 4096).includes('/lib/ld-musl-') && 'its loader is not that of musl',
    system === 'linux' && libc === undefined && compareVersions(least, NEWEST_GLIBC) > 0 && `it needs glibc ${least}`,
    ...places.filter(place => file.includes(place)).map(place => `it holds the path ${place}`),
    ...secretsIn(file),
  ].filter(fault => fault !== false)
}

/** The directory of the sources, that of the person, and the person's name where it is one that says something. */
export const placesHere = (root: string): string[] =>
  [root, homedir(), `/${userInfo().username}/`].filter(
    place => place.length > 5 && place !== '/root/' && place !== '/home/',
  )

export function formatOf(file: Buffer): Format | null {
  const [kind, machine] = machineOf(file)
  if (!kind) return null
  return { kind, processor: PROCESSORS[kind][machine] ?? `processor ${machine}` }
}

function machineOf(file: Buffer): [Format['kind'] | null, number] {
  if (isElf(file)) return ['ELF', file.readUInt16LE(18)]
  if (file.readUInt32LE(0) === MAGIC_64) return ['Mach-O', file.readUInt32LE(4)]
  if (isPe(file)) return ['PE', file.readUInt16LE(file.readUInt32LE(0x3c) + 4)]
  return [null, 0]
}

/** The newest version of glibc whose symbols are asked for; 0 where none are. */
export function leastGlibc(file: Buffer): string {
  // Names of versions stand in the string table of the dynamic section, near the beginning.
  const names = file
    .toString('latin1', 0, Math.min(file.length, 4 * 2 ** 20))
    .matchAll(/\0GLIBC_(\d+\.\d+)(?=[.\d]*\0)/g)
  return [...names].map(([, version]) => version!).reduce((a, b) => (compareVersions(a, b) >= 0 ? a : b), '0')
}

export function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map(version => version.split('.').map(Number)) as [number[], number[]]
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}

/** Keys as providers make them, and whatever the environment has under a name of a key. */
function secretsIn(file: Buffer): string[] {
  const text = file.toString('latin1')
  const shapes = /sk-ant-api\d\d-[\w-]{40,}|sk-proj-[\w-]{40,}|ghp_[A-Za-z0-9]{36}|AKIA[0-9A-Z]{16}(?![0-9A-Z])/
  const known = Object.entries(process.env).filter(
    ([name, value = '']) => /KEY|TOKEN|SECRET|PASSWORD/.test(name) && value.length >= 16,
  )
  return [
    ...(shapes.test(text) ? ['it holds what looks like a key'] : []),
    ...known.filter(([, value]) => file.includes(value!)).map(([name]) => `it holds the value of ${name}`),
  ]
}
