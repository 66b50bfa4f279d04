/**
 * The URL of a path below a base URL, which may end in slashes and may have a query: Azure wants `?api-version=…` behind the
 * path. A query of the path's own comes first. A base that is no URL is taken as it is.
 */
export function below(base_url: string, path: string): string {
  const [base = '', query] = base_url.split(/\?(.*)/s)
  const url = `${base.replace(/\/+$/, '')}${path}`
  return query ? `${url}${path.includes('?') ? '&' : '?'}${query}` : url
}

/** An address for a person: without credentials, and without a query, which may hold a key. */
export function plainAddress(address: string): string {
  const url = URL.parse(address)
  return url ? `${url.origin}${url.pathname}`.replace(/\/$/, '') : 'not a URL'
}
