import { spawn } from 'node:child_process'
import { connect, createServer } from 'node:net'
import { constants } from 'node:os'
import { proxyEnv } from './proxy-env.ts'

/** Signals that are meant for the command. */
const PASSED = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/**
 * Runs a command in a network of its own, with a port of loopback that leads to the proxy at the other end of a socket. Its
 * environment names the port as that of an HTTP proxy. Resolves with the exit code of the command, as shells count.
 */
export async function bridge(socket: string, [direct, program, ...args]: string[]): Promise<number> {
  const server = createServer(client => {
    const proxy = connect(socket)
    client.pipe(proxy).pipe(client)
    client.on('error', () => proxy.destroy())
    proxy.on('error', () => client.destroy())
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  const variables = Object.entries(proxyEnv(port, direct!)).map(([name, value]) => `${name}=${value}`)
  const child = spawn('/usr/bin/env', [...variables, program!, ...args], { stdio: 'inherit' })
  for (const signal of PASSED) process.on(signal, () => void child.kill(signal))
  return new Promise(resolve => {
    child.once('error', () => resolve(127))
    child.once('exit', (code, signal) => resolve(code ?? 128 + constants.signals[signal!]))
  })
}
