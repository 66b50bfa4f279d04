import { spawn, spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

export const PRODUCT = join(import.meta.dir, '../../dist/emacs-agent-backend')

export type Running = {
  pid: number
  url: string
  headers: Record<string, string>
  // biome-ignore lint/suspicious/noExplicitAny: the reply of any route
  call(line: string, body?: unknown): Promise<any>
  stop(): Promise<void>
}

/** Starts the product (or another program that prints a line with its `url`) in a home of its own, under the lifeline. */
export async function start(binary: string, home: string, flags: string[] = []): Promise<Running> {
  const args = binary === PRODUCT ? ['serve', '--stdin-lifeline', '--port', '0', '--log-level', 'error', ...flags] : []
  const child = spawn(binary, args, {
    env: { HOME: home, PATH: process.env.PATH ?? '' },
    cwd: home,
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const exited = new Promise<void>(resolve => child.once('exit', () => resolve()))
  const line = await new Promise<string>(resolve => createInterface(child.stdout).once('line', resolve))
  const { url, token } = JSON.parse(line)
  const headers: Record<string, string> = token ? { authorization: `Bearer ${token}` } : {}
  return {
    pid: child.pid!,
    url,
    headers,
    async call(request, body) {
      const [method, path] = request.split(' ') as [string, string]
      const response = await fetch(url + path, {
        method,
        headers: { ...headers, 'content-type': 'application/json' },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      })
      const reply = await response.json()
      if (!response.ok) throw new Error(JSON.stringify(reply))
      return reply
    },
    stop() {
      child.kill('SIGTERM')
      return exited
    },
  }
}

/** Compiles the yardstick (`bare.ts`) into `directory`, as the product is compiled. Returns its path. */
export function buildBare(directory: string): string {
  const binary = join(directory, 'bare')
  const flags = ['build', '--compile', '--bytecode', '--format=esm', `--outfile=${binary}`]
  const built = spawnSync(process.execPath, [...flags, join(import.meta.dir, 'bare.ts')])
  if (built.status !== 0) throw new Error(String(built.stderr))
  return binary
}

/**
 * In MiB. `RssAnon` is what a process has for itself; `VmRSS` counts the executable's own pages too, and `VmHWM` is the most
 * that it was.
 */
export const memory = (running: Running, field: 'RssAnon' | 'VmRSS' | 'VmHWM'): number => {
  const status = readFileSync(`/proc/${running.pid}/status`, 'utf8')
  return Number(new RegExp(`${field}:\\s+(\\d+) kB`).exec(status)![1]) / 1024
}

/** Milliseconds of processor time that a process and its threads have used, as the scheduler counts them. */
export const cpuOf = ({ pid }: Running): number =>
  readdirSync(`/proc/${pid}/task`)
    .map(thread => Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]) / 1e6)
    .reduce((sum, ms) => sum + ms, 0)
