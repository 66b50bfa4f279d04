import { mkdir, readlink, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { PRIVATE_DIR, writeAtomic } from '../../base/files.ts'
import { isInside } from '../paths.ts'
import { findExecutable } from '../shell/executable.ts'
import type { Bounds, Launcher, Machine } from './sandbox.ts'
import { filterFor } from './seccomp.ts'
import { trial } from './trial.ts'

/** Namespaces by bubblewrap (`bwrap`, https://github.com/containers/bubblewrap), with a system call filter on top. */
export async function bubblewrap(machine: Machine): Promise<Launcher | string> {
  const program = await findExecutable('bwrap', machine.env, machine.project)
  if (program === null) return 'bubblewrap is not installed: install the package bubblewrap (bwrap).'
  const closed = await makeClosed(machine.directory)
  for (const options of [['--disable-userns'], []]) {
    const launcher = launcherBy(program, options, closed, machine)
    if (await trial(machine, bounds => launcher.wrap(['/bin/sh', '-c', ':'], bounds))) return launcher
  }
  return `${program} does not work here: user namespaces may be forbidden (sysctl kernel.unprivileged_userns_clone, kernel.apparmor_restrict_unprivileged_userns, or a container without them).`
}

/** Namespaces of its own, no capabilities, and no way to others: `--disable-userns` where bubblewrap has it (0.8). */
const ALWAYS = ['--unshare-user', '--unshare-pid', '--unshare-ipc', '--unshare-uts', '--unshare-cgroup-try']
/** Sockets of services (Docker, D-Bus, agents) and files of other programs: replaced as a whole. */
const HIDDEN = ['/run', '/tmp', '/var/tmp']

function launcherBy(program: string, options: string[], closed: Closed, { self }: Machine): Launcher {
  return {
    by: 'bubblewrap',
    hosts: 'socket',
    temporary: () => '/tmp',
    async wrap(command, bounds) {
      const filter = closed.filter === null ? [] : ['--seccomp', '9']
      const args = [...ALWAYS, ...options, '--cap-drop', 'ALL', ...filter, ...(await mounts(bounds, closed))]
      const isolated = bounds.network !== 'on'
      const bridged =
        typeof bounds.network === 'object'
          ? [...self, 'bridge', String(bounds.network.proxy), bounds.network.direct, ...command]
          : command
      const line = [program, ...args, ...(isolated ? ['--unshare-net'] : []), '--chdir', bounds.cwd, '--', ...bridged]
      // The filter comes by a descriptor, which the shell opens.
      return closed.filter === null ? line : ['/bin/sh', '-c', 'exec "$@" 9<"$0"', closed.filter, ...line]
    },
  }
}

/** In the order in which they are made: a later one covers an earlier. */
async function mounts(bounds: Bounds, closed: Closed): Promise<string[]> {
  const { writable, visible, fixed, temporary } = bounds
  const needed = [...writable, ...visible, bounds.cwd]
  const isHidden = (path: string) => HIDDEN.some(place => isInside(path, place))
  const outer = bounds.closed.filter(path => needed.some(inner => inner !== path && isInside(inner, path)))
  const args = ['--ro-bind', '/', '/', '--dev', '/dev', '--proc', '/proc', '--tmpfs', '/run']
  args.push(writable.includes(temporary) ? '--bind' : '--ro-bind', temporary, '/tmp')
  if (await isDirectory('/var/tmp')) args.push('--tmpfs', '/var/tmp')
  for (const path of outer) args.push('--perms', '0755', '--tmpfs', path)
  const shown = needed.filter(path => isHidden(path) || outer.some(place => isInside(path, place)))
  for (const path of outermost(shown)) args.push('--ro-bind-try', path, path)
  for (const path of writable) if (path !== temporary) args.push('--bind', path, path)
  for (const path of fixed) args.push('--ro-bind-try', path, path)
  for (const path of outermost(bounds.closed.filter(path => !outer.includes(path)))) {
    if (isHidden(path) && !needed.some(open => isInside(path, open))) continue
    const found = await stat(path).catch(() => null)
    if (found?.isDirectory()) args.push('--perms', '0000', '--tmpfs', path, '--remount-ro', path)
    else if (found) args.push('--ro-bind', closed.file, path)
  }
  const resolver = await readlink('/etc/resolv.conf').catch(() => '/')
  if (bounds.network === 'on' && isHidden(join('/etc', resolver)))
    args.push('--ro-bind-try', join('/etc', resolver), join('/etc', resolver))
  return args
}

const isDirectory = async (path: string) => (await stat(path).catch(() => null))?.isDirectory() === true

/** Without those that lie below another. */
const outermost = (paths: readonly string[]): string[] => {
  const all = [...new Set(paths)]
  return all.filter(path => !all.some(other => other !== path && isInside(path, other)))
}

/** What stands in the place of closed files, and the filter of system calls; null where none can be made. */
type Closed = { file: string; filter: string | null }

async function makeClosed(directory: string): Promise<Closed> {
  await mkdir(directory, { recursive: true, mode: PRIVATE_DIR })
  const closed = { file: join(directory, 'closed') }
  if (!(await stat(closed.file).catch(() => null))) await writeAtomic(closed.file, '', 0)
  const program = filterFor(process.arch, 'namespaces')
  if (program === null) return { ...closed, filter: null }
  const filter = join(directory, `filter-${process.arch}`)
  await writeAtomic(filter, program)
  return { ...closed, filter }
}
