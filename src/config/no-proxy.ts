/** What `NO_PROXY` calls this machine; the runtime compares names, not networks. */
const LOOPBACK = ['localhost', '.localhost', '127.0.0.1', '::1', '[::1]', '0.0.0.0']

/**
 * The variables that keep the runtime's `fetch` from asking a proxy for a server on this machine, beside what they exempt
 * already: a proxy elsewhere cannot reach it, and would see what was meant to stay here. Both spellings: either may be read.
 */
export function withoutProxyAtHome(env: Record<string, string | undefined>): Record<'NO_PROXY' | 'no_proxy', string> {
  const exempt = [env['NO_PROXY'], env['no_proxy']].flatMap(list => list?.split(',') ?? []).map(host => host.trim())
  const list = [...new Set([...exempt, ...LOOPBACK].filter(Boolean))].join(',')
  return { NO_PROXY: list, no_proxy: list }
}
