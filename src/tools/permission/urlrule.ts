import { AppError } from '../../base/errors.ts'
import { compileGlob } from '../search/glob.ts'

/** A pattern of a rule about addresses, as `fetch_url(https://docs.python.org/**)`. */
export type UrlRule = {
  /** `url` is normal, as `URL.href` writes it, without a fragment. */
  matches(url: string): boolean
  /** The rule names this very host, without a wildcard. */
  names(url: string): boolean
}

const FORM = /^(https?|\*):\/\/([^/]*)(\/.*)?$/is

/** Throws INVALID_REQUEST for a pattern that is no URL with wildcards. */
export function compileUrl(pattern: string): UrlRule {
  const [, scheme, host = '', path = '/**'] = FORM.exec(pattern) ?? []
  if (scheme === undefined || host === '' || /[@?#\\]/.test(host))
    throw new AppError(
      'INVALID_REQUEST',
      'Write an address as https://HOST/PATH; * stands for part of a name, ** for any rest.',
    )
  const site = `${scheme.toLowerCase()}://${host.toLowerCase()}`
  const globs = [`${site}${path}`, ...(path.endsWith('/**') ? [`${site}${path.slice(0, -2)}`] : [])]
  const tests = globs.map(glob => compileGlob(glob.replace(/[?[\]{}()!]/g, '\\$&'), { anchored: true }))
  return {
    matches: url => tests.some(test => test(url)),
    names: url => !host.includes('*') && new URL(url).host === host.toLowerCase(),
  }
}
