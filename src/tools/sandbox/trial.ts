import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { PRIVATE_DIR } from '../../base/files.ts'
import type { Bounds, Machine } from './sandbox.ts'

const PATIENCE_MS = 5000

/** Runs a command that does nothing, confined: that a launcher is installed does not say that it may work here. */
export async function trial(machine: Machine, commandFor: (bounds: Bounds) => Promise<string[]>): Promise<boolean> {
  const temporary = join(machine.directory, 'trial')
  await mkdir(temporary, { recursive: true, mode: PRIVATE_DIR })
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
    const [program, ...args] = await commandFor(bounds)
    const child = await machine.children.start(program!, args, { cwd: '/', env: machine.env, stdio: 'ignore' })
    const timer = setTimeout(() => void child.end(0), PATIENCE_MS)
    const { exit_code } = await child.exited
    clearTimeout(timer)
    return exit_code === 0
  } catch {
    return false // it cannot even be started
  }
}
