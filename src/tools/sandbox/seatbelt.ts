import type { Bounds, Launcher, Machine } from './sandbox.ts'
import { trial } from './trial.ts'

const PROGRAM = '/usr/bin/sandbox-exec'

/** macOS: a profile for `sandbox-exec` (Seatbelt). */
export async function seatbelt(machine: Machine): Promise<Launcher | string> {
  const launcher: Launcher = {
    by: 'seatbelt',
    hosts: 'port',
    temporary: ({ temporary }) => temporary,
    async wrap(command, bounds) {
      return [PROGRAM, '-p', profileFor(bounds), ...command]
    },
  }
  const works = await trial(machine, launcher)
  return works ? launcher : `${PROGRAM} does not work here.`
}

/** Devices that every program may write to. */
const DEVICES = ['/dev/null', '/dev/zero', '/dev/tty', '/dev/dtracehelper', '/dev/random', '/dev/urandom']
/** Where other programs of the user and services put their sockets and temporary files. */
const SHARED = ['/private/tmp', '/private/var/folders', '/private/var/run']

/** The last rule that fits decides. Sockets of services lie outside of what is writable, and so are closed with the network. */
export function profileFor({ writable, closed, fixed, visible, cwd, temporary, network }: Bounds): string {
  const paths = (kind: string, list: readonly string[]) => list.map(path => `(${kind} ${quoted(path)})`).join(' ')
  const below = (list: readonly string[]) => paths('subpath', list)
  const rules = [
    '(version 1)',
    '(allow default)',
    '(deny file-write*)',
    `(allow file-write* ${paths('literal', DEVICES)} ${below(writable)})`,
    `(deny file-read-data file-write* ${below(SHARED)})`,
    `(allow file-read* ${below([...visible, cwd, temporary, ...writable])})`,
    `(allow file-write* ${below(writable)})`,
    ...(fixed.length > 0 ? [`(deny file-write* ${below(fixed)})`] : []),
    ...(closed.length > 0 ? [`(deny file-read* file-write* ${below(closed)})`] : []),
    '(deny mach-priv-host-port) (deny process-info* (target others)) (deny signal (target others))',
    '(deny appleevent-send) (deny job-creation)',
    ...networkRules(network, writable),
  ]
  return rules.join('\n')
}

function networkRules(network: Bounds['network'], writable: readonly string[]): string[] {
  const sockets = `(allow network* ${writable.map(path => `(local unix-socket (subpath ${quoted(path)})) (remote unix-socket (subpath ${quoted(path)}))`).join(' ')})`
  if (network === 'on')
    return ['(deny network-outbound (remote unix-socket))', ...(writable.length > 0 ? [sockets] : [])]
  const proxy = typeof network === 'object' ? [`(allow network-outbound (remote ip "localhost:${network.proxy}"))`] : []
  return ['(deny network*)', ...(writable.length > 0 ? [sockets] : []), ...proxy]
}

const quoted = (path: string) => `"${path.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
