/**
 * The ways in which a secret may stand in a text: as it is, in base64 and base64url (by itself, not inside of a longer text that
 * was encoded), percent-encoded, and as JSON, once or twice, writes it.
 */
export function encodedForms(secret: string): string[] {
  const bytes = Buffer.from(secret)
  const base64 = bytes.toString('base64')
  const json = JSON.stringify(secret).slice(1, -1)
  const percent = encodeURIComponent(secret.toWellFormed())
  const every = [...bytes].map(byte => `%${byte.toString(16).padStart(2, '0')}`).join('')
  return [
    secret,
    base64,
    base64.replace(/=+$/, ''),
    bytes.toString('base64url'),
    percent,
    percent.replace(/%[0-9A-F]{2}/g, hex => hex.toLowerCase()),
    percent.replaceAll('%20', '+'),
    secret.replace(/[!'()*]/g, char => `%${char.charCodeAt(0).toString(16).toUpperCase()}`),
    percent.replace(/[!'()*]/g, char => `%${char.charCodeAt(0).toString(16).toUpperCase()}`),
    every,
    every.toUpperCase(),
    json,
    json.replaceAll('/', '\\/'),
    json.replace(/[^\x20-\x7e]/g, char => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`),
    JSON.stringify(json).slice(1, -1),
  ]
}
