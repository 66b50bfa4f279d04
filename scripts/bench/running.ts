import { spawn } from 'node:child_process'
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
