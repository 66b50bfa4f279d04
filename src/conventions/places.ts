import { realpath } from 'node:fs/promises'
import { dirname, join, relative, sep } from 'node:path'
import { exists } from '../base/files.ts'
import { readRemoteName } from '../base/remote-name.ts'
import type { Dirs } from '../config/config.ts'

/** Where a session's conventions are looked for. Paths are real ones. */
export type Place = {
  project: string
  /** The directory with `.git` that holds the project; the project itself where there is none. */
  root: string
  /** The user's home, as paths are shown and `~` is read. */
  home: string
  /** Our own configuration directory. */
  config: string
}

export type Origin = 'project' | 'user'

/** The real path of a project; as it is written where it does not exist (any more), or is on another machine. */
export const realProject = async (project: string): Promise<string> =>
  readRemoteName(project) ? project : realpath(project).catch(() => project)

/** The place of a project. Of a project that does not exist (any more), the path as it is written. */
export async function placeOf(project: string, dirs: Pick<Dirs, 'config' | 'home'>): Promise<Place> {
  // Nothing on this disk is a project's of another machine: what is left is the user's.
  if (readRemoteName(project)) return { project: dirs.config, root: dirs.config, home: dirs.home, config: dirs.config }
  const real = await realProject(project)
  return { project: real, root: await repositoryOf(real), home: dirs.home, config: dirs.config }
}

async function repositoryOf(project: string): Promise<string> {
  for (let directory = project; ; directory = dirname(directory)) {
    if (await exists(join(directory, '.git'))) return directory
    if (dirname(directory) === directory) return project
  }
}

/** From `outer` down to `inner`, both included; `inner` alone where it does not lie below. */
export function chain(outer: string, inner: string): string[] {
  const below = relative(outer, inner)
  if (below === '') return [outer]
  if (below.startsWith('..')) return [inner]
  const parts = below.split(sep)
  return [outer, ...parts.map((_, i) => join(outer, ...parts.slice(0, i + 1)))]
}

/** A kind of convention that lies in directories: what each tool calls its own. */
export type Kind = 'skills' | 'commands' | 'agents'

const IN_PROJECT: Record<Kind, string[]> = {
  skills: ['.agents/skills', '.claude/skills'],
  commands: ['.agents/commands', '.claude/commands', '.opencode/command', '.opencode/commands'],
  agents: ['.agents/agents', '.claude/agents', '.opencode/agent', '.opencode/agents'],
}

/** The directories of a kind, strongest first: the project's and those above it in its repository, then the user's. */
export function directoriesOf(kind: Kind, place: Place): { directory: string; origin: Origin }[] {
  const inProject = chain(place.root, place.project)
    .toReversed()
    .flatMap(base => IN_PROJECT[kind].map(name => join(base, name)))
  const ofUser = [join(place.config, kind), join(place.home, '.agents', kind), join(place.home, '.claude', kind)]
  return [
    ...inProject.map(directory => ({ directory, origin: 'project' as const })),
    // A project that is the home directory has the same ones.
    ...ofUser
      .filter(directory => !inProject.includes(directory))
      .map(directory => ({ directory, origin: 'user' as const })),
  ]
}

/** The user's own directories, where files that are meant for every project lie. */
export const userDirectories = ({ config, home }: Place): string[] => [
  config,
  join(home, '.agents'),
  join(home, '.claude'),
]

/** Relative to the project, with `~` for the home of the user elsewhere. */
export function shownPath(path: string, { project, root, home }: Place): string {
  const inRepository = path === root || path.startsWith(root + sep)
  if (inRepository) return relative(project, path).replaceAll(sep, '/') || '.'
  return path.startsWith(home + sep) ? `~/${relative(home, path).replaceAll(sep, '/')}` : path
}
