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
      return [...machine.self, 'confine', JSON.stringify(bounds), ...command]
    },
  }
  const works = await trial(machine, bounds => launcher.wrap(['/bin/sh', '-c', ':'], bounds))
  return works ? launcher : 'Landlock does not work here: it takes Linux 5.13 or newer with landlock among its lsm.'
}
