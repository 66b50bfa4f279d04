/** The variables by which programs find an HTTP proxy on loopback; `direct` are hosts that are reached without it. */
export function proxyEnv(port: number, direct: string): Record<string, string> {
  const proxy = `http://127.0.0.1:${port}`
  const variables = { HTTP_PROXY: proxy, HTTPS_PROXY: proxy, ALL_PROXY: proxy, NO_PROXY: direct }
  const small = Object.entries(variables).map(([name, value]) => [name.toLowerCase(), value])
  return { ...variables, ...Object.fromEntries(small), NODE_USE_ENV_PROXY: '1' }
}
