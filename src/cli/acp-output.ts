import type { Process } from './process.ts'

/** A message of an ACP client that is longer than this ends the connection. */
export const LONGEST_MESSAGE = 32 * 1024 * 1024

/** Writes to stdout. Each write resolves when the client has received the data: the next one waits for it. */
export function acpOutput({ terminal_output }: Process) {
  return (data: string | Uint8Array): Promise<void> =>
    new Promise((resolve, reject) => {
      terminal_output.write(data, error => (error ? reject(error) : resolve()))
    })
}
