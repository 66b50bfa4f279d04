import type { Launcher, Machine } from './sandbox.ts'
import { trial } from './trial.ts'

/**
 * Landlock (landlock(7)) for files and a system call filter for the network: our own program confines itself (`confine`), then
 * becomes the command. It hides nothing, so closed files are left out of what is opened, directory by directory.
 */
export async function landlock(machine: Machine): Promise<Launcher | string> {
  const launcher: Launcher = {
    by: 'landlock',
    hosts: null,
    temporary: ({ temporary }) => temporary,
    async wrap(command, bounds) {
      // In pieces: Linux takes no argument of 128 KiB (MAX_ARG_STRLEN, execve(2)).
      const pieces = JSON.stringify(bounds).match(/.{1,30000}/gs) ?? []
      return [...machine.self, 'confine', String(pieces.length), ...pieces, ...command]
    },
  }
  const works = await trial(machine, launcher)
  return works ? launcher : 'Landlock does not work here: it takes Linux 5.13 or newer with landlock among its lsm.'
}
