import { readlink, stat } from 'node:fs/promises'
import { join, relative, resolve } from 'node:path'
import { exists, makePrivateDir, writeAtomic } from '../../base/files.ts'
import { isInside } from '../paths.ts'
import { findExecutable } from '../shell/executable.ts'
import type { Bounds, Launcher, Machine } from './sandbox.ts'
import { filterFor } from './seccomp.ts'
import { HIDDEN, isShut } from './shut.ts'
import { trial } from './trial.ts'

/** Namespaces by bubblewrap (`bwrap`, https://github.com/containers/bubblewrap), with a system call filter on top. */
export async function bubblewrap(machine: Machine): Promise<Launcher | string> {
  const program = await findExecutable('bwrap', machine.env, machine.project)
  if (program === null) return 'bubblewrap is not installed: install the package bubblewrap (bwrap).'
  const closed = await makeClosed(machine.directory)
  for (const options of [['--disable-userns'], []]) {
    const launcher = launcherBy(program, options, closed, machine)
    if (await trial(machine, launcher)) return launcher
  }
  return `${program} does not work here: user namespaces may be forbidden (sysctl kernel.unprivileged_userns_clone, kernel.apparmor_restrict_unprivileged_userns, or a container without them).`
}

/** Namespaces of its own, no capabilities, and no way to others: `--disable-userns` where bubblewrap has it (0.8). */
const ALWAYS = ['--unshare-user', '--unshare-pid', '--unshare-ipc', '--unshare-uts', '--unshare-cgroup-try']

function launcherBy(program: string, options: string[], closed: Closed, { self }: Machine): Launcher {
  return {
    by: 'bubblewrap',
    hosts: 'socket',
    temporary: () => '/tmp',
    async wrap(command, bounds) {
      const filter = closed.filter === null ? [] : ['--seccomp', '9']
      const args = [...ALWAYS, ...options, '--cap-drop', 'ALL', ...filter, ...(await mounts(bounds, closed))]
      const { network } = bounds
      const bridged =
        typeof network === 'object'
          ? [...self, 'bridge', inside(String(network.proxy), bounds), network.direct, ...command]
          : command
      const line = [
        program,
        ...args,
        ...(network === 'on' ? [] : ['--unshare-net']),
        '--chdir',
        bounds.cwd,
        '--',
        ...bridged,
      ]
      // The filter comes by a descriptor, which the shell opens.
      return closed.filter === null ? line : ['/bin/sh', '-c', 'exec "$@" 9<"$0"', closed.filter, ...line]
    },
  }
}

/** A path below the temporary directory as the command has it. */
const inside = (path: string, { temporary, writable }: Bounds): string =>
  writable.includes('/tmp') ? path : join('/tmp', relative(temporary, path))

type Mount = { path: string; args: string[] }

/** From the outermost to the innermost, since a later mount covers an earlier: of what is open and closed the nearer decides. */
async function mounts(bounds: Bounds, closed: Closed): Promise<string[]> {
  const { writable, visible, fixed, temporary, cwd } = bounds
  const needed = [...writable, ...visible, cwd]
  const made: Mount[] = [
    { path: '/', args: [writable.includes('/') ? '--bind' : '--ro-bind', '/', '/'] },
    { path: '/dev', args: ['--dev', '/dev'] },
    { path: '/proc', args: ['--proc', '/proc'] },
    { path: '/run', args: ['--tmpfs', '/run'] },
    { path: '/tmp', args: ['--bind', temporary, '/tmp'] },
    ...((await isDirectory('/var/tmp')) ? [{ path: '/var/tmp', args: ['--tmpfs', '/var/tmp'] }] : []),
  ]
  /** What may not be written once everything below is mounted. */
  const sealed = [temporary, '/tmp'].some(path => writable.includes(path)) ? [] : ['/tmp']
  const shut = [...HIDDEN, ...bounds.closed]
  const opened = [...writable, ...visible]
  for (const path of new Set([...visible, cwd])) {
    const others = opened.filter(place => place !== path)
    if (isShut(path, shut, others) && !bounds.closed.includes(path))
      made.push({ path, args: ['--ro-bind-try', path, path] })
  }
  for (const path of writable) if (path !== temporary && path !== '/') made.push({ path, args: ['--bind', path, path] })
  for (const path of fixed) made.push({ path, args: ['--ro-bind-try', path, path] })
  for (const path of bounds.closed) {
    if (!isReached(path, needed, shut)) continue
    const found = await stat(path).catch(() => null)
    const holds = needed.some(inner => inner !== path && isInside(inner, path))
    if (found?.isDirectory()) {
      made.push({ path, args: ['--perms', holds ? '0711' : '0000', '--tmpfs', path] })
      sealed.push(path)
    } else if (found) made.push({ path, args: ['--ro-bind', closed.file, path] })
  }
  if (bounds.network === 'on') {
    const resolver = resolve('/etc', await readlink('/etc/resolv.conf').catch(() => '/etc/resolv.conf'))
    if (isInside(resolver, '/run')) made.push({ path: resolver, args: ['--ro-bind-try', resolver, resolver] })
  }
  const depth = ({ path }: Mount) => (path === '/' ? 0 : path.split('/').length)
  made.sort((a, b) => depth(a) - depth(b)) // stable: as deep as each other, they stay in order
  return [...made.flatMap(({ args }) => args), ...sealed.flatMap(path => ['--remount-ro', path])]
}

/** Whether a closed path would be there at all: it lies neither where everything is hidden, nor below another, or is opened in between. */
const isReached = (path: string, needed: readonly string[], shut: readonly string[]): boolean =>
  shut
    .filter(place => place !== path && isInside(path, place))
    .every(place => needed.some(open => isInside(path, open) && isInside(open, place)))

const isDirectory = async (path: string) => (await stat(path).catch(() => null))?.isDirectory() === true

/** What stands in the place of closed files, and the filter of system calls; null where none can be made. */
type Closed = { file: string; filter: string | null }

async function makeClosed(directory: string): Promise<Closed> {
  await makePrivateDir(directory)
  const closed = { file: join(directory, 'closed') }
  if (!(await exists(closed.file))) await writeAtomic(closed.file, '', 0)
  const program = filterFor(process.arch, 'namespaces')
  if (program === null) return { ...closed, filter: null }
  const filter = join(directory, `filter-${process.arch}`)
  await writeAtomic(filter, program)
  return { ...closed, filter }
}
