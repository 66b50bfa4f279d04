import type { Isolation } from './sandbox.ts'

/** Messages of programs that the system refused something to: hints, since each program has its own. */
const HINTS =
  /read-only file system|permission denied|operation not permitted|access (?:is )?denied|\bE(?:ROFS|ACCES|PERM|NETUNREACH|NOTFOUND|AI_AGAIN|CONNREFUSED|HOSTUNREACH)\b|unreachable|could ?n[o']t resolve|name or service not known|name resolution|no address associated|unable to (?:access|resolve|connect)|connection refused|failed to connect|no such host|getaddrinfo|proxy|sandbox/i

/** Whether the sandbox may be why a command failed, by its exit code and the end of its output. */
export const mayBeLimited = (exit_code: number, output: string): boolean =>
  exit_code !== 0 && HINTS.test(output.slice(-20_000))

/** For the model. */
export const limitedNote = (isolation: Isolation): string =>
  `[this ran in the sandbox: ${boundsOf(isolation)}. If that is why it failed and there is no other way, send it again with outside_sandbox: true, which asks the user]`

/** A few words for a person and the model. */
export function boundsOf({ network, write }: Isolation): string {
  const reach = Array.isArray(network) ? `network only to ${network.join(', ') || 'no host'}` : `network ${network}`
  return `${reach}, writes only to ${write.join(', ') || 'nothing'}, secrets closed`
}
