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

type Environment = Record<string, string | undefined>
/** The process's own, once `keepHome` has set it. */
let live: Environment = {}

/** Exempts this machine from proxies in `env`, which the runtime reads with every request. */
export function keepHome(env: Environment): void {
  live = env
  Object.assign(env, withoutProxyAtHome(env))
}

/** Whether a URL's host is this machine: any of 127.0.0.0/8, also written as IPv6, and names below `localhost`. */
export function isLoopback(url: string): boolean {
  const host = URL.parse(url)?.hostname.replace(/\.$/, '') ?? ''
  return /^(127(\.\d+){3}|0\.0\.0\.0|(.+\.)?localhost|\[::1?\]|\[::ffff:7f[\da-f]{2}:[\da-f]{1,4}\])$/.test(host)
}

/** Exempts the host of `url` from proxies if it is this machine: the variables know names, and are read with every request. */
export function stayHome(url: string, env: Environment = live): void {
  if (!isLoopback(url)) return
  const host = URL.parse(url)!.hostname
  const known = env['NO_PROXY']?.split(',') ?? []
  if (known.includes(host)) return
  Object.assign(env, withoutProxyAtHome({ NO_PROXY: [...known, host, host.replace(/^\[|\]$/g, '')].join(',') }))
}
