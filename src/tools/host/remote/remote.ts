import { AppError } from '../../../base/errors.ts'
import type { RemoteName } from '../../../base/remote-name.ts'
import type { Editor } from '../../editor/editor.ts'
import { rustSource } from '../../search/regex.ts'
import { FLAGS } from '../../search/ripgrep.ts'
import type { Roots } from '../../tool.ts'
import type { Host } from '../host.ts'
import { posixSource } from '../posix-regex.ts'
import { remoteFiles } from './files.ts'
import { type Facts, factsOf, isOutside, runScript, startThere } from './programs.ts'
import { ask, Looked, named, pathOf, type Reach } from './reach.ts'
import { walkThere } from './tree.ts'

/** The other machine of a session's project. */
export type Remote = RemoteName & {
  /** As one call uses it: its requests end with the signal. */
  host(signal: AbortSignal): Host
  /**
   * Finds out where the project really is, and where the home directory and some programs are: once. Throws TOOL_FAILED where there
   * is no such directory, or no way to the machine.
   */
  arrive(signal: AbortSignal): Promise<void>
  /** What `~` stands for there, once that is known. */
  home(): string | undefined
}

/** `roots.project` becomes the real path of the project once the machine was reached. */
export function createRemote(name: RemoteName, roots: Roots, editor: () => Editor | undefined): Remote {
  const reach: Reach = { ...name, editor }
  let facts: Facts | undefined
  let arriving: Promise<void> | undefined

  async function find(signal: AbortSignal): Promise<void> {
    const params = { op: 'look', path: named(reach, name.path) }
    const [project, known] = await Promise.all([
      ask(reach, { tool: 'remote_files', params, schema: Looked }, signal),
      factsOf(reach, signal).catch(() => undefined), // asked again when one is needed
    ])
    if (project.kind !== 'directory')
      throw new AppError(
        'TOOL_FAILED',
        `${name.path} is ${project.kind === null ? 'not there' : 'no directory'} on ${name.machine}. Open a session on a directory that is.`,
      )
    roots.project = pathOf(reach, project.path)
    facts = known
  }

  const arrive = (signal: AbortSignal): Promise<void> => {
    arriving ??= find(signal)
    arriving.catch(() => {
      arriving = undefined // an editor may come yet
    })
    return arriving
  }

  return {
    ...name,
    arrive,
    home: () => facts?.home,
    host: signal => ({
      machine: name.machine,
      files: remoteFiles(reach, signal, () => arrive(signal)),
      start: (command, options) => startThere(reach, command, options),
      async find(program, _env, project) {
        await arrive(signal)
        facts ??= await factsOf(reach, signal)
        const path = facts.programs.get(program)
        return path !== undefined && isOutside(path, project) ? path : null
      },
      outside: () => ({}),
      home: () => facts?.home,
      walk: (start, options) => walkThere(reach, start, options, signal),
      narrow: (pattern, files) => narrowed(reach, [rustSource(pattern), posixSource(pattern)], files, signal),
    }),
  }
}

/** So few files are read in less time than they are searched before. */
const FEW = 40

/** Names that a search finds something in: behind `0` each with a NUL behind it, behind `n` each on a line. */
const NARROW = `if command -v rg >/dev/null 2>&1; then printf '0\\000'; exec xargs -0 rg ${FLAGS.join(' ')} --regexp "$1" --
elif grep --null -q . /dev/null 2>/dev/null; [ $? -le 1 ]; then printf '0\\000'; exec xargs -0 grep --null -lsE -e "$2" -- /dev/null
else printf 'n\\000'; exec xargs -0 grep -lsE -e "$2" -- /dev/null; fi`
/** What xargs makes of a program that found nothing in some of the files. */
const NOTHING_IN_SOME = 123

async function narrowed(
  reach: Reach,
  [rust, posix]: [string, string],
  files: readonly string[],
  signal: AbortSignal,
): Promise<Set<string> | null> {
  if (files.length <= FEW) return null
  const command = ['/bin/sh', '-c', NARROW, 'sh', rust, posix]
  const { stdout, exit_code, cut } = await runScript(reach, command, { input: files }, signal)
  const said = stdout.toString()
  const end = said.indexOf('\0')
  if ((exit_code !== 0 && exit_code !== NOTHING_IN_SOME) || cut || end < 0) return null
  return new Set(said.slice(end + 1).split(said.slice(0, end) === '0' ? '\0' : '\n'))
}
