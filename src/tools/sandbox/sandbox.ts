import type { Children } from '../../base/children.ts'
import type { SandboxConfig } from '../../config/sandbox.ts'
import { bubblewrap } from './bubblewrap.ts'
import { landlock } from './landlock.ts'
import { seatbelt } from './seatbelt.ts'

/*
 * Sandbox: commands that the system isolates. `bounds` says for one call what is open and what is closed; a launcher, one row a
 * system, turns that into a command line: `bubblewrap` (namespaces), else `landlock` with `seccomp`, on macOS `seatbelt`. `inside`
 * is our own program on the other side: it confines itself, then becomes the command. `proxy` and `bridge` let out to named hosts.
 */

/** What a call is isolated from, as clients, `doctor` and the model get it. */
export type Isolation = {
  by: Launcher['by']
  network: SandboxConfig['network']
  /** Directories that it may write to, as configured. Everything else is read-only, and secrets are closed. */
  write: string[]
}

/** What one call may do. All paths are real ones. */
export type Bounds = {
  writable: string[]
  /** Neither read nor written, nor anything below. */
  closed: string[]
  /** Closed files by device and inode, with those of earlier calls, which may have been renamed since. */
  inodes: string[]
  /** Within `writable`, and not to be written. */
  fixed: string[]
  /** Read by the command although it lies where everything is hidden: its directory, its programs, the home directory. */
  visible: string[]
  project: string
  cwd: string
  /** The directory that the command has as its temporary one. */
  temporary: string
  /** `proxy` is where the filtering proxy listens: a socket, or a port of this machine. `direct`: what programs do not ask it for. */
  network: 'off' | 'on' | { proxy: string | number; direct: string }
}

/** How this machine isolates. */
export type Launcher = {
  by: 'bubblewrap' | 'landlock' | 'seatbelt'
  /** Whether it can let out to named hosts only, and how the proxy is reached. */
  hosts: 'socket' | 'port' | null
  /** The path of the temporary directory within. */
  temporary(bounds: Bounds): string
  /** The command that runs `command` within the bounds. */
  wrap(command: readonly string[], bounds: Bounds): Promise<string[]>
}

/** What a launcher is looked for with. */
export type Machine = {
  platform: NodeJS.Platform
  children: Children
  env: Record<string, string>
  /** The command line that begins our own hidden commands (`inside`). */
  self: readonly string[]
  /** A private directory of ours, closed to tools. */
  directory: string
  /** Programs are not taken from there. */
  project: string
}

/** A way to isolate: null, or a sentence for a person on what is missing. */
type Attempt = (machine: Machine) => Promise<Launcher | string>

const ATTEMPTS: Partial<Record<NodeJS.Platform, Attempt[]>> = {
  linux: [bubblewrap, landlock],
  darwin: [seatbelt],
}

export type Availability = { launcher: Launcher } | { launcher: null; reason: string }

/** Tried once for each project, since the programs of a project do not count; by its machine's directory. */
const tried = new Map<string, Promise<Availability>>()

/**
 * Whether commands can be isolated here, and by what, tried on first use and remembered. `reason` is a sentence with the remedy.
 */
function launcherOf(machine: Machine): Promise<Availability> {
  const key = `${machine.directory}\0${machine.project}\0${machine.env.PATH}`
  const found = tried.get(key) ?? tryAll(machine)
  tried.set(key, found)
  return found
}

async function tryAll(machine: Machine): Promise<Availability> {
  const attempts = ATTEMPTS[machine.platform]
  if (!attempts)
    return { launcher: null, reason: `There is no sandbox on ${NAMES[machine.platform] ?? 'this system'}.` }
  const reasons: string[] = []
  for (const attempt of attempts) {
    const launcher = await attempt(machine).catch((error: Error) => error.message)
    if (typeof launcher !== 'string') return { launcher }
    reasons.push(launcher)
  }
  return { launcher: null, reason: reasons.join(' ') }
}

const NAMES: Partial<Record<NodeJS.Platform, string>> = { win32: 'Windows' }

/** For a session whose configuration this is: what isolates its commands, or why nothing does. Throws nothing. */
export async function sandboxOf(config: SandboxConfig, machine: Machine): Promise<Availability> {
  if (config.mode === 'off')
    return { launcher: null, reason: 'The sandbox is off. Set mode = "auto" under [sandbox] in emacs-agent.toml.' }
  const found = await launcherOf(machine)
  if (found.launcher && Array.isArray(config.network) && found.launcher.hosts === null)
    return {
      launcher: null,
      reason: `${found.launcher.by} cannot limit the network to hosts: set network to "off" or "on" under [sandbox], or install bubblewrap.`,
    }
  return found
}
