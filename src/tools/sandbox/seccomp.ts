/**
 * A filter of system calls (seccomp(2)) as a classic BPF program for `SECCOMP_MODE_FILTER`: what changes the system, reaches the
 * keyrings of the kernel or makes namespaces fails with EPERM. Numbers: the kernel's tables for x86-64 and arm64.
 */

/** `namespaces`: the network and the sockets of others are isolated otherwise. The others allow no socket that leads to a service. */
export type Filter = 'namespaces' | 'no network' | 'network'

type Machine = {
  arch: number
  x32: boolean
  clone: number
  socket: number
  ioctl: number
  denied: number[]
  /** prlimit64 and setpriority, whose first or second argument may be another process. */
  prlimit: number
  setpriority: number
  /** [l,f]setxattr and [l,f]removexattr */
  attributes: number[]
}

/** mount_setattr, open_tree, move_mount, fsopen, fsconfig, fsmount, fspick: the same number everywhere. */
const MOUNTING = [442, 428, 429, 430, 431, 432, 433]
/** clone3, whose flags no filter sees, and io_uring, whose calls none sees: programs do without where they do not exist. */
const ABSENT = [435, 425, 426, 427]

const MACHINES: Partial<Record<NodeJS.Architecture, Machine>> = {
  x64: {
    arch: 0xc000003e,
    x32: true,
    clone: 56,
    socket: 41,
    ioctl: 16,
    prlimit: 302,
    setpriority: 141,
    attributes: [188, 189, 190, 197, 198, 199],
    denied: [
      ...[165, 166, 155, 161], // mount, umount2, pivot_root, chroot
      ...[308, 272, 304], // setns, unshare, open_by_handle_at
      ...[248, 249, 250], // add_key, request_key, keyctl
      ...[321, 298, 323], // bpf, perf_event_open, userfaultfd
      ...[246, 320, 175, 313, 176, 169, 167, 168], // kexec, modules, reboot, swap
      ...[163, 179, 164, 227, 103, 170, 171, 172, 173], // acct, quotactl, clocks, syslog, names, iopl, ioperm
    ],
  },
  arm64: {
    arch: 0xc00000b7,
    x32: false,
    clone: 220,
    socket: 198,
    ioctl: 29,
    prlimit: 261,
    setpriority: 140,
    attributes: [5, 6, 7, 14, 15, 16],
    denied: [
      ...[40, 39, 41, 51],
      ...[268, 97, 265],
      ...[217, 218, 219],
      ...[280, 241, 282],
      ...[104, 294, 105, 273, 106, 142, 224, 225],
      ...[89, 60, 170, 112, 116, 161, 162],
    ],
  },
}

const [SETXATTRAT, REMOVEXATTRAT] = [463, 466]

const NR = 0
const ARCH = 4
const FIRST_ARGUMENT = 16
const SECOND_ARGUMENT = 24
/** CLONE_NEW{NS,CGROUP,UTS,IPC,USER,PID,NET} */
const NAMESPACES = 0x7e020000
/** TIOCSTI and TIOCLINUX put characters into a terminal. */
const TYPING = [0x5412, 0x541c]
/** AF_UNIX, AF_INET, AF_INET6, AF_NETLINK: not AF_VSOCK, which leads to the host of a virtual machine. */
const FAMILIES: Record<Filter, number[]> = { namespaces: [1, 2, 10, 16], 'no network': [16], network: [2, 10, 16] }

const ALLOW = 0x7fff0000
const EPERM = 0x00050001
const ENOSYS = 0x00050026
const ENOTSUP = 0x0005005f

const [LOAD, EQUAL, AT_LEAST, ANY_BIT, RETURN] = [0x20, 0x15, 0x35, 0x45, 0x06]
type Instruction = [code: number, k: number, whenTrue: number, whenFalse: number]

const load = (offset: number): Instruction => [LOAD, offset, 0, 0]
const answer = (value: number): Instruction => [RETURN, value, 0, 0]
/** Answers at once where the test holds. */
const when = (test: number, k: number, value: number): Instruction[] => [[test, k, 0, 1], answer(value)]
/** Runs `inner` for one system call; what it does not answer goes on with the number loaded again. */
const of = (nr: number, inner: Instruction[]): Instruction[] => [[EQUAL, nr, 0, inner.length + 1], ...inner, load(NR)]

/** The bytes of the program; null for a processor whose numbers are not known. */
export function filterFor(arch: NodeJS.Architecture, filter: Filter): Uint8Array | null {
  const machine = MACHINES[arch]
  if (!machine) return null
  const families = FAMILIES[filter]
  const isMine = (nr: number, argument: number) =>
    of(nr, [load(argument), [EQUAL, 0, 1, 0], answer(EPERM)] satisfies Instruction[])
  /** Without namespaces other processes and the files of others are in reach of these. */
  const reaching = [
    ...isMine(machine.prlimit, FIRST_ARGUMENT),
    ...isMine(machine.setpriority, SECOND_ARGUMENT),
    ...[...machine.attributes, SETXATTRAT, REMOVEXATTRAT].flatMap(nr => when(EQUAL, nr, ENOTSUP)),
  ]
  return encode([
    load(ARCH),
    [EQUAL, machine.arch, 1, 0],
    answer(EPERM),
    load(NR),
    ...(machine.x32 ? when(AT_LEAST, 0x40000000, EPERM) : []),
    ...[...machine.denied, ...MOUNTING].flatMap(nr => when(EQUAL, nr, EPERM)),
    ...ABSENT.flatMap(nr => when(EQUAL, nr, ENOSYS)),
    ...(filter === 'namespaces' ? [] : reaching),
    ...of(machine.clone, [load(FIRST_ARGUMENT), ...when(ANY_BIT, NAMESPACES, EPERM)]),
    ...of(machine.ioctl, [load(SECOND_ARGUMENT), ...TYPING.flatMap(request => when(EQUAL, request, EPERM))]),
    ...of(machine.socket, [
      load(FIRST_ARGUMENT),
      ...families.flatMap(family => when(EQUAL, family, ALLOW)),
      answer(EPERM),
    ]),
    answer(ALLOW),
  ])
}

/** `struct sock_filter`: u16 code, u8 jt, u8 jf, u32 k. */
function encode(program: Instruction[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(program.length * 8))
  for (const [at, [code, k, whenTrue, whenFalse]] of program.entries()) {
    view.setUint16(at * 8, code, true)
    view.setUint8(at * 8 + 2, whenTrue)
    view.setUint8(at * 8 + 3, whenFalse)
    view.setUint32(at * 8 + 4, k >>> 0, true)
  }
  return new Uint8Array(view.buffer)
}
