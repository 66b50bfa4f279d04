import { join } from 'node:path'
import { makePrivateDir } from '../../base/files.ts'
import type { Bounds, Launcher, Machine } from './sandbox.ts'

const PATIENCE_MS = 5000

/** Runs a command that does nothing, confined: a launcher that is installed may still be forbidden to work here. */
export async function trial(machine: Machine, launcher: Launcher): Promise<boolean> {
  const temporary = join(machine.directory, 'trial')
  await makePrivateDir(temporary)
  const bounds: Bounds = {
    writable: [temporary],
    closed: [],
    inodes: [],
    fixed: [],
    visible: [],
    project: temporary,
    cwd: '/',
    temporary,
    network: 'off',
  }
  try {
    const [program, ...args] = await launcher.wrap(['/bin/sh', '-c', ':'], bounds)
    const child = await machine.children.start(program!, args, { cwd: '/', env: machine.env, stdio: 'ignore' })
    const timer = setTimeout(() => void child.end(0), PATIENCE_MS)
    const { exit_code } = await child.exited
    clearTimeout(timer)
    return exit_code === 0
  } catch {
    return false // it cannot even be started
  }
}
