import type { McpServerEntry } from '../config.ts'
import { isSecretName } from '../environment.ts'

/** A secret that was in a list, and the variable that stands for it now. Its value is nowhere. */
export type Masked = { variable: string; where: string }

/** Long words of letters and digits mixed, and the beginnings that makers of keys give them. */
const LOOKS_SECRET =
  /^(?:sk-|ghp_|gho_|github_pat_|glpat-|xox[a-z]-|AKIA|AIza|npm_|hf_|pat[-_]|key-|ey[JA])\S{8,}$|^(?=\S*\d)(?=\S*[A-Za-z])[A-Za-z0-9_-]{32,}$/
const SECRET_FLAG = /^--?(?:api-?key|token|access-?token|auth|password|passwd|secret|key|bearer|pat)$/i
const SECRET_PARAMETER = /^(?:api_?key|key|token|access_token|auth|secret|password|sig|signature)$/i
const SECRET_HEADER = /^(?:proxy-)?authorization$|^cookie$/i

const isReference = (value: string) => value.includes('${') || value === ''

/** The entry with `${VARIABLE}` for each secret that stands in it word for word. */
export function maskSecrets(entry: McpServerEntry): { entry: McpServerEntry; masked: Masked[] } {
  const masked: Masked[] = []
  const prefix = entry.name
    .toUpperCase()
    .replace(/[^A-Z0-9]+/g, '_')
    .replace(/^(?=\d)/, '_')
  const mask = (variable: string, where: string) => {
    const plain = variable.toUpperCase().replace(/[^A-Z0-9_]+/g, '_')
    if (!masked.some(one => one.variable === plain)) masked.push({ variable: plain, where })
    return `\${${plain}}`
  }
  const isSecret = (name: string, value: string) =>
    !isReference(value) && (isSecretName(name.replaceAll('-', '_')) || LOOKS_SECRET.test(value))

  const result = { ...entry }
  if (entry.env)
    result.env = Object.fromEntries(
      Object.entries(entry.env).map(([name, value]) => [
        name,
        isSecret(name, value) ? mask(name, `env.${name}`) : value,
      ]),
    )
  if (entry.headers)
    result.headers = Object.fromEntries(
      Object.entries(entry.headers).map(([name, value]) => {
        const scheme = /^(?:Bearer|Basic|Token) +(?=\S)/i.exec(value)?.[0] ?? ''
        const secret = SECRET_HEADER.test(name) ? !isReference(value) : isSecret(name, value.slice(scheme.length))
        const variable = SECRET_HEADER.test(name) ? `${prefix}_TOKEN` : `${prefix}_${name}`
        return [name, secret ? scheme + mask(variable, `headers.${name}`) : value]
      }),
    )
  if (entry.args) result.args = maskArguments(entry.args, prefix, mask)
  if (entry.url) result.url = maskUrl(entry.url, prefix, mask)
  return { entry: result, masked }
}

type Mask = (variable: string, where: string) => string

/** `--token x`, `--token=x`, `NAME=x`, a header, an address, and what looks like a key by itself. */
function maskArguments(args: readonly string[], prefix: string, mask: Mask): string[] {
  return args.map((word, index) => {
    if (isReference(word)) return word
    const [, name, value] = /^(--?[\w-]+|[A-Za-z_]\w*)=(\S+)$/.exec(word) ?? []
    if (
      name &&
      value &&
      (SECRET_FLAG.test(name) || isSecretName(name.replace(/^-+/, '').replaceAll('-', '_')) || LOOKS_SECRET.test(value))
    )
      return `${name}=${mask(/^-/.test(name) ? `${prefix}_${name.replace(/^-+/, '')}` : name, `args[${index}]`)}`
    if (SECRET_FLAG.test(args[index - 1] ?? '') && !word.startsWith('-'))
      return mask(`${prefix}_${args[index - 1]!.replace(/^-+/, '')}`, `args[${index}]`)
    const [, header, scheme = '', secret] =
      /^((?:proxy-)?authorization|[\w-]*(?:api-?key|token)): *((?:Bearer|Basic|Token) +)?(\S+)$/i.exec(word) ?? []
    if (header && secret) return `${header}: ${scheme}${mask(`${prefix}_TOKEN`, `args[${index}]`)}`
    if (LOOKS_SECRET.test(word)) return mask(`${prefix}_TOKEN`, `args[${index}]`)
    return /^[a-z][a-z0-9+.-]*:\/\//i.test(word) ? maskUrl(word, prefix, mask) : word
  })
}

/** What stands before the host, and in parameters that are named like a secret. */
function maskUrl(url: string, prefix: string, mask: Mask): string {
  return url
    .replace(/^([a-z][a-z0-9+.-]*:\/\/[^/?#@:]*):([^/?#@]+)@/i, (whole, before, secret) =>
      isReference(secret) ? whole : `${before}:${mask(`${prefix}_PASSWORD`, 'url')}@`,
    )
    .replace(/([?&])([^=&#]+)=([^&#]+)/g, (whole, mark, name, value) =>
      !isReference(value) && (SECRET_PARAMETER.test(name) || LOOKS_SECRET.test(value))
        ? `${mark}${name}=${mask(`${prefix}_${name}`, 'url')}`
        : whole,
    )
}
