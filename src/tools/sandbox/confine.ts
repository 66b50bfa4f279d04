import { constants, fstatSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { isInside } from '../paths.ts'
import type { Bounds } from './sandbox.ts'
import { filterFor } from './seccomp.ts'
import { HIDDEN, isShut } from './shut.ts'

/** landlock(7), `linux/landlock.h`: rights on files, by the version of the interface that brought them. */
const EXECUTE = 1n << 0n
const WRITE_FILE = 1n << 1n
const READ_FILE = 1n << 2n
const READ_DIR = 1n << 3n
const REFER = 1n << 13n
const TRUNCATE = 1n << 14n
/** REMOVE_DIR, REMOVE_FILE, MAKE_DIR, MAKE_REG, MAKE_SOCK, MAKE_FIFO, MAKE_SYM; not MAKE_CHAR and MAKE_BLOCK. */
const CHANGE_DIR = (1n << 4n) | (1n << 5n) | (1n << 7n) | (1n << 8n) | (1n << 9n) | (1n << 10n) | (1n << 12n)
const MAKE_DEVICES = (1n << 6n) | (1n << 11n)
const IOCTL_DEV = 1n << 15n
const SINCE: [abi: number, rights: bigint][] = [
  [1, EXECUTE | WRITE_FILE | READ_FILE | READ_DIR | CHANGE_DIR | MAKE_DEVICES],
  [2, REFER],
  [3, TRUNCATE],
  [5, IOCTL_DEV],
]
/** Connecting to abstract sockets, and signals, outside of the sandbox (version 6). */
const SCOPES = 3n
const ON_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV
const READ = EXECUTE | READ_FILE | READ_DIR
const WRITE = WRITE_FILE | CHANGE_DIR | REFER | TRUNCATE
const DEVICES = ['null', 'zero', 'full', 'random', 'urandom', 'tty', 'ptmx', 'pts']

const [CREATE, ADD, RESTRICT] = [444, 445, 446]
const [PR_SET_NO_NEW_PRIVS, PR_CAPBSET_DROP, PR_SET_SECCOMP] = [38, 24, 22]
const LAST_CAPABILITY = 63
const SIGPIPE = 13
/** O_PATH, O_CLOEXEC: the same everywhere. */
const AS_PLACE = 0o10000000 | 0o2000000 | (constants.O_NOFOLLOW ?? 0)

/** Confines this process for good, and becomes the command. Throws where that cannot be done; returns never. */
export async function confine(given: string, command: readonly string[]): Promise<never> {
  const bounds = JSON.parse(given) as Bounds
  const c = await openC()
  const { syscall, prctl, signal, execvp, ptr } = c
  const version = syscall(CREATE, 0, 0, 1)
  if (version < 1) throw new Error('This kernel has no Landlock.')
  const handled = SINCE.reduce((all, [abi, rights]) => (version >= abi ? all | rights : all), 0n)
  const attributes = new BigUint64Array([handled, 0n, version >= 6 ? SCOPES : 0n])
  const ruleset = syscall(CREATE, ptr(attributes), version >= 6 ? 24 : version >= 4 ? 16 : 8, 0)
  if (ruleset < 0) throw new Error('Landlock is not enabled.')
  grant(bounds, c, (fd, rights) => {
    // struct landlock_path_beneath_attr, packed: u64 allowed_access, s32 parent_fd
    const rule = new DataView(new ArrayBuffer(12))
    rule.setBigUint64(0, rights & handled, true)
    rule.setInt32(8, fd, true)
    syscall(ADD, ruleset, 1, ptr(new Uint8Array(rule.buffer)))
  })
  for (let capability = 0; capability <= LAST_CAPABILITY; capability++) prctl(PR_CAPBSET_DROP, capability, 0)
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0) !== 0) throw new Error('Privileges cannot be given up.')
  if (syscall(RESTRICT, ruleset, 0, 0) !== 0) throw new Error('Landlock does not confine this process.')
  dropCapabilities(syscall, ptr)
  const program = filterFor(process.arch, bounds.network === 'on' ? 'network' : 'no network')
  if (program === null) throw new Error(`There is no filter of system calls for ${process.arch}.`)
  // struct sock_fprog: u16 len, then a pointer
  const filter = new BigUint64Array([BigInt(program.length / 8), BigInt(ptr(program))])
  if (prctl(PR_SET_SECCOMP, 2, ptr(filter)) !== 0) throw new Error('The filter of system calls was not accepted.')
  signal(SIGPIPE, 0) // the runtime ignores it, and what is ignored stays so
  const words = command.map(word => Buffer.from(`${word}\0`))
  const argv = new BigUint64Array([...words.map(word => BigInt(ptr(word))), 0n])
  execvp(words[0]!, argv)
  throw new Error(`${command[0]} could not be started.`)
}

/** A right on what a descriptor is of. `path` says which that is. */
type Allow = (fd: number, rights: bigint, path: string) => void

/**
 * Opens everything but what is closed, directory by directory where something below is. Each is reached from its directory and
 * no link is followed: what others change meanwhile, or left as links, opens nothing else.
 */
