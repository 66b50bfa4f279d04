import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { run } from './archive.ts'

/**
 * Writes SHA256SUMS of all files in a directory, as `sha256sum -c` reads it, and with an OpenSSH key `SHA256SUMS.sig`:
 * `ssh-keygen -Y verify -n file -f ALLOWED_SIGNERS -I WHO -s SHA256SUMS.sig < SHA256SUMS` checks it. Resolves with the hashes
 * by name.
 */
export async function sumsOf(directory: string, key?: string): Promise<Map<string, string>> {
  const names = readdirSync(directory, { withFileTypes: true }).flatMap(entry =>
    entry.isFile() && !entry.name.startsWith('SHA256SUMS') ? [entry.name] : [],
  )
  const hashOf = (name: string) =>
    createHash('sha256')
      .update(readFileSync(join(directory, name)))
      .digest('hex')
  const sums = new Map(names.sort().map(name => [name, hashOf(name)]))
  const path = join(directory, 'SHA256SUMS')
  writeFileSync(path, [...sums].map(([name, hash]) => `${hash}  ${name}\n`).join(''))
  if (key) await run('ssh-keygen', ['-q', '-Y', 'sign', '-n', 'file', '-f', key, path], directory)
  return sums
}
