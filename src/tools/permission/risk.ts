import { escapeInvisible } from '../../base/controls.ts'
import { isInside } from '../paths.ts'
import type { Subject } from './binding.ts'
import { hasMark } from './command/cursor.ts'
import { nameOf } from './command/unwrap.ts'
import { pathsNamed } from './operands.ts'

/** What a shell line deserves a warning for, and a sentence that names what it touches. */
export type Risk = { word: 'irreversible' | 'sends_data' | 'leaves_project' | 'shell_command'; about: string }

const set = (names: string): Set<string> => new Set(names.split(' '))
const DESTROYS = set(
  'rm rmdir srm shred unlink truncate dd mkfs wipefs kill pkill killall reboot shutdown halt poweroff dropdb',
)
const SENDS = set(
  'curl wget ssh scp sftp nc ncat netcat socat telnet ftp lftp mail sendmail twine gh glab aws gcloud az gsutil rclone',
)
const SYSTEM = set(
  'sudo doas su pkexec run0 systemctl launchctl crontab apt apt-get dnf yum pacman zypper apk brew snap flatpak useradd usermod mount umount',
)
const WRITES = set('cp mv ln install tee touch mkdir chmod chown chgrp tar unzip rsync')

/** Subcommands and options, behind the name of their program, in the order in which they stand. */
const DESTROYING =
  /^(?:git (?:\S+ )*?(?:reset (?:.* )?--hard|clean|restore|checkout (?:.* )?(?:--|-f|--force|\.)(?: |$)|stash (?:drop|clear)|branch (?:.* )?(?:-D|-d|--delete)|tag (?:.* )?(?:-d|--delete)|reflog (?:expire|delete)|filter-branch|update-ref -d|worktree remove|gc (?:.* )?--prune)|find .* -delete|(?:docker|podman) (?:rm|rmi|kill|system prune|volume (?:rm|prune)|image prune|container (?:rm|prune))|kubectl delete|terraform (?:destroy|apply)|npm unpublish)/
const SENDING =
  /^(?:git (?:-\S+ )*(?:push|send-email)|(?:npm|pnpm|yarn|cargo|poetry|uv|bun) (?:run )?publish|(?:docker|podman) push|kubectl apply|rsync .*\S:|svn commit)/
const GLOBAL = /^(?:npm|pnpm|yarn|bun) .*(?:-g|--global)(?: |$)/

/** An expansion where the name of a command stands. */
const UNKNOWN_NAME = /(?:^|[;&|(]|\n)[ \t]*["']?[$`]/

/** Only for what cannot be undone, leaves the project, or sends data; and for a line that cannot be read. */
export function riskOf({ shell, effect }: Subject, project: string, home?: string): Risk | undefined {
  if (!shell) return
  if (!shell.line.parsed) return { word: 'shell_command', about: 'The line cannot be read to its end.' }
  const commands = shell.line.commands.filter(({ guessed, words }) => !guessed && words.length > 0)
  const cwd = effect.cwd ?? project
  const hasUnknownName = UNKNOWN_NAME.test(shell.command.replace(/'[^']*'/g, "''"))
  const outside = (paths: string[]) =>
    paths.filter(path => !isInside(path, project) && !/^\/(?:dev|tmp)(?:\/|$)/.test(path) && !hasMark(path))
  for (const command of commands) {
    const { words } = command
    const name = nameOf(words[0])
    const line = [name, ...words.slice(1)].join(' ').slice(0, 2000)
    const shown = `\`${escapeInvisible(line.length > 200 ? `${line.slice(0, 200)}…` : line)}\``
    if (hasMark(words[0]!) || hasUnknownName)
      return { word: 'shell_command', about: 'The name of a command in it is not known before it runs.' }
    if (DESTROYS.has(name) || name.startsWith('mkfs.') || DESTROYING.test(line))
      return { word: 'irreversible', about: `It cannot be undone: ${shown}.` }
    if (SENDS.has(name) || SENDING.test(line)) return { word: 'sends_data', about: `It may send data: ${shown}.` }
    if (SYSTEM.has(name) || GLOBAL.test(line))
      return { word: 'leaves_project', about: `It changes the system: ${shown}.` }
    const away = WRITES.has(name) ? outside(pathsNamed({ words, redirects: [] }, cwd, home)) : []
    if (away.length > 0)
      return {
        word: 'leaves_project',
        about: `It works outside of the project: ${escapeInvisible(away.slice(0, 5).join(', '))}.`,
      }
  }
  const written = outside(shell.written())
  if (written.length === 0) return
  return {
    word: 'leaves_project',
    about: `It writes outside of the project: ${escapeInvisible(written.slice(0, 5).join(', '))}.`,
  }
}