export function grant(bounds: Bounds, { openAt, close }: Pick<C, 'openAt' | 'close'>, allow: Allow): void {
  const { closed, writable, visible, cwd, temporary, project } = bounds
  const shut = [...closed, ...HIDDEN, '/dev']
  const open = [...writable, ...visible, cwd, temporary, project]
  const inodes = new Set(bounds.inodes)
  const leads = (path: string, to: readonly string[]) => to.some(place => place !== path && isInside(place, path))
  const within = (directory: number, name: string, act: (fd: number) => void) => {
    const fd = openAt(directory, name)
    if (fd < 0) return // it is gone, or may not be opened
    act(fd)
    close(fd)
  }

  const openReadable = (fd: number, path: string): void => {
    const found = statOf(fd)
    if (!found || found.isSymbolicLink() || inodes.has(inodeOf(found))) return
    const isOpen = !isShut(path, shut, open)
    if (!isOpen && !leads(path, open)) return
    if (isOpen && !leads(path, shut)) {
      allow(fd, found.isDirectory() ? READ : READ & ON_FILES, path)
      return
    }
    // Names below a directory of the project are no secret; elsewhere they stay closed with the rest.
    if (isOpen && isInside(path, project)) allow(fd, READ_DIR, path)
    for (const name of isOpen ? namesIn(fd) : onTheWay(path, open))
      within(fd, name, child => openReadable(child, join(path, name)))
  }
  const openWhole = (path: string, act: (fd: number, isDirectory: boolean) => void) => {
    const descend = (fd: number, [name, ...rest]: string[]): void => {
      const found = name === undefined ? statOf(fd) : null
      if (name !== undefined) within(fd, name, child => descend(child, rest))
      else if (found && !found.isSymbolicLink()) act(fd, found.isDirectory())
    }
    within(-100, '/', root => descend(root, path.split('/').filter(Boolean)))
  }
  openWhole('/', root => openReadable(root, '/'))
  for (const path of writable)
    openWhole(path, (fd, isDirectory) => allow(fd, isDirectory ? WRITE : WRITE & ON_FILES, path))
  for (const name of DEVICES)
    openWhole(`/dev/${name}`, (fd, isDirectory) =>
      allow(fd, isDirectory ? READ | WRITE_FILE : READ_FILE | WRITE_FILE | TRUNCATE | IOCTL_DEV, `/dev/${name}`),
    )
}

/** Identifies a file independently of its name. */
export const inodeOf = ({ dev, ino }: { dev: number; ino: number }): string => `${dev}:${ino}`

/** By its descriptor: a link as itself, since that is what was opened. */
function statOf(fd: number) {
  try {
    return fstatSync(fd)
  } catch {
    return null // it may not be read
  }
}

/** The names below a directory that lead to one of the paths. */
const onTheWay = (directory: string, paths: readonly string[]): string[] => {
  const below = paths.filter(path => path !== directory && isInside(path, directory))
  return [...new Set(below.map(path => path.slice(directory === '/' ? 1 : directory.length + 1).split('/')[0]!))]
}

const namesIn = (fd: number): string[] => {
  try {
    return readdirSync(`/proc/self/fd/${fd}`)
  } catch {
    return [] // no directory, or it may not be read
  }
}

/** capset(2): none in any set. */
function dropCapabilities(syscall: C['syscall'], ptr: C['ptr']): void {
  const number = process.arch === 'arm64' ? 91 : 126
  const header = new Uint32Array([0x20080522, 0])
  syscall(number, ptr(header), ptr(new Uint32Array(6)), 0)
}

type C = Awaited<ReturnType<typeof openC>>

/** What of the C library is needed; all of it is opened before anything is given up. */
async function openC() {
  const { dlopen, ptr } = await import('bun:ffi')
  const library = ['libc.so.6', `libc.musl-${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}.so.1`]
  const symbols = {
    syscall: { args: ['i64', 'i64', 'i64', 'i64', 'i64'], returns: 'i32' },
    prctl: { args: ['i32', 'u64', 'u64', 'u64', 'u64'], returns: 'i32' },
    openat: { args: ['i32', 'ptr', 'i32'], returns: 'i32' },
    close: { args: ['i32'], returns: 'i32' },
    signal: { args: ['i32', 'u64'], returns: 'u64' },
    execvp: { args: ['ptr', 'ptr'], returns: 'i32' },
  } as const
  let failure: unknown
  for (const name of library)
    try {
      const c = dlopen(name, symbols).symbols
      return {
        ptr: (bytes: NodeJS.TypedArray): number => ptr(bytes) as number,
        syscall: (nr: number, a: number, b: number, d: number) => c.syscall(nr, a, b, d, 0),
        prctl: (option: number, a: number, b: number) => c.prctl(option, a, b, 0, 0),
        openAt: (directory: number, name: string) => c.openat(directory, ptr(Buffer.from(`${name}\0`)), AS_PLACE),
        close: (fd: number) => void c.close(fd),
        signal: (number: number, action: number) => void c.signal(number, action),
        execvp: (file: Buffer, argv: BigUint64Array) => c.execvp(ptr(file), ptr(argv)),
      }
    } catch (error) {
      failure = error // the other C library
    }
  throw failure
}
